/**
 * Every door, from outside: each row does one thing over HTTP or SQL, and an auditor then finds on record what it says, and
 * nothing else. What can't be told apart from the row before it (a flood) is counted, so each row has a caller of its own.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { startTestBackend, type TestAnswer, type TestBackend, type TestCaller } from "../support/backend.ts"
import { doorsBackend } from "../support/doors-backend.ts"

let backend: TestBackend
const password = "correct horse battery"
const auditor: TestCaller = { id: "0d000000-0000-4000-8000-0000000000aa", roles: ["auditor"] }
const [ada, bob, cid, dan] = ["a", "b", "c", "d"].map((one) => `00000000-0000-7000-8000-00000000000${one}`)

beforeAll(async () => {
  const origin = "undercroft/doors"
  backend = await startTestBackend(doorsBackend, {
    audit: { keys: heldKey(makeKey(), origin), anchors: [] },
  })
  await backend.sql(`insert into app.patients (id, name) values ('${ada}', 'Ada'), ('${bob}', 'Bob'), ('${cid}', 'Cid'), ('${dan}', 'Dan');
    insert into app.visits (patient) values ('${ada}')`)
  await backend.request(null, "POST", "/auth/sign-up/email", {
    body: { email: "eve@example.org", name: "Eve", password },
  })
  await backend.app.sealer!.sealNow()
  await told()
})
afterAll(() => backend?.stop())

const seen = new Set<string>()
/** What is new on record, as an auditor reads it, but for this reading. */
async function told(): Promise<any[]> {
  const { json, status } = await backend.request(
    auditor,
    "GET",
    "/rest/auditEntries?select=id,at,kind,actor,door,request,entity,rows,fields,result,detail,question&order=at.desc&limit=40",
  )
  expect(status).toBe(200)
  const fresh = json.filter(({ id, actor }: any) => !seen.has(id) && actor !== `user:${auditor.id}`)
  for (const { id } of json) seen.add(id)
  return fresh.toReversed()
}

let callers = 0
let caller: TestCaller = { id: "nobody" }
let request = ""

/** One request by the caller of this row. */
function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  const whole = { "x-request-id": request, ...headers }
  return backend.request(caller, method, path, { ...(body === undefined ? {} : { body }), headers: whole })
}
/** Where the answer is no JSON. */
async function askText(path: string, accept: string): Promise<TestAnswer> {
  const authorization = `Bearer ${await backend.tokenOf(caller)}`
  const headers = { authorization, accept, "x-request-id": request }
  const answer = await fetch(backend.url + path, { headers })
  return { status: answer.status, headers: answer.headers, text: await answer.text(), json: null }
}
const rest = (method: string, search: string, body?: unknown, prefer?: string): Promise<TestAnswer> =>
  ask(method, `/rest/${search}`, body, prefer ? { prefer } : {})
const graphql = (query: string, variables?: object): Promise<TestAnswer> =>
  ask("POST", "/graphql", { query, ...(variables ? { variables } : {}) })
const rpc = (name: string, body: unknown, headers?: Record<string, string>): Promise<TestAnswer> =>
  ask("POST", `/rest/rpc/${name}`, body, headers)
function as(roles: readonly string[]): void {
  caller = { ...caller, roles }
}

interface Row {
  readonly what: string
  readonly status: number
  readonly ask: () => Promise<TestAnswer>
  /** In their order. Each is by the caller, through the door, of the request, and done, unless it says otherwise. */
  readonly entries: readonly object[]
}

const row = (what: string, status: number, entries: readonly object[], ask: Row["ask"]): Row => ({
  what,
  status,
  entries,
  ask,
})
const patient = { entity: "Patient" }
const clerk = (work: () => Promise<TestAnswer>) => () => {
  as(["clerk"])
  return work()
}
const representation = "return=representation"

