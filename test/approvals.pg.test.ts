/** Four eyes, over real HTTP: a call waits for a second person, is decided once and used once, under the rights of who sent it. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { z } from "zod"
import { createClient } from "../src/client/client.ts"
import { action, actor, defineBackend, entity, text } from "../src/index.ts"
import { startTestBackend, type TestAnswer, type TestBackend, type TestCaller } from "./support/backend.ts"

const me = actor({})
const Patient = entity("Patient", { fields: { name: text().personal() }, subject: "id" })
Patient.access(() => ({ read: me.has("clerk"), update: me.has("clerk") }))
const renamed = z.object({ count: z.number() })
const rename = action({
  uses: [Patient],
  input: z.object({ patient: z.uuid(), name: z.string().max(80) }),
  output: renamed,
  access: ({ me }) => me.has("clerk"),
  approval: { by: ({ me }) => me.has("chief"), within: { hours: 24 } },
  async run({ input, db }) {
    const done = await db
      .updateTable("patients")
      .set({ name: input.name })
      .where("id", "=", input.patient)
      .executeTakeFirst()
    return { count: Number(done.numUpdatedRows) }
  },
})
const definition = defineBackend({
  name: "desk",
  model: [Patient],
  actions: { rename },
  accounts: { password: true, signUp: "open" },
  seed: () => [["Patient", { id: id(1), name: "Ada" }]],
})

function id(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
}

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(definition)
})
afterAll(() => backend?.stop())

const chief: TestCaller = { id: "chief", roles: ["chief"] }
let clerks = 0
const clerk = (): TestCaller => ({ id: `clerk${++clerks}`, roles: ["clerk"] })
const send = (who: TestCaller | null, name: string, patient = id(1)): Promise<TestAnswer> =>
  backend.request(who, "POST", "/rest/rpc/rename", { body: { name, patient } })
const idOf = ({ status, json }: TestAnswer): string => {
  expect({ status, code: json.code }).toEqual({ status: 202, code: "UC989" })
  return /[0-9a-f-]{36}/.exec(json.message)![0]
}
const approve = (who: TestCaller | null, approval: string, headers: Record<string, string> = {}) =>
  backend.request(who, "POST", `/rest/rpc/approvals/${approval}/approve`, { headers })
const reject = (who: TestCaller | null, approval: string, body: unknown = { reason: "no" }) =>
  backend.request(who, "POST", `/rest/rpc/approvals/${approval}/reject`, { body })
const list = async (who: TestCaller): Promise<any[]> =>
  (await backend.request(who, "GET", "/rest/rpc/approvals")).json
const nameNow = async (): Promise<string> =>
  (await backend.sql("select name from app.patients where id = $1", [id(1)]))[0].name
const entries = (approval: string) =>
  backend.sql(
    `select actor, result, detail ->> 'event' as event, detail ->> 'approver' as approver
     from audit.pending where kind = 'approval' and detail ->> 'approval' = $1 order by at`,
    [approval],
  )

it("a call waits, is approved by somebody else, and runs once under the rights of who sent it", async () => {
  const who = clerk()
  const approval = idOf(await send(who, "Ada Lovelace"))
  expect(idOf(await send(who, "Ada Lovelace"))).toBe(approval)
  expect(await nameNow()).toBe("Ada")
  expect(await list(chief)).toContainEqual(
    expect.objectContaining({
      id: approval,
      requester: who.id,
      input: { name: "Ada Lovelace", patient: id(1) },
    }),
  )
  expect(await list(clerk())).toEqual([])
  expect(await approve(chief, approval)).toMatchObject({
    status: 200,
    json: { id: approval, status: "approved" },
  })
  expect(await send(who, "Ada Lovelace")).toMatchObject({ status: 200, json: { count: 1 } })
  expect(await nameNow()).toBe("Ada Lovelace")
  expect(idOf(await send(who, "Ada Lovelace"))).not.toBe(approval)
  const [write] = await backend.sql(
    "select actor, detail ->> 'action' as action from audit.pending where kind = 'update' and entity = 'Patient'",
  )
  expect(write).toEqual({ actor: `user:${who.id}`, action: "rename" })
  expect(await entries(approval)).toEqual([
    { actor: `user:${who.id}`, result: "done", event: "asked", approver: null },
    { actor: `user:${who.id}`, result: "done", event: "asked-again", approver: null },
    { actor: "user:chief", result: "done", event: "shown", approver: null },
    { actor: "user:chief", result: "done", event: "approved", approver: "user:chief" },
    { actor: `user:${who.id}`, result: "done", event: "used", approver: "user:chief" },
  ])
})

it("what is approved is that input alone, of that caller alone", async () => {
  const who = clerk()
  const approval = idOf(await send(who, "Bea"))
  await approve(chief, approval)
  expect(idOf(await send(who, "Cem"))).not.toBe(approval)
  expect(idOf(await send(clerk(), "Bea"))).not.toBe(approval)
})

it("nobody approves their own call, and an attempt is on record", async () => {
  const both: TestCaller = { id: "both", roles: ["clerk", "chief"] }
  const approval = idOf(await send(both, "Own"))
  expect(await approve(both, approval)).toMatchObject({ status: 403, json: { code: "UC384" } })
  expect(await reject(both, approval)).toMatchObject({ status: 403, json: { code: "UC384" } })
  expect((await entries(approval)).map((one) => one.result)).toEqual(["done", "refused", "refused"])
})

it("nobody approves while acting as somebody else, nor what somebody asked for in their name", async () => {
  const person = async (role: string) => {
    const body = { email: `p${++clerks}@example.org`, name: "A person", password: "correct horse battery" }
    const { json } = await backend.request(null, "POST", "/auth/sign-up/email", { body })
    await backend.sql(`update accounts."user" set role = $2 where id = $1`, [json.user.id, role])
    return { id: json.user.id as string, headers: { authorization: `Bearer ${json.token}` } }
  }
  const actAs = (user: string, admin: string | null) =>
    backend.sql(`update accounts.session set "impersonatedBy" = $2 where "userId" = $1`, [user, admin])
  const [boss, other] = [await person("chief"), await person("clerk")]
  await actAs(other.id, boss.id)
  const body = { name: "Dan", patient: id(1) }
  const asked = await backend.request(null, "POST", "/rest/rpc/rename", { body, headers: other.headers })
  const approval = idOf(asked)
  expect(await approve(null, approval, boss.headers)).toMatchObject({ json: { code: "UC384" } })
  await actAs(boss.id, "admin")
  const second = idOf(await send(clerk(), "Dan"))
  expect(await approve(null, second, boss.headers)).toMatchObject({ json: { code: "UC384" } })
  await actAs(boss.id, null)
  expect((await approve(null, second, boss.headers)).status).toBe(200)
})

it("who may not approve learns nothing of what waits, and who may not call makes nothing wait", async () => {
  const approval = idOf(await send(clerk(), "Eve"))
  expect(await approve(clerk(), approval)).toMatchObject({ status: 404, json: { code: "UC386" } })
  expect(await approve(chief, id(5))).toMatchObject({ status: 404, json: { code: "UC386" } })
  expect(await approve(chief, "nonsense")).toMatchObject({ status: 404, json: { code: "UC386" } })
  expect((await approve(null, approval)).status).toBe(401)
  expect((await backend.request(null, "GET", "/rest/rpc/approvals")).status).toBe(401)
  const before = await backend.sql("select count(*) from undercroft_state.approvals")
  expect((await send({ id: "x", roles: ["nurse"] }, "Eve")).status).toBe(403)
  expect((await send(null, "Eve")).status).toBe(401)
  expect(await send(clerk(), "Eve", "no key")).toMatchObject({ status: 400, json: { code: "UC701" } })
  expect(await backend.sql("select count(*) from undercroft_state.approvals")).toEqual(before)
})

it("what was rejected stays rejected, with its reason for who asked", async () => {
  const who = clerk()
  const approval = idOf(await send(who, "Fay"))
  expect((await reject(chief, approval, {})).json).toMatchObject({ code: "UC701" })
  expect(await reject(chief, approval, { reason: "a mistake" })).toMatchObject({
    json: { status: "rejected" },
  })
  expect(await approve(chief, approval)).toMatchObject({ status: 409, json: { code: "UC385" } })
  expect(await send(who, "Fay")).toMatchObject({ status: 403, json: { code: "UC387" } })
  expect(await list(who)).toMatchObject([
    { id: approval, status: "rejected", reason: "a mistake", input: null },
  ])
})

it("after its time it is neither decided nor used", async () => {
  const [early, late] = [clerk(), clerk()]
  const [a, b] = [idOf(await send(early, "Gus")), idOf(await send(late, "Gus"))]
  await approve(chief, b)
  await backend.sql("update undercroft_state.approvals set expires_at = now() where id = any ($1)", [[a, b]])
  expect(await approve(chief, a)).toMatchObject({ status: 409, json: { code: "UC385" } })
  expect(idOf(await send(late, "Gus"))).not.toBe(b)
})

it("who has lost the right to call can't use what was approved", async () => {
  const who = clerk()
  await approve(chief, idOf(await send(who, "Hal")))
  expect((await send({ ...who, roles: ["former"] }, "Hal")).status).toBe(403)
  expect(await nameNow()).not.toBe("Hal")
})

it("of a hundred at once one decides, and one uses", async () => {
  const who = clerk()
  const approval = idOf(await send(who, "Ida"))
  const many = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 100 }, work))
  const decided = await many(() => approve(chief, approval))
  expect(decided.filter((one) => one.status === 200)).toHaveLength(1)
  expect(decided.filter((one) => one.json.code === "UC385")).toHaveLength(99)
  const sent = await many(() => send(who, "Ida"))
  expect(sent.filter((one) => one.status === 200)).toHaveLength(1)
  expect((await entries(approval)).map((one) => one.event)).toEqual(["asked", "approved", "used"])
})

it("the input is nowhere in clear, and goes when nobody needs it any more", async () => {
  const who = clerk()
  const approval = idOf(await send(who, "Secret Name"))
  const [row] = await backend.sql(
    "select to_jsonb(a)::text as row from undercroft_state.approvals a where id = $1",
    [approval],
  )
  expect(row.row).not.toContain("Secret Name")
  const record = await backend.sql(
    "select to_jsonb(p)::text as row from audit.pending p where kind = 'approval'",
  )
  expect(JSON.stringify(record)).not.toContain("Secret Name")
  await approve(chief, approval)
  await send(who, "Secret Name")
  const [after] = await backend.sql("select input from undercroft_state.approvals where id = $1", [approval])
  expect(after.input).toBe(null)
})

it("waits in GraphQL and in the client, too, as an error that says so", async () => {
  const who = clerk()
  const query = `mutation { rename(name: "Jo", patient: "${id(1)}") { count } }`
  const { json } = await backend.request(who, "POST", "/graphql", { body: { query } })
  expect(json.errors[0].extensions.code).toBe("UC989")
  const client = createClient<typeof definition>({ url: backend.url, token: await backend.tokenOf(who) })
  await expect(client.actions.rename({ name: "Jo", patient: id(1) })).rejects.toMatchObject({
    code: "UC989",
    status: 202,
  })
  await approve(chief, /[0-9a-f-]{36}/.exec(json.errors[0].message)![0])
  expect(await client.actions.rename({ name: "Jo", patient: id(1) })).toEqual({ count: 1 })
})

it("other SQL of the API role decides nothing", async () => {
  const approval = idOf(await send(clerk(), "Kim"))
  const forged = JSON.stringify({ do: "decide", id: approval, status: "approved" })
  await expect(backend.sql("select undercroft.approval($1, $2)", [forged, "0"])).rejects.toThrow(
    "unknown approval",
  )
})
