/** A seed is one entry, with counts; what lets it be so is open to no role of the backend. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { defineBackend, entity, ref, signedIn, text, userEntity } from "../../src/index.ts"
import { roleNames } from "../../src/sql/roles.ts"
import { runSql, startTestBackend, type TestBackend } from "../support/backend.ts"

const User = userEntity()
User.access(() => ({ read: signedIn }))
const Leaf = entity("Leaf", {
  collection: "leaves",
  fields: { name: text().personal(), of: ref("User").optional() },
  subject: "of",
})
Leaf.access(() => ({ read: signedIn, create: signedIn }))
const ann = "0d000000-0000-4000-8000-00000000000a"

let backend: TestBackend

beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "seeded",
      model: [User, Leaf],
      accounts: { password: true },
      seed: function* () {
        yield ["User", { id: ann, name: "Ann", email: "ann@example.org", roles: ["nurse"] }]
        for (let n = 0; n < 30; n++) yield ["Leaf", { name: `Leaf ${n}`, of: ann }]
      },
    }),
  )
})
afterAll(() => backend?.stop())

const entries = (): Promise<any[]> =>
  backend.sql("select * from audit.pending where kind <> 'model' order by at")

test("TR-03161-3 Arch_11: a seed is one entry, which counts its rows and tells none of their values", async () => {
  expect(await backend.sql("select count(*)::int as n from app.leaves")).toEqual([{ n: 30 }])
  const told = await entries()
  expect(told).toMatchObject([
    {
      kind: "system",
      actor: "system:seed",
      door: "system",
      detail: { event: "seed", rows: { User: 1, Leaf: 30 }, accounts: 1 },
      personal: null,
    },
  ])
  expect(JSON.stringify(told)).not.toContain("Ann")
})

test("after it every write is on record again, and what happens to accounts", async () => {
  const before = (await entries()).length
  await backend.request({ id: ann }, "POST", "/rest/leaves", { body: { name: "new" } })
  await backend.sql("update app.leaves set name = 'other' where name = 'new'")
  await backend.sql(`update accounts."user" set role = 'doctor' where id = '${ann}'`)
  const told = (await entries()).slice(before)
  expect(told.map((one) => `${one.kind} ${one.entity} ${one.door}`)).toEqual(
    expect.arrayContaining(["create Leaf rest", "update Leaf database", "update User database"]),
  )
  expect(told.some((one) => one.kind === "event")).toBe(true)
})

test.each(["api", "fields", "system", "internal", "accounts", "audit"] as const)(
  "the role %s can't switch the record off",
  async (name) => {
    const role = roleNames(new URL(backend.adminUrl).pathname.slice(1))[name]
    for (const text of [
      "alter table app.leaves disable trigger undercroft_record",
      "alter table app.leaves disable trigger all",
      "drop trigger undercroft_record on app.leaves",
      "alter table accounts.event disable trigger audit",
    ])
      await expect(runSql(backend.adminUrl, `set role "${role}"; ${text}`)).rejects.toMatchObject({
        code: "42501",
      })
    if (name === "internal" || name === "audit") return
    const forged = "insert into audit.pending (kind, actor, door) values ('system', 'system:seed', 'system')"
    await expect(runSql(backend.adminUrl, `set role "${role}"; ${forged}`)).rejects.toMatchObject({
      code: "42501",
    })
  },
)
