/** Names and broken grammar in every place of a request's address: an orderly refusal, or an answer. */
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { type Answer, ask, errorOf, expectNothingWrong, judge } from "./ask.ts"
import { hostileBackend, ids, keeper, stranger } from "./hostile-model.ts"
import { identifiers } from "./values.ts"

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
  expect((await get("/rest/things?limit=1")).status).toBe(200)
  await backend?.stop()
})

function get(path: string): Promise<Answer> {
  return ask(backend.url, { path, headers: { authorization } })
}

async function check(path: string): Promise<readonly string[]> {
  return judge(await get(path), path).map((wrong) => `${path.slice(0, 150)}: ${wrong}`)
}

/** Every place of the grammar where a name, or something like one, may stand. */
const places: readonly ((name: string) => string)[] = [
  (name) => `/rest/${name}`,
  (name) => `/rest/things/${name}`,
  (name) => `/rest/things?select=${name}`,
  (name) => `/rest/things?select=x:${name}`,
  (name) => `/rest/things?select=${name}:title`,
  (name) => `/rest/things?select=title::${name}`,
  (name) => `/rest/things?select=title.${name}()`,
  (name) => `/rest/things?select=whole.sum()::${name}`,
  (name) => `/rest/things?select=${name}:count()`,
  (name) => `/rest/things?select=doc->${name}`,
  (name) => `/rest/things?select=doc->>${name}`,
  (name) => `/rest/things?select=doc->word->${name}->>0`,
  (name) => `/rest/things?select=${name}(id)`,
  (name) => `/rest/things?select=home!${name}(id)`,
  (name) => `/rest/things?select=homes!${name}!inner(id)`,
  (name) => `/rest/things?select=${name}:home(id)`,
  (name) => `/rest/things?select=...${name}(id)`,
  (name) => `/rest/things?select=...home(${name}:name)`,
  (name) => `/rest/things?select=home(${name})`,
  (name) => `/rest/things?select=home(things(${name}))`,
  (name) => `/rest/things?${name}=eq.1`,
  (name) => `/rest/things?${name}.id=eq.1&select=home(id)`,
  (name) => `/rest/things?home.${name}=eq.1&select=home(id)`,
  (name) => `/rest/things?title=${name}.1`,
  (name) => `/rest/things?title=not.${name}.1`,
  (name) => `/rest/things?title=eq(${name}).{a}`,
  (name) => `/rest/things?title=fts(${name}).a`,
  (name) => `/rest/things?title=is.${name}`,
  (name) => `/rest/things?title=in.${name}`,
  (name) => `/rest/things?title=in.(${name})`,
  (name) => `/rest/things?title=eq(any).${name}`,
  (name) => `/rest/things?title=eq(any).{${name}}`,
  (name) => `/rest/things?doc->${name}=eq.1`,
  (name) => `/rest/things?doc->>${name}=like.1*`,
  (name) => `/rest/things?and=${name}`,
  (name) => `/rest/things?or=(${name})`,
  (name) => `/rest/things?or=(${name}.eq.1)`,
  (name) => `/rest/things?and=(title.${name}.1)`,
  (name) => `/rest/things?not.and=(title.eq.${name},id.is.null)`,
  (name) => `/rest/things?home.or=(${name})&select=home(id)`,
  (name) => `/rest/things?order=${name}`,
  (name) => `/rest/things?order=title.${name}`,
  (name) => `/rest/things?order=${name}(id)`,
  (name) => `/rest/things?order=home(${name})&select=home(id)`,
  (name) => `/rest/things?order=doc->${name}`,
  (name) => `/rest/things?order=doc->>${name}.desc.nullslast`,
  (name) => `/rest/things?home.order=${name}&select=home(id)`,
  (name) => `/rest/things?limit=${name}`,
  (name) => `/rest/things?offset=${name}`,
  (name) => `/rest/things?home.limit=${name}&select=home(id)`,
  (name) => `/rest/things?columns=${name}`,
  (name) => `/rest/things?on_conflict=${name}`,
]