const restRows: readonly Row[] = [
  row("a read", 200, [{ kind: "read", ...patient, rows: [ada], fields: ["id", "name"] }], () =>
    rest("GET", `patients?select=name&id=eq.${ada}`),
  ),
  row("a read that finds nothing", 200, [{ kind: "read", ...patient, rows: [] }], () =>
    rest("GET", "patients?select=name&ward=eq.Z"),
  ),
  row("a table as CSV", 200, [{ kind: "read", ...patient, rows: [ada] }], () =>
    askText(`/rest/patients?select=name&id=eq.${ada}`, "text/csv"),
  ),
  row(
    "a write",
    201,
    [{ kind: "create", ...patient }],
    clerk(() => rest("POST", "patients", { name: "x" })),
  ),
  row(
    "many rows: an entry each",
    201,
    [
      { kind: "create", ...patient },
      { kind: "create", ...patient },
    ],
    clerk(() => rest("POST", "patients", [{ name: "x" }, { name: "y" }])),
  ),
  row(
    "an upsert of a row that is there",
    200,
    [{ kind: "update", ...patient, rows: [ada] }],
    clerk(() => rest("POST", "patients", { id: ada, name: "Ada B." }, "resolution=merge-duplicates")),
  ),
  row(
    "an upsert that ignores it",
    201,
    [{ kind: "create", ...patient, rows: [], result: "0 rows", fields: ["id", "name"] }],
    clerk(() => rest("POST", "patients", { id: ada, name: "z" }, "resolution=ignore-duplicates")),
  ),
  row(
    "a change",
    204,
    [{ kind: "update", ...patient, rows: [bob] }],
    clerk(() => rest("PATCH", `patients?id=eq.${bob}`, { ward: "B" })),
  ),
  row(
    "a change that gives no row back: what a join hides was changed all the same",
    200,
    [{ kind: "update", ...patient, rows: [bob] }],
    clerk(() =>
      rest("PATCH", `patients?id=eq.${bob}&select=id,visits!inner(id)`, { ward: "C" }, representation),
    ),
  ),
  ...[undefined, representation, "count=exact"].map((prefer) =>
    row(
      `a change that finds nothing (${prefer})`,
      prefer === representation ? 200 : 204,
      [
        {
          kind: "update",
          ...patient,
          rows: [],
          result: "0 rows",
          fields: ["ward"],
          question: {
            of: "Patient",
            where: [
              { field: "ward", operator: "eq", not: false, value: "Z" },
              { field: "name", operator: "like", not: false },
            ],
          },
        },
      ],
      clerk(() => rest("PATCH", "patients?ward=eq.Z&name=like.Ada*", { ward: "B" }, prefer)),
    ),
  ),
  row(
    "a change by key that finds nothing",
    200,
    [{ kind: "update", ...patient, rows: [], result: "0 rows" }],
    clerk(() =>
      rest("PATCH", `patients?id=eq.${crypto.randomUUID()}&select=id`, { ward: "B" }, representation),
    ),
  ),
  row(
    "a deletion",
    204,
    [{ kind: "delete", ...patient, rows: [cid] }],
    clerk(() => rest("DELETE", `patients?id=eq.${cid}`)),
  ),
  row(
    "a deletion that finds nothing",
    204,
    [{ kind: "delete", ...patient, rows: [], result: "0 rows" }],
    clerk(() => rest("DELETE", "patients?ward=eq.Z")),
  ),
  row(
    "a change of a version that is not there",
    412,
    [{ kind: "failed", ...patient, result: "UC308", detail: { verb: "update" } }],
    clerk(() =>
      ask(
        "PATCH",
        `/rest/patients?id=eq.${bob}`,
        { ward: "D" },
        { "if-match": '"77.AAAAAAAAAAAAAAAAAAAAAA"' },
      ),
    ),
  ),
  row(
    "a change of exactly one row, which is not there",
    406,
    [{ kind: "failed", ...patient, result: "PGRST116", detail: { verb: "update" } }],
    clerk(() =>
      ask(
        "PATCH",
        "/rest/patients?ward=eq.Z",
        { ward: "D" },
        { accept: "application/vnd.pgrst.object+json" },
      ),
    ),
  ),
  row("a write that is not allowed", 403, [{ kind: "denied", ...patient, result: "42501" }], () =>
    rest("POST", "patients", { name: "x" }),
  ),
  row("a field that is hidden", 400, [{ kind: "denied", ...patient, result: "42703" }], () =>
    rest("GET", "patients?select=secret"),
  ),
  row(
    "a write of a field that is hidden",
    400,
    [{ kind: "denied", ...patient, result: "PGRST204", detail: { verb: "update" } }],
    clerk(() => rest("PATCH", `patients?id=eq.${ada}`, { secret: "x" })),
  ),
  row("a relation that there is not", 400, [{ kind: "denied", ...patient, result: "PGRST200" }], () =>
    rest("GET", "patients?select=name,bills(id)"),
  ),
  row("a token that is none", 401, [{ kind: "denied", actor: "anonymous", result: "PGRST301" }], () =>
    ask("GET", "/rest/patients", undefined, { authorization: "Bearer a.b.c" }),
  ),
]

