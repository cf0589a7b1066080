/** Headers and bodies that are broken, huge or odd: an orderly refusal, or an answer. */
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { type Answer, ask, errorOf, expectNothingWrong, judge } from "./ask.ts"
import { bodies, thing } from "./bodies.ts"
import { canary, hostileBackend, ids, keeper } from "./hostile-model.ts"

const timeout = 120_000
let backend: TestBackend
let authorization: string
const errors: unknown[] = []
beforeAll(async () => {
  backend = await startTestBackend(hostileBackend, { onError: (error) => errors.push(error) })
  authorization = `Bearer ${await backend.tokenOf(keeper)}`
})
afterAll(async () => {
  expect(errors).toEqual([])
  expect((await ask(backend.url, { path: "/rest/things?limit=1" })).status).toBe(200)
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  await backend?.stop()
})

function send(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(backend.url, { method, path, body, headers: { authorization, ...headers } })
}

const names = [
  "prefer",
  "accept",
  "range",
  "range-unit",
  "content-type",
  "authorization",
  "accept-profile",
  "content-profile",
  "content-encoding",
  "accept-encoding",
  "x-forwarded-for",
  "te",
  "upgrade",
  "expect",
  "if-match",
  "origin",
  "cookie",
  "x-http-method-override",
]
const values = [
  "",
  ",",
  ",,,",
  ";",
  "=",
  "a",
  "a=b",
  "__proto__",
  "constructor",
  "é",
  "\u00ff",
  "x".repeat(10_000),
  `${"a,".repeat(5000)}a`,
  "return=representation",
  "return=x",
  "return=minimal,return=representation",
  "count=exact",
  "count=planned,count=exact",
  "max-affected=0,handling=strict",
  "max-affected=99999999999999999999,handling=strict",
  "max-affected=-1,handling=strict",
  "handling=strict,foo=bar",
  "timezone=UTC",
  "timezone=';drop",
  "tx=rollback",
  "missing=default",
  "resolution=merge-duplicates",
  "resolution=ignore-duplicates,return=headers-only",
  "*/*",
  "application/json",
  "application/json;q=NaN",
  "application/vnd.pgrst.object+json",
  "application/vnd.pgrst.object+json;nulls=stripped",
  "text/csv",
  "text/html",
  "application/json; charset=utf-16",
  'application/json; charset="',
  "application/json;;;",
  "multipart/form-data",
  "application/x-www-form-urlencoded",
  "text/plain",
  "gzip",
  "br",
  "0-9",
  "9-0",
  "-1-5",
  "0-999999999999999999999",
  "bytes=0-",
  "items=0-9",
  "Bearer",
  "Bearer ",
  "Bearer x",
  "Bearer a.b.c",
  `Bearer ${"a".repeat(9000)}`,
  `Bearer ${"a".repeat(100)}.${"b".repeat(100)}.`,
  "Basic YTpi",
  "bearer  \tx",
  "100-continue",
  "200-ok",
  "h2c",
  "websocket",
  "DELETE",
]

test("every header, every value", { timeout }, async () => {
  const path = `/rest/things?id=eq.${ids.home}&select=id`
  await expectNothingWrong(
    names.flatMap((name) =>
      values.flatMap((value) =>
        [["GET"], ["HEAD"], ["DELETE"], ["POST", '{"title":"x"}'], ["PATCH", '{"plain":"x"}']].map(
          ([method = "", body]) =>
            async () => {
              const answer = await send(method, path, body, { [name]: value })
              if (method === "HEAD")
                return answer.status < 500 && answer.text === ""
                  ? []
                  : [`HEAD ${name}: ${value}: ${answer.status}`]
              return judge(answer, value).map((wrong) => `${method} ${name}: ${value.slice(0, 60)}: ${wrong}`)
            },
        ),
      ),
    ),
  )
})

test("every body, every method", { timeout }, async () => {
  const preferences = [
    "",
    "return=representation",
    "resolution=merge-duplicates",
    "missing=default,count=exact",
  ]
  await expectNothingWrong(
    bodies.flatMap(([name, body]) =>
      ["POST", "PATCH", "DELETE", "PUT"].flatMap((method) =>
        preferences.map((prefer) => async () => {
          const answer = await send(
            method,
            method === "POST" ? "/rest/things?select=id" : `/rest/things?select=id&id=eq.${ids.home}`,
            body,
            { prefer },
          )
          return judge(answer, String(body).slice(0, 1000)).map((wrong) => `${method} ${name}: ${wrong}`)
        }),
      ),
    ),
  )
})

test("random bytes, and random damage to a body that is right", { timeout }, async () => {
  const right = Buffer.from(
    JSON.stringify([
      {
        title: "x",
        doc: { a: ["é", null, 1.5e3, { b: '\u{1f600}\\"' }] },
        texts: ["a"],
        days: "[2026-01-01,)",
      },
    ]),
  )
  const damage = fc.record({
    at: fc.nat(right.length),
    length: fc.nat(4),
    put: fc.uint8Array({ maxLength: 3 }),
  })
  const damaged = fc
    .array(damage, { minLength: 1, maxLength: 3 })
    .map((all) =>
      all.reduce(
        (body, { at, length, put }) => Buffer.concat([body.subarray(0, at), put, body.subarray(at + length)]),
        right,
      ),
    )
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        damaged,
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      ),
      async (body) => {
        expect(judge(await send("POST", "/rest/things", body), body.toString("latin1"))).toEqual([])
      },
    ),
    { numRuns: 2000, seed: 13 },
  )
})

