/** The one table of checks: each refuses, and where a request fails several, the earlier one is the answer. */
import { readFileSync } from "node:fs"
import { sql } from "kysely"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { z } from "zod"
import {
  action,
  actor,
  auditEntryEntity,
  defineBackend,
  entity,
  many,
  ref,
  signedIn,
  text,
} from "../src/index.ts"
import { startTestBackend, type TestBackend } from "./support/backend.ts"
import { doorChecks, printDoorChecks } from "./support/door-checks.ts"

const me = actor({})
const Note = entity("Note", {
  fields: {
    owner: text(),
    title: text(),
    get replies() {
      return many(Reply, "note")
    },
  },
  unique: [["owner", "title"]],
})
Note.access(({ row }) => ({
  read: row.owner.is(me.id),
  create: row.owner.is(me.id),
  update: signedIn,
  delete: signedIn,
}))
const Reply = entity("Reply", { collection: "replies", fields: { note: ref(Note) } })
Reply.access(() => ({ read: signedIn }))
/** Anyone may leave one; nobody reads it. */
const Letter = entity("Letter", { fields: { body: text() } })
Letter.access(() => ({ read: me.has("keeper"), create: signedIn }))

const uses = [Note]
const definition = defineBackend({
  name: "doors",
  model: [Note, Reply, Letter, auditEntryEntity({ readers: ["writer"] })],
  limits: { bodyBytes: 5000, filterTerms: 3, graphqlFields: 20, graphqlCost: 500 },
  accounts: { password: true, signUp: "open" },
  trustedProxies: ["127.0.0.1"],
  actions: {
    take: action({
      uses,
      input: z.object({ owner: z.string(), title: z.string() }),
      output: z.unknown(),
      access: ({ me }) => me.has("writer"),
      run: async ({ input, db }) => void (await db.insertInto("notes").values(input).execute()),
    }),
    sign: action({
      uses: [],
      input: z.object({ n: z.number() }),
      output: z.unknown(),
      access: () => signedIn,
      approval: { by: ({ me }) => me.has("writer"), within: { hours: 1 } },
      run: async () => null,
    }),
    bare: action({
      uses,
      input: z.object({ text: z.string() }),
      output: z.unknown(),
      access: () => signedIn,
      run: async ({ input, db }) => Number((await sql.raw(input.text).execute(db)).numAffectedRows ?? 0),
    }),
  },
})

/** A request that is good, but for its faults. */
async function send(
  door: string,
  faults: readonly string[],
): Promise<{ status: number; code: string | null }> {
  const has = (fault: string): boolean => faults.includes(fault)
  const isByRole = ["/rest/rpc/<name>", "/rest/rpc/approvals/<id>/approve", "/audit/export"].includes(door)
  const caller = { id: "ann", roles: has("authorise") && isByRole ? [] : ["writer"] }
  const headers: Record<string, string> = {
    authorization: has("authenticate") ? "Bearer x.y.z" : `Bearer ${await backend.tokenOf(caller)}`,
    prefer: "return=representation",
    ...(has("media") ? { accept: "image/png" } : {}),
  }
  const row = { owner: has("authorise") ? "bob" : "ann", title: has("execute") ? "taken" : `new ${number++}` }
  type Asked = { readonly method: string; readonly path: string; readonly body?: unknown }
  const requests: Readonly<Record<string, () => Asked | Promise<Asked>>> = {
    "/rest/<collection>": () => ({
      method: "POST",
      path: `/rest/notes?select=id${has("plan") ? ",nosuch" : ""}${has("cost") ? "&order=id,id,id,id" : ""}`,
      body: has("parse") ? "{" : row,
    }),
    "/rest/rpc/<name>": () => ({
      method: has("method") ? "PATCH" : "POST",
      path: has("name") ? "/rest/rpc/nosuch" : "/rest/rpc/take",
      body: has("parse") ? "{" : has("input") ? { ...row, title: 7 } : { ...row, owner: "ann" },
    }),
    "/graphql": () => ({
      method: "POST",
      path: "/graphql",
      body: {
        query: `mutation ($objects: [NoteInsertInput!]!) { insertIntoNoteCollection(objects: $objects) { records { id
          ${has("plan") ? "nosuch" : ""} ${has("cost") ? "replies(first: 900) { edges { node { id } } }" : ""}
          ${has("size") ? Array.from({ length: 25 }, (_, at) => `a${at}: id`).join(" ") : ""} } } }`,
        variables: has("parse") ? 7 : { objects: [row] },
      },
    }),
    "/rest/rpc/approvals/<id>/approve": async () => {
      const asked = await backend.request({ id: "bob" }, "POST", "/rest/rpc/sign", { body: { n: number++ } })
      const id = /[0-9a-f-]{36}/.exec(asked.json.message)![0]
      return { method: "POST", path: `/rest/rpc/approvals/${id}/approve`, body: has("parse") ? "{" : {} }
    },
    "/audit/export": () => ({
      method: "GET",
      path: `/audit/export?format=${has("parse") ? "xml" : "jsonl"}`,
    }),
    "/openapi.json": () => ({ method: "GET", path: "/openapi.json" }),
    "/auth/sign-in/email": () => ({
      method: "POST",
      path: "/auth/sign-in/email",
      body: has("parse")
        ? "{"
        : {
            email: has("address") ? "no address" : has("count") ? "cid@example.org" : "ann@example.org",
            password: has("password") ? "wrong" : password,
          },
    }),
    "/auth/admin/set-role": () => ({
      method: "POST",
      path: "/auth/admin/set-role",
      body: { userId: people["cid"]!.id, role: "reader" },
    }),
  }
  const { method, path, body } = await requests[door]!()
  if (door.startsWith("/auth/")) {
    // A network of its own, unless it is the one from which there were too many attempts.
    headers["x-forwarded-for"] = has("count") ? guessing : `2001:db8:${(number++).toString(16)}::1`
    headers["origin"] = has("origin") ? "https://evil.example" : backend.url
    const person = people[`${has("authorise") ? "plain" : "admin"}${has("recent") ? " of before" : ""}`]!
    if (door === "/auth/sign-in/email") delete headers["authorization"]
    else if (!has("authenticate")) headers["authorization"] = `Bearer ${person.token}`
    if (has("origin")) headers["cookie"] = "undercroft.session_token=another"
  }
  const said = typeof body === "string" || body === undefined ? body : JSON.stringify(body)
  const sent = has("limit") ? `${said}${" ".repeat(6000)}` : said
  const { status, json } = await backend.request(null, method, path, { body: sent, headers })
  return { status, code: json?.code ?? json?.errors?.[0]?.extensions?.code ?? null }
}