const refused = (entity: string | null, result = "UC341"): readonly object[] => [
  { kind: "denied", entity, result, detail: { verb: "document" } },
]
const page = "edges { node { name } }"
const graphqlRows: readonly Row[] = [
  row("a query", 200, [{ kind: "read", ...patient, rows: [ada] }], () =>
    graphql(`{ patientCollection(filter: { id: { eq: "${ada}" } }) { ${page} } }`),
  ),
  row(
    "two questions about one entity: an entry each",
    200,
    [
      { kind: "read", ...patient, rows: [ada] },
      { kind: "read", ...patient, rows: [bob] },
    ],
    () =>
      graphql(
        `{ a: patientCollection(filter: { id: { eq: "${ada}" } }) { ${page} } b: patientCollection(filter: { id: { eq: "${bob}" } }) { ${page} } }`,
      ),
  ),
  row("a field that is hidden", 200, refused("Patient"), () =>
    graphql("{ patientCollection { edges { node { secret } } } }"),
  ),
  row("several that there are not: one document", 200, refused("Patient"), () =>
    graphql("{ patientCollection { edges { node { one two three } } } }"),
  ),
  row("a collection that there is not", 200, refused(null), () =>
    graphql("{ payrollCollection { edges { node { id } } } }"),
  ),
  row("an argument that there is not", 200, refused(null), () =>
    graphql(`{ patientCollection(secret: "x") { ${page} } }`),
  ),
  row("a filter by a field that is hidden", 200, refused("Patient"), () =>
    graphql(`{ patientCollection(filter: { secret: { eq: "x" } }) { ${page} } }`),
  ),
  row("the same in a variable", 200, refused("Patient"), () =>
    graphql(`query ($by: PatientFilter) { patientCollection(filter: $by) { ${page} } }`, {
      by: { secret: { eq: "x" } },
    }),
  ),
  row("more than is allowed at once", 200, refused(null, "UC342"), () =>
    graphql(`{ ${Array.from({ length: 70 }, (_, at) => `a${at}: __typename`).join(" ")} }`),
  ),
  row("what can't be read is no refusal", 200, [], () => graphql("{ patientCollection {")),
  row(
    "a mutation",
    200,
    [{ kind: "create", ...patient }],
    clerk(() =>
      graphql(`mutation { insertIntoPatientCollection(objects: [{ name: "x" }]) { affectedCount } }`),
    ),
  ),
  row(
    "a mutation that finds nothing",
    200,
    [{ kind: "update", ...patient, rows: [], result: "0 rows" }],
    clerk(() =>
      graphql(
        `mutation { updatePatientCollection(set: { ward: "B" }, filter: { ward: { eq: "Z" } }) { affectedCount } }`,
      ),
    ),
  ),
  row(
    "a mutation that finds nothing, in a transaction with an action",
    200,
    [
      { kind: "delete", ...patient, rows: [], result: "0 rows" },
      { kind: "create", ...patient },
      { kind: "action", detail: { action: "admit" } },
    ],
    clerk(() =>
      graphql(
        `mutation { deleteFromPatientCollection(filter: { ward: { eq: "Z" } }) { affectedCount } admit(name: "x") { name } }`,
      ),
    ),
  ),
  row("a mutation that there is not for them", 200, refused(null), () =>
    graphql(`mutation { insertIntoPatientCollection(objects: [{ name: "x" }]) { affectedCount } }`),
  ),
  row(
    "one of two mutations that fails: nothing is left of either",
    200,
    [{ kind: "failed", entity: "Visit", result: "23503", detail: { verb: "insert" } }],
    clerk(() =>
      graphql(
        `mutation { insertIntoPatientCollection(objects: [{ name: "x" }]) { affectedCount } insertIntoVisitCollection(objects: [{ patientId: "${crypto.randomUUID()}" }]) { affectedCount } }`,
      ),
    ),
  ),
]