/** Method, path, body, status, code and words of the message. */
const cases: readonly (readonly [string, string, string, number, string, string])[] = [
  ["POST", "things", "{}", 400, "23502", "things.title"],
  ["POST", "things", "[{}]", 400, "23502", "things.title"],
  ["POST", "things", thing('"gone":1'), 400, "PGRST204", "gone"],
  ["POST", "things", thing('"both":"x"'), 400, "428C9", "things.both"],
  ["POST", "things", thing('"version":5'), 400, "428C9", "things.version"],
  ["POST", "things", thing(`"id":"${ids.thing}"`), 409, "23505", "things.id"],
  ["POST", "things", thing(`"home":"${ids.thing}"`), 409, "23503", "things.home"],
  ["POST", "things", thing('"country":"XX"'), 409, "23503", "things.country"],
  ["POST", "things", thing('"days":"[2026-01-01,2026-01-01)"'), 400, "22P02", "things.days"],
  ["POST", "things", thing('"doc":1e400'), 400, "22003", "things.doc"],
  [
    "POST",
    "bookings",
    `{"room":"${canary}","during":"[2026-01-01T12:00:00Z,)"}`,
    409,
    "23P01",
    "bookings.room, bookings.during",
  ],
  [
    "POST",
    "tags?on_conflict=number",
    '[{"number":77,"word":"a"},{"number":77,"word":"b"}]',
    400,
    "21000",
    "tags",
  ],
  ["POST", "bookings?on_conflict=room,during", '{"room":"a","during":"(,)"}', 400, "42P10", "bookings"],
  ["POST", "vaults", '{"owner":"other","word":"x"}', 403, "42501", "vaults"],
  ["POST", "vaults", '{"owner":"keeper","word":"nothing"}', 400, "23514", "vaults"],
  ["PATCH", "vaults", '{"owner":"other"}', 403, "42501", "vaults"],
  ["PATCH", "things", `{"id":"${ids.home}"}`, 400, "UC303", "things.id"],
  ["PATCH", "countries?code=eq.DE", '{"code":"FR"}', 409, "23503", "still referred to"],
  ["POST", "thingViews", "{}", 405, "UC302", "thingViews"],
  ["DELETE", `homes?id=eq.${ids.home}`, "", 409, "23503", "still referred to"],
  ["DELETE", `things?id=eq.${ids.thing}`, "", 409, "23503", "still referred to"],
  ["PUT", "things", "{}", 405, "PGRST105", "primary key"],
]

test.each(cases)("%s %s %s: %i %s", async (method, path, body, status, code, words) => {
  const answer = await send(method, `/rest/${path}`, body === "" ? undefined : body, {
    prefer: "resolution=merge-duplicates",
  })
  const upsert =
    path.includes("on_conflict") || method !== "POST" ? answer : await send(method, `/rest/${path}`, body)
  expect(judge(upsert, body)).toEqual([])
  expect({ status: upsert.status, ...errorOf(upsert) }).toMatchObject({
    status,
    code,
    message: expect.stringContaining(words),
  })
})

test("what is not done is not said to be applied, and refused where that was asked for", async () => {
  for (const preference of ["tx=rollback", "timezone=America/New_York"]) {
    const lenient = await send("POST", "/rest/homes", '{"name":"x"}', { prefer: `count=exact,${preference}` })
    expect([lenient.status, lenient.headers["preference-applied"]]).toEqual([201, "count=exact"])
    const strict = await send("POST", "/rest/homes", '{"name":"x"}', {
      prefer: `handling=strict,${preference}`,
    })
    expect([strict.status, errorOf(strict).code]).toEqual([400, "PGRST122"])
  }
})

test("one object of an empty list is refused", async () => {
  const headers = { accept: "application/vnd.pgrst.object+json", prefer: "return=representation" }
  const answer = await send("POST", "/rest/things", "[]", headers)
  expect({ status: answer.status, ...errorOf(answer) }).toMatchObject({ status: 406, code: "PGRST116" })
})

test("a content type that is none is refused as one", async () => {
  for (const type of ["", "x", "a/b/c", "text/plain", "multipart/form-data"]) {
    const answer = await send("POST", "/rest/things", thing('"plain":null'), { "content-type": type })
    expect([type, answer.status, errorOf(answer).code]).toEqual([type, 400, "PGRST102"])
  }
})

test("a value too large for its index is named", async () => {
  const random = Array.from({ length: 9000 }, (_, at) =>
    String.fromCodePoint(0x4e00 + ((at * 7919) % 20_000)),
  ).join("")
  const answer = await send(
    "POST",
    "/rest/countries",
    JSON.stringify({ code: "XX", label: "x", note: random }),
  )
  expect({ status: answer.status, ...errorOf(answer) }).toMatchObject({
    status: 400,
    code: "54000",
    message: expect.stringContaining("countries.note"),
  })
})

test("claims that PostgreSQL can't hold are the token's fault, not the server's", async () => {
  const odd = [
    { id: "a\u0000b" },
    { id: "\ud800" },
    { id: "x", roles: ["\u0000"] },
    { id: "x", roles: [7, null, {}, ["keeper"]] },
    { id: "x", roles: "keeper" },
    { id: "x".repeat(5000) },
    { id: 7 },
    { id: {} },
    { id: "" },
    { id: "__proto__", roles: ["__proto__", "constructor"] },
  ]
  for (const caller of odd) {
    const token = await backend.tokenOf(caller as never).catch(() => null)
    if (token === null) continue
    for (const path of ["/rest/things?limit=1", "/rest/vaults"]) {
      const answer = await ask(backend.url, { path, headers: { authorization: `Bearer ${token}` } })
      expect([JSON.stringify(caller).slice(0, 80), answer.status, judge(answer, "")]).toEqual([
        expect.anything(),
        expect.toBeOneOf([200, 401]),
        [],
      ])
    }
  }
})