/** As the grammar's own signs, and as mere letters. */
function encodings(name: string): readonly string[] {
  const bare = encodeURI(name).replace(/[[\]#?&+]/g, encodeURIComponent)
  return [...new Set([encodeURIComponent(name), encodeURIComponent(JSON.stringify(name)), bare])]
}

test("reads: every name in every place", { timeout }, async () => {
  const names = identifiers.flatMap(encodings)
  await expectNothingWrong(places.flatMap((place) => names.map((name) => () => check(place(name)))))
})

test("writes: every name in every place", { timeout }, async () => {
  let turn = 0
  const write = async (method: string, path: string, body: string, prefer = ""): Promise<readonly string[]> =>
    judge(
      await ask(backend.url, { method, path, body, headers: { authorization, prefer } }),
      path + body,
    ).map((wrong) => `${method} ${path} ${body}: ${wrong}`)
  await expectNothingWrong(
    identifiers.flatMap((name) =>
      encodings(name).flatMap((encoded) => [
        () =>
          write(
            "POST",
            `/rest/tags?on_conflict=${encoded}`,
            `{"word":"a${++turn}"}`,
            "resolution=merge-duplicates",
          ),
        () => write("POST", `/rest/tags?columns=${encoded}`, `{"word":"b${++turn}"}`),
        () => write("POST", `/rest/tags?select=${encoded}`, `{"word":"c${++turn}"}`, "return=representation"),
        () => write("PATCH", `/rest/things?${encoded}=eq.1`, `{"plain":"x"}`),
        () => write("PATCH", `/rest/things?id=eq.${ids.home}`, JSON.stringify({ [name]: 1 })),
        () => write("DELETE", `/rest/labels?tag=eq.99&order=${encoded}`, ""),
        () => write("POST", "/rest/things", JSON.stringify({ title: "x", [name]: 1 })),
        () => write("POST", "/rest/things", JSON.stringify([{ title: "x" }, { [name]: "x" }])),
      ]),
    ),
  )
})

test("random damage to requests that are right", { timeout }, async () => {
  const right = [
    "select=id,title::text,doc->list->>0,home!inner(name,things(id)),...country(code)&title=eq.a&order=title.desc.nullslast,home(name)&limit=5",
    "select=whole.sum(),count()&or=(title.like.*a*,and(whole.gt.1,day.is.null))&home.name=eq.x&select=home(name)",
    "select=*,children(id,labels(weight)),tags(word)&texts=cs.{a,b}&days=ov.[2026-01-01,2026-02-01)&mark=in.(00000000-0000-7000-8000-000000000001)",
    "title=fts(english).a&doc->deep->>er=eq.true&moment=gte.2026-01-01T00:00:00Z&offset=1&and=(not.or(id.is.null,big.in.(1,2)),flag.is.true)",
  ]
  const sign = fc.constantFrom(
    ..."(){}[]<>.,:;!*&=-+_'\"\\/ %#?|^~`$0a1",
    "%00",
    "%ff",
    "%22",
    "%27",
    "%5C",
    "%2C",
    "%28",
    "%29",
    "->",
    "->>",
    "::",
    "..",
    "%F0%9F%98%80",
    "%C0%80",
    "not.",
    "or(",
    "select=",
  )
  const damage = fc.record({ at: fc.nat(200), length: fc.nat(6), put: sign })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...right),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      async (from, damages) => {
        const search = damages.reduce(
          (text, { at, length, put }) => text.slice(0, at) + put + text.slice(at + length),
          from,
        )
        expect(await check(`/rest/things?${search.replaceAll(" ", "%20").replaceAll("#", "%23")}`)).toEqual(
          [],
        )
      },
    ),
    { numRuns: 3000, seed: 11 },
  )
})

test.each([
  ["10,000 conditions", `id=is.null&`.repeat(10_000), 431],
  ["5,000 conditions", `id=is.null&`.repeat(5000), 400],
  ["10,000 conditions in one tree", `and=(${"a,".repeat(10_000)}a)`, 400],
  ["a list of 2,001", `title=in.(${"a,".repeat(2000)}a)`, 400],
  ["a list of 2,000", `title=in.(${"a,".repeat(1999)}a)`, 200],
  ["501 fields", `select=${"id,".repeat(500)}id`, 400],
  ["500 aliases", `select=${Array.from({ length: 500 }, (_, at) => `a${at}:id`).join()}`, 200],
  ["31 embeds", `select=${Array.from({ length: 31 }, (_, at) => `a${at}:home(id)`).join()}`, 400],
  ["11 levels of embeds", `select=${"home(things(".repeat(6)}id${"))".repeat(6)}`, 400],
  ["11 levels of logic", `and=${"(and".repeat(11)}(id.is.null)${")".repeat(11)}`, 400],
  ["20,000 steps into JSON", `select=doc${"->a".repeat(20_000)}`, 400],
  ["a name past PostgreSQL's", `select=${"x".repeat(64)}:id`, 400],
  ["a name of nothing", `select="":id`, 400],
  ["a pattern that multiplies", `title=match.${encodeURIComponent("(a{1,99}){1,99}")}`, 400],
  ["a pattern that refers back", `title=imatch.${encodeURIComponent("(.*)*\\1")}`, 400],
  ["a pattern that PostgreSQL refuses", `title=match.${encodeURIComponent("(a")}`, 400],
  ["a search that PostgreSQL refuses", "title=fts.a%20b", 400],
  ["a search of many negations", `title=fts.${"!".repeat(100)}a`, 400],
  ["a pattern of 5,000", `title=match.${"a".repeat(5000)}`, 400],
  ["a search of 5,000", `title=fts.${"a%7C".repeat(5000)}a`, 400],
  ["a query of 70,000 bytes", `a=${"b".repeat(70_000)}`, 400],
])("%s", { timeout }, async (_, search, status) => {
  const answer = await get(`/rest/things?${search}`)
  expect([answer.status, judge(answer, search)]).toEqual([status, []])
})

test("relations multiplied with each other are stopped, and the server goes on", { timeout }, async () => {
  const rows = Array.from({ length: 1500 }, (_, at) => ({ title: `many ${at}`, home: ids.home }))
  await ask(backend.url, {
    method: "POST",
    path: "/rest/things",
    body: JSON.stringify(rows),
    headers: { authorization },
  })
  const levels = 4
  const path = `/rest/homes?select=${"things(home(".repeat(levels)}id${"))".repeat(levels)}`
  const [heavy, light] = await Promise.all([get(path), get("/rest/homes?select=id")])
  expect(light.status).toBe(200)
  expect(judge(heavy, path)).toEqual([])
  expect(errorOf(heavy)).toMatchObject({ code: expect.stringMatching(/57014|UC315/) })
})

test("a hidden field is refused like one that does not exist, in every place", { timeout }, async () => {
  const as = { authorization: `Bearer ${await backend.tokenOf(stranger)}` }
  for (const place of places) {
    const [hidden, absent] = await Promise.all(
      ["gated", "gone0"].map((name) => ask(backend.url, { path: place(name), headers: as })),
    )
    const same = (answer: Answer | undefined): string =>
      `${answer?.status} ${answer?.text.replaceAll(/gated|gone0/g, "…")}`
    expect(same(hidden)).toBe(same(absent))
  }
})
