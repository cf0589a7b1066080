/** What clients are made from: the whole document, and types by which the real postgrest-js tells right from wrong. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { hostileBackend } from "../../test/hostile/hostile-model.ts"
import { makeProject, notesProject, runCommand, type TestProject } from "../../test/support/command.ts"
import { studioBackend } from "../../test/support/studio.ts"
import { makeTypeFolder, type TypeFolder } from "../../test/support/type-folder.ts"
import { buildBackend } from "../build-backend.ts"
import { choice, defineBackend, entity, text } from "../index.ts"
import { databaseTypes } from "../openapi/database-types.ts"

const clinic = fileURLToPath(new URL("../../examples/clinic", import.meta.url))
let project: TestProject
let folder: TypeFolder
beforeAll(async () => {
  project = await makeProject(notesProject)
  folder = await makeTypeFolder()
})
afterAll(async () => {
  await project.remove()
  await folder.remove()
})

const client = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["client", ...line], { cwd: project.folder })

test("the whole document, also what only some may know", async () => {
  const { code, stdout } = await client("--openapi")
  expect(code).toBe(0)
  const document = JSON.parse(stdout)
  expect(document.openapi).toBe("3.1.0")
  expect(document.components.schemas.NoteRow.properties.phone.description).toContain("<i>nurse</i>")
  expect(Object.keys(document.paths["/rest/shelfs"])).toEqual(["get", "head", "options"])
})

test("into a file, the same every time", async () => {
  const path = join(project.folder, "database.ts")
  expect((await client("--types", "--out", "database.ts")).stdout).toBe("")
  expect((await client("--types")).stdout).toBe(await readFile(path, "utf8"))
})

test("mistakes are told", async () => {
  for (const line of [[], ["--openapi", "--types"], ["--types", "--out", "none/there.ts"]]) {
    const { code, stderr } = await client(...line)
    expect(code).toBe(1)
    expect(stderr).toMatch(/Say --openapi or --types|none\/there\.ts can't be written: ENOENT/)
  }
})

describe("types", () => {
  test("by which postgrest-js infers rows, embeds and inserts", async () => {
    const { stdout } = await runCommand(["client", "--types", "--project", clinic])
    await folder.write("database.ts", stdout)
    await folder.write("program.ts", program)
    expect(await folder.compile()).toBe("")
  }, 60_000)

  test("for every kind of field, key and relation, and odd words", async () => {
    const Odd = entity("Constructor", {
      description: "Ends */ early\nand goes on",
      fields: {
        delete: choice("it's", 'a "b"', "back\\slash", "`tick`", "*/"),
        interface: text().describe("*/ export const evil = 1 /*"),
      },
    })
    Odd.access(() => ({}))
    const definitions = [hostileBackend, studioBackend, defineBackend({ name: "*/", model: [Odd] })]
    for (const [at, { name, model }] of definitions.entries())
      await folder.write(`types${at}.ts`, databaseTypes(name, buildBackend({ name, model }).model))
    await folder.write("empty.ts", databaseTypes("empty", buildBackend({ name: "empty", model: [] }).model))
    expect(await folder.compile()).toBe("")
  }, 60_000)
})

const program = `import { PostgrestClient } from "@supabase/postgrest-js"
import type { Database } from "./database.ts"

type Is<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Is<A, B>): void {}

const db = new PostgrestClient<Database>("http://127.0.0.1")

export async function reads() {
  const patients = await db.from("patients").select("name, born, allergies, gender")
  if (patients.error) return
  type Patient = (typeof patients.data)[number]
  same<Patient, {
    name: string | null
    born: string
    allergies: readonly string[] | null
    gender: "female" | "male" | "diverse"
  }>(true)

  // To one by the field, to many by the collection, three levels deep.
  const nested = await db.from("patients").select("name, practice(name), appointments(status, doctor(name, job))").single()
  if (nested.error) return
  same<typeof nested.data.practice, { name: string }>(true)
  same<(typeof nested.data.appointments)[number]["status"], "booked" | "arrived" | "done" | "missed" | "cancelled">(true)
  same<(typeof nested.data.appointments)[number]["doctor"], { name: string; job: "doctor" | "nurse" | "desk" }>(true)

  const view = await db.from("openSlots").select("startsAt, doctorName").limit(1)
  if (view.error) return
  same<(typeof view.data)[number], { startsAt: string; doctorName: string | null }>(true)

  const unknown = await db.from("patients").select("nme")
  // @ts-expect-error: patients have no such field
  void unknown.data?.[0]?.nme
  // @ts-expect-error: there is no such collection
  void db.from("patiens")
  // @ts-expect-error: no such field to filter by
  void db.from("patients").select("name").eq("nme", 1)
}

export async function writes(practice: string, patient: string) {
  const observation = { practice, patient, kind: "pulse", value: "72", unit: "bpm", measuredAt: "2026-01-01T08:00:00Z" } as const
  await db.from("observations").insert(observation)
  // @ts-expect-error: whose?
  await db.from("observations").insert({ practice, kind: "pulse", value: "72", unit: "bpm", measuredAt: "2026-01-01T08:00:00Z" })
  // @ts-expect-error: no such unit
  await db.from("observations").insert({ ...observation, unit: "K" })
  await db.from("prescriptions").update({ refills: 1 }).eq("id", patient)
  // @ts-expect-error: a prescription is for one substance
  await db.from("prescriptions").update({ substance: "Ramipril" })
  // @ts-expect-error: a view is only read
  await db.from("openSlots").insert({ practice })
}
`