const called = (name: string, more: object = {}): object => ({
  kind: "action",
  detail: { action: name },
  fields: ["name"],
  ...more,
})
const actionRows: readonly Row[] = [
  row(
    "a call",
    200,
    [{ kind: "create", ...patient, detail: expect.objectContaining({ action: "admit" }) }, called("admit")],
    clerk(() => rpc("admit", { name: "x" })),
  ),
  row(
    "a call that only reads",
    200,
    [called("look")],
    clerk(() => ask("GET", "/rest/rpc/look?name=x")),
  ),
  row("a call that is not allowed", 403, [called("admit", { kind: "denied", result: "42501" })], () =>
    rpc("admit", { name: "x" }),
  ),
  row(
    "a call with an input that does not fit",
    400,
    [called("admit", { kind: "failed", result: "UC701" })],
    clerk(() => rpc("admit", { name: 7 })),
  ),
  row(
    "a call that fails",
    500,
    [called("fail", { kind: "failed", result: "UC690" })],
    clerk(() => rpc("fail", { name: "x" })),
  ),
  row(
    "the same call again under its key: once",
    200,
    [{ kind: "create", ...patient }, called("admit"), called("admit", { result: "replayed" })],
    clerk(async () => {
      const headers = { "idempotency-key": `"key-${callers}"` }
      await rpc("admit", { name: "x" }, headers)
      return rpc("admit", { name: "x" }, headers)
    }),
  ),
  row(
    "a call through GraphQL",
    200,
    [{ kind: "create", ...patient }, called("admit")],
    clerk(() => graphql(`mutation { admit(name: "x") { name } }`)),
  ),
  row(
    "two calls through GraphQL, of which one fails: nothing is left of either",
    500,
    [
      called("fail", { kind: "failed", result: "UC690" }),
      called("admit", { kind: "failed", result: "UC690" }),
    ],
    clerk(() => graphql(`mutation { admit(name: "x") { name } fail(name: "x") { name } }`)),
  ),
]

let waiting = ""
const chief = (work: () => Promise<TestAnswer>) => () => {
  as(["chief"])
  return work()
}
const approval = (event: string, more: object = {}): object => ({
  kind: "approval",
  detail: expect.objectContaining({ event, action: "sign" }),
  ...more,
})
const signer: TestCaller = { id: "signer", roles: ["clerk"] }
const bySigner = () => {
  caller = signer
  return rpc("sign", { name: "x" })
}
const approvalRows: readonly Row[] = [
  row(
    "a call that waits for a second person",
    202,
    [approval("asked", { actor: "user:signer" })],
    async () => {
      const answer = await bySigner()
      waiting = /[0-9a-f-]{36}/.exec(answer.json.message)![0]
      return answer
    },
  ),
  row("the same call while it waits", 202, [approval("asked-again", { actor: "user:signer" })], bySigner),
  row(
    "whoever may approve it looks",
    200,
    [approval("shown")],
    chief(() => ask("GET", "/rest/rpc/approvals")),
  ),
  row("a word from who may not", 404, [{ kind: "denied", result: "UC386", detail: { verb: "decide" } }], () =>
    ask("POST", `/rest/rpc/approvals/${waiting}/approve`),
  ),
  row("nobody looks", 401, [{ kind: "denied", actor: "anonymous", result: "42501" }], () =>
    backend.request(null, "GET", "/rest/rpc/approvals", { headers: { "x-request-id": request } }),
  ),
  row(
    "the second person's word",
    200,
    [approval("approved")],
    chief(() => ask("POST", `/rest/rpc/approvals/${waiting}/approve`)),
  ),
  row(
    "the call that was approved",
    200,
    [
      approval("used", { actor: "user:signer" }),
      { kind: "create", ...patient, actor: "user:signer" },
      called("sign", { actor: "user:signer" }),
    ],
    bySigner,
  ),
]

const own = { entity: "AuditEntry" }
const recordRows: readonly Row[] = [
  row("an auditor's page", 200, [{ kind: "read", ...own, door: "rest" }], () => {
    as(["auditor"])
    return rest("GET", "auditEntries?select=id&limit=2")
  }),
  row("a page for who may not", 200, [{ kind: "read", ...own, door: "rest", rows: [] }], () =>
    rest("GET", "auditEntries?select=id&limit=2"),
  ),
  row("what was done with one's own data", 200, [{ kind: "read", entity: "AccessToMe", door: "rest" }], () =>
    rest("GET", "accesses-to-me?select=id"),
  ),
  row(
    "an export: itself, and what it read",
    200,
    [
      { kind: "export", ...own, door: "export" },
      { kind: "read", ...own, door: "export" },
      { kind: "read", ...own, door: "export" },
    ],
    () => {
      as(["auditor"])
      return askText("/audit/export?format=csv", "*/*")
    },
  ),
  row("an export for who may not", 403, [{ kind: "denied", ...own, door: "export", result: "42501" }], () =>
    ask("GET", "/audit/export"),
  ),
]

const event = (name: string, more: object = {}): object => ({
  kind: "event",
  door: "auth",
  entity: "User",
  actor: expect.stringMatching(/^(user:|anonymous$)/),
  detail: expect.objectContaining({ event: name }),
  ...more,
})
const post = (path: string, body: object): Promise<TestAnswer> =>
  backend.request(null, "POST", `/auth${path}`, { body, headers: { "x-request-id": request } })
