import { afterAll, beforeAll, expect, test } from "vitest"
import { openDatabase, type TestDatabase, View } from "./database.ts"
import { formCallers, formRows, formsModel, formEntities } from "./forms-model.ts"
import { relationOf } from "../../src/sql/machinery.ts"
let db: TestDatabase
const rows = formRows(new Date().toISOString().slice(0, 10))
beforeAll(async () => { db = await openDatabase(formsModel, rows) })
afterAll(() => db?.drop())
test("x", async () => {
  const s = await db.connect()
  for (const who of formCallers) {
    const caller = db.seal(who)
    const view = new View(db.policies, rows, caller, new Date().toISOString())
    for (const name of Object.keys(formEntities)) {
      const p = db.entity(name)
      const got = await s.run(caller, `select id, gated, quiet, sum, deep from ${relationOf(p)}`, "pipelined")
      const want = view.rows(p).map((r) => JSON.stringify([r.id, r.gated, r.quiet, r.sum === null ? null : String(r.sum), r.deep])).sort()
      const found = got.rows.map((r) => JSON.stringify([r.id, r.gated, r.quiet, r.sum, r.deep])).sort()
      console.log(who.id, name, want.length, found.length, JSON.stringify(want) === JSON.stringify(found), got.error?.message ?? "")
    }
  }
})