let backend: TestBackend
let number = 0
const password = "correct horse battery"
/** From where there were too many attempts. */
const guessing = "192.0.2.1"
const people: Record<string, { readonly id: string; readonly token: string }> = {}

async function signUpAll(): Promise<void> {
  const post = (path: string, body: object, from: string) =>
    backend.request(null, "POST", `/auth${path}`, { body, headers: { "x-forwarded-for": from } })
  const names = ["ann", "cid", "admin", "plain", "admin of before", "plain of before"]
  for (const name of names) {
    const email = `${name.replaceAll(" ", "-")}@example.org`
    const { json } = await post("/sign-up/email", { email, name: "A person", password }, "192.0.2.2")
    people[name] = { id: json.user.id, token: json.token }
  }
  await backend.sql(`update accounts."user" set role = 'admin' where email like 'admin%'`)
  await backend.sql(`update accounts.session set "authenticatedAt" = now() - interval '1 hour'
    where "userId" in (select id from accounts."user" where email like '%before%')`)
  for (const email of ["cid@example.org", "no address"])
    for (let at = 0; at < 6; at++) await post("/sign-in/email", { email, password: "wrong" }, guessing)
}
beforeAll(async () => {
  backend = await startTestBackend(definition)
  await signUpAll()
  await backend.sql("insert into app.notes (owner, title) values ('ann', 'taken'), ('bob', 'taken')")
})
afterAll(() => backend?.stop())

test("ARCHITECTURE.md has the table, and who is named in it is there", () => {
  expect(readFileSync(new URL("../ARCHITECTURE.md", import.meta.url), "utf8")).toContain(printDoorChecks())
  for (const { by } of Object.values(doorChecks).flat())
    expect(readFileSync(new URL(`../${by[1]}`, import.meta.url), "utf8")).toMatch(
      new RegExp(`(function|const) ${by[0]}\\b`),
    )
})

describe.each(Object.entries(doorChecks))("%s", (door, checks) => {
  test("a good request passes all of them", async () => {
    expect(await send(door, [])).toEqual({ status: expect.toSatisfy((one) => one < 300), code: null })
  })

  test.each(checks)("$check refuses with $code", async ({ check, code }) => {
    expect((await send(door, [check])).code).toBe(code)
  })

  test("TR-03161-3 Auth_7: each comes before all that follow it", async () => {
    for (const [at, { check, code }] of checks.entries()) {
      for (const later of checks.slice(at + 1))
        expect([check, later.check, (await send(door, [check, later.check])).code]).toEqual([
          check,
          later.check,
          code,
        ])
      const rest = checks.slice(at).map((one) => one.check)
      expect([...rest, (await send(door, rest)).code]).toEqual([...rest, code])
    }
  })
})

test.each(["/health/live", "/health/ready", "/docs"])("%s asks nobody who they are", async (path) => {
  const answer = await fetch(backend.url + path, { headers: { authorization: "Bearer x.y.z" } })
  expect(answer.status).toBe(200)
})

// Found by the fuzz: PostgreSQL applies no policy of reading to a statement that reads no column.
test.each([
  "delete from app.notes",
  "update app.notes set owner = owner || ''",
  "update app.notes set owner = 'ann'",
])("%s touches only what its caller may read", async (text) => {
  const before = await backend.sql("select id, owner from app.notes where owner = 'bob'")
  await backend.request({ id: "cid" }, "POST", "/rest/rpc/bare", { body: { text } })
  expect(await backend.sql("select id, owner from app.notes where owner = 'bob'")).toEqual(before)
})

test("who may write and not read is told through GraphQL how many were written, as through REST", async () => {
  const caller = { id: "ann", roles: ["keeper"] }
  const query = `mutation { insertIntoLetterCollection(objects: [{body: "x"}]) { affectedCount } }`
  for (const one of [caller, { id: "bob" }]) {
    const { json } = await backend.request(one, "POST", "/graphql", { body: { query } })
    expect(json).toEqual({ data: { insertIntoLetterCollection: { affectedCount: 1 } } })
  }
})

test("errors of several root fields come in the order of the document", async () => {
  const query = `{ b: noteCollection(filter: {id: {eq: "x"}}) { totalCount } a: noteCollection(filter: {id: {eq: "y"}}) { totalCount } }`
  for (let at = 0; at < 5; at++) {
    const { json } = await backend.request({ id: "ann" }, "POST", "/graphql", { body: { query } })
    expect(json.errors.map((one: any) => one.path)).toEqual([["b"], ["a"]])
  }
})
