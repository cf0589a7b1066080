/** Retention and legal holds from the command line. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { unzipSync } from "fflate"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runSql } from "../../test/support/backend.ts"
import { runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"

const old = "018ce7a8-0f00-7003-8000-000000000001"
const held = "018ce7a8-0f00-7003-8000-000000000002"
const project = {
  "backend.ts": `import { anyone, dataset, date, defineBackend, entity, text } from "undercroft"
const Guest = entity("Guest", {
  fields: { name: text().personal(), passport: text().personal().encrypted().optional(), leftOn: date() },
  subject: "id",
  retain: { years: 1, after: "leftOn" },
})
Guest.access(() => ({ read: anyone }))
const row = (id, name) => ["Guest", { id, name, passport: "passport of " + name, leftOn: "2020-01-01" }]
const stays = dataset(Guest, { purpose: "statistics", k: 2, quasi: ({ row, by }) => ({ left: by.years(row.leftOn) }), values: () => ({}) })
export default defineBackend({ name: "inn", model: [Guest], datasets: { stays }, seed: () => [row("${old}", "Ada"), row("${held}", "Bea")] })`,
}

let ready: ReadyProject
beforeAll(async () => {
  ready = await makeReadyProject(project)
})
afterAll(() => ready?.remove())

const privacy = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["privacy", ...line], ready.options)
const guests = async (): Promise<string[]> =>
  (await runSql(ready.url, "select name from app.guests order by name")).map((row) => row.name)

test.each([
  [["forget"], "UC906", "privacy does retain, and hold add"],
  [["dataset", "guests", "--out", "x"], "UC424", "Datasets: stays."],
  [["dataset", "stays"], "UC906", "dataset needs --out"],
  [["hold", "add", "--subject", "Guest:x", "--reason", "r"], "UC912", "must be a UUID"],
  [["hold", "add", "--subject", `Guest:${old.replace(/1$/, "9")}`, "--reason", "r"], "UC913", "no Guest"],
])("%j is refused with %s", async (line, code, why) => {
  const { code: status, stderr } = await privacy(...line)
  expect(status).not.toBe(0)
  expect(stderr).toContain(code)
  expect(stderr).toContain(why)
})

test("GDPR Art. 25(1), TR-03161-3 Data_3: a dataset for analysis is written, told of and on record", async () => {
  const out = join(ready.options.cwd, "stays")
  const { stdout } = await privacy("dataset", "stays", "--out", out)
  expect(stdout).toContain(`Written to ${out}: 2 of 2 rows, of 2 of 2 people; 0 rows suppressed.`)
  expect(stdout).toContain("k asked 2, reached 2, in 1 of 1 classes, counted by people.")
  expect(await readFile(join(out, "stays.csv"), "utf8")).toMatch(
    /^pseudonym,left\r\n(p[0-9a-f]{32},2020\r\n){2}$/,
  )
  const entries = await runSql(
    ready.url,
    "select kind, door, entity, purpose, question, actor like 'database:%' as by_login from audit.pending where kind = 'export'",
  )
  expect(entries).toEqual([
    {
      kind: "export",
      door: "cli",
      entity: "Guest",
      purpose: "statistics",
      question: { dataset: "stays", k: 2, linked: null },
      by_login: true,
    },
  ])
  expect((await privacy("dataset", "stays", "--out", out)).stderr).toContain("UC422")
}, 60_000)

test("TR-03161-3 Data_2: what is on hold stays, and what is not goes, once it is no rehearsal", async () => {
  const added = await privacy(
    "hold",
    "add",
    "--subject",
    `Guest:${held.toUpperCase()}`,
    "--reason",
    "lawsuit 12/26",
  )
  expect(added.stdout).toMatch(`Guest:${held}  held since`)
  const dry = await privacy("retain", "--dry-run")
  expect(dry.stdout).toContain("a dry run, nothing was changed")
  expect(dry.stdout).toContain("Guest  2 due: 1 deleted, 1 kept by a legal hold")
  expect(await guests()).toEqual(["Ada", "Bea"])
  const done = JSON.parse((await privacy("retain", "--json")).stdout)
  expect(done.entities).toMatchObject([{ entity: "Guest", due: 2, deleted: 1, held: 1 }])
  expect(await guests()).toEqual(["Bea"])
  await privacy("hold", "release", "--subject", `Guest:${held}`, "--reason", "settled")
  const listed = JSON.parse((await privacy("hold", "list", "--json")).stdout)
  expect(listed).toMatchObject([
    { subject: `Guest:${held}`, reason: "lawsuit 12/26", releaseReason: "settled" },
  ])
}, 60_000)

test("TR-03161-3 Data_7: a person is exported and erased, once, and stands in the ledger", async () => {
  const subject = `Guest:${held}`
  const out = join(ready.options.cwd, "data.zip")
  expect((await privacy("export", "--subject", subject, "--out", out)).code).toBe(0)
  const files = unzipSync(await readFile(out))
  expect(JSON.parse(Buffer.from(files["data/Guest.json"]!).toString())).toMatchObject([
    { passport: "passport of Bea" },
  ])
  const erased = JSON.parse((await privacy("erase", "--subject", subject, "--json")).stdout)
  expect(erased.report).toMatchObject({ subject, entities: [{ entity: "Guest", deleted: 1 }], keys: 1 })
  expect(erased.note).toContain("/privacy ")
  expect(await guests()).not.toContain("Bea")
  expect((await privacy("erase", "--subject", subject)).stderr).toContain("UC992")
  // Of whom retention has ended the rows a key is left, and what the record knows.
  const [list, reports] = ["leavers.txt", "reports.txt"].map((one) => join(ready.options.cwd, one)) as [
    string,
    string,
  ]
  await writeFile(list, `${subject}\n\nGuest:${old}\n`)
  const many = await privacy("erase", "--subjects", list, "--out", reports)
  expect(many.stdout, many.stderr).toContain("1 erased; of 1 there was nothing; 0 could not be erased.")
  expect(await readFile(reports, "utf8")).toContain(`"subject":"Guest:${old}"`)
}, 60_000)
