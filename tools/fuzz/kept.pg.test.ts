/** Every case that was kept, on a real PostgreSQL: what was wrong once stays mended. */
import { readdirSync, readFileSync } from "node:fs"
import { afterAll, expect, inject, test } from "vitest"
import type { CaseDescription } from "./description.ts"
import { PgTarget } from "./pg-target.ts"
import { Replayer } from "./trial.ts"

const found = new URL("found/", import.meta.url)
const target = await PgTarget.start(inject("postgresUrl"))
afterAll(() => target.close())

test.each(readdirSync(found))("%s", async (name) => {
  const kase = JSON.parse(readFileSync(new URL(name, found), "utf8")) as CaseDescription
  expect(await new Replayer(target).run(kase)).toBeNull()
})