let token = ""
const accountRows: readonly Row[] = [
  row("a sign-in", 200, [event("signed-in")], async () => {
    const answer = await post("/sign-in/email", { email: "eve@example.org", password })
    token = answer.json.token
    return answer
  }),
  row(
    "a sign-in with another password",
    401,
    [event("sign-in-failed", { actor: "anonymous", result: "refused" })],
    () => post("/sign-in/email", { email: "eve@example.org", password: "a wrong one, and long" }),
  ),
  row(
    "a session that reads",
    200,
    [{ kind: "read", ...patient, door: "rest", actor: expect.stringMatching(/^user:/) }],
    () =>
      backend.request(null, "GET", `/rest/patients?select=name&id=eq.${ada}`, {
        headers: { authorization: `Bearer ${token}`, "x-request-id": request },
      }),
  ),
  row("a sign-out", 200, [event("session-ended")], () =>
    backend.request(null, "POST", "/auth/sign-out", {
      body: {},
      headers: { authorization: `Bearer ${token}`, "x-request-id": request },
    }),
  ),
  row(
    "an administrator's route for who is none",
    403,
    [
      {
        kind: "denied",
        actor: expect.stringMatching(/^user:/),
        result: "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE",
        detail: { route: "POST /admin/set-role" },
      },
    ],
    async () => {
      const { json } = await post("/sign-in/email", { email: "eve@example.org", password })
      await told()
      return backend.request(null, "POST", "/auth/admin/set-role", {
        body: { userId: json.user.id, role: "chief" },
        headers: { authorization: `Bearer ${json.token}`, "x-request-id": request },
      })
    },
  ),
  row(
    "an application with a code that is none",
    400,
    [
      {
        kind: "denied",
        actor: "anonymous",
        result: "invalid_grant",
        detail: { route: "POST /oauth2/token" },
      },
    ],
    () =>
      backend.request(null, "POST", "/auth/oauth2/token", {
        body: "grant_type=authorization_code&code=x&redirect_uri=https://portal.example/cb&client_id=portal&client_secret=wrong",
        headers: { "content-type": "application/x-www-form-urlencoded", "x-request-id": request },
      }),
  ),
  row(
    "a session that is over",
    401,
    [{ kind: "denied", door: "rest", actor: expect.stringMatching(/^user:/), result: "PGRST301" }],
    () =>
      backend.request(null, "GET", "/rest/patients", {
        headers: { authorization: `Bearer ${token}`, "x-request-id": request },
      }),
  ),
]

describe.each<readonly [door: string, rows: readonly Row[]]>([
  ["rest", restRows],
  ["graphql", graphqlRows],
  ["rpc", actionRows],
  ["rpc", approvalRows],
  ["audit", recordRows],
  ["auth", accountRows],
])("HIPAA 164.312(b): exactly one entry each, through the door %s", (door, rows) => {
  test.each(rows)("$what", async ({ what, status, ask: work, entries }) => {
    caller = { id: `caller-${++callers}` }
    request = `request-${callers}`
    const answer = await work()
    expect({ status: answer.status, text: answer.status === status ? "" : answer.text }).toEqual({
      status,
      text: "",
    })
    const isGraphql = door === "graphql" || what.includes("GraphQL")
    const usual = {
      actor: `user:${caller.id}`,
      door: isGraphql ? "graphql" : door,
      request,
      result: "done",
    }
    expect(await told()).toMatchObject(entries.map((one) => ({ ...usual, ...one })))
  })
})

const sqlRows: readonly (readonly [text: string, entries: readonly object[]])[] = [
  ["insert into app.patients (name) values ('by SQL')", [{ kind: "create", ...patient }]],
  [`update app.patients set ward = 'S' where id = '${dan}'`, [{ kind: "update", ...patient, rows: [dan] }]],
  [`delete from app.patients where id = '${dan}'`, [{ kind: "delete", ...patient, rows: [dan] }]],
  ["truncate app.visits", [{ kind: "truncate", entity: "Visit" }]],
]
test.each(sqlRows)("HIPAA 164.312(b): SQL of whoever runs the database: %s", async (text, entries) => {
  await backend.sql(text)
  const usual = { actor: "database:postgres", door: "database", result: "done" }
  expect(await told()).toMatchObject(entries.map((one) => ({ ...usual, ...one })))
})

test("SQL that logs in as the API's role and sealed no caller does nothing, and so leaves nothing", async () => {
  const role = `${new URL(backend.adminUrl).pathname.slice(1)}_api`
  const text = `set session authorization "${role}"; insert into app.patients (name) values ('x')`
  await expect(backend.sql(text)).rejects.toThrow()
  expect(await told()).toEqual([])
})
