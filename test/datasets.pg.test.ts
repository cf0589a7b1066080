/** Datasets for analysis: what leaves stands for k people or more, and holds nothing that was not named. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildBackend } from "../src/build-backend.ts"
import {
  anyone,
  boolean,
  choice,
  consentEntity,
  type Dataset,
  type DatasetColumns,
  type DatasetScope,
  dataset,
  date,
  decimal,
  defineBackend,
  entity,
  instant,
  integer,
  ref,
  signedIn,
  text,
} from "../src/index.ts"
import { buildDatasets } from "../src/model/build-dataset.ts"
import { ProblemList } from "../src/model/model-error.ts"
import { writeDataset } from "../src/privacy/dataset-files.ts"
import type { DatasetReport } from "../src/privacy/dataset-report.ts"
import { restrictPerson } from "../src/store/restrictions.ts"
import { startTestBackend, type TestBackend, testSecret } from "./support/backend.ts"

const Site = entity("Site", { fields: { name: text().public() } })
Site.access(() => ({ read: anyone }))
const Person = entity("Person", {
  fields: {
    name: text().personal(),
    born: date().personal(),
    gender: choice("female", "male").personal(),
    postcode: text({ max: 5 }).personal().optional(),
    weight: integer().personal(),
    number: text().personal().encrypted(),
    pin: text().secret().optional(),
  },
  subject: "id",
})
Person.access(() => ({ read: anyone }))
const Consent = consentEntity(Person, {
  research: { text: "For research.", version: 2, basis: "consent", withdrawal: "Then no longer." },
  quality: { text: "For quality.", version: 1, basis: "legitimate-interests" },
})
Consent.access(() => ({ read: anyone, create: signedIn, update: signedIn }))
const Visit = entity("Visit", {
  fields: {
    person: ref(Person).immutable(),
    sibling: ref(Person).optional(),
    site: ref(Site),
    at: instant(),
    kind: choice("acute", "checkup", "other").special(),
    cost: decimal({ precision: 8, scale: 2 }),
    ticket: integer().unique(),
    first: boolean(),
    remark: text().special(),
  },
  subject: "person",
  reveals: true,
})
Visit.access(() => ({ read: anyone }))
const definition = defineBackend({
  name: "study",
  model: [Site, Person, Consent, Consent.purposes, Visit],
})
const { model } = buildBackend(definition)

let backend: TestBackend
let folder: string
let runs = 0
beforeAll(async () => {
  backend = await startTestBackend(definition)
  folder = await mkdtemp(join(tmpdir(), "undercroft-datasets-"))
}, 60_000)
afterAll(async () => {
  await backend?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Repeatable: a linear congruential generator over a seed. */
class Dice {
  private state: number
  constructor(seed: number) {
    this.state = seed
  }
  below(count: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.state / 2 ** 32) * count)
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
}

interface PersonRow {
  readonly id: string
  readonly born: string
  readonly gender: string
  readonly postcode: string | null
  readonly weight: number
  readonly consents: boolean
}
interface VisitRow {
  readonly person: PersonRow
  readonly site: string
  readonly at: string
  readonly kind: string
  readonly cost: number
  readonly first: boolean
}

const key = (group: string, at: number): string =>
  `018ce7a8-0f00-7003-8${group}-${String(at).padStart(12, "0")}`

/** Rows of nobody's are thrown away; canaries stand in all that no dataset names. */
async function fill(dice: Dice): Promise<readonly VisitRow[]> {
  const sites = ["North", "=1+1", "South, East"].map((name, at) => ({ id: key("001", at), name }))
  const people: readonly PersonRow[] = Array.from({ length: 30 }, (_, at) => ({
    id: key("002", at),
    born: `${1930 + dice.below(90)}-0${1 + dice.below(9)}-15`,
    gender: dice.pick(["female", "male"]),
    postcode: dice.pick([null, "10115", "10407", "20095"]),
    weight: 50 + dice.below(50),
    consents: dice.below(4) > 0,
  }))
  const visits = Array.from({ length: 90 }, () => ({
    person: dice.pick(people),
    site: dice.pick(sites).name,
    at: `2026-0${1 + dice.below(3)}-1${dice.below(9)}T23:30:00Z`,
    kind: dice.pick(["acute", "checkup", "other"]),
    cost: dice.below(9) / 4,
    first: dice.below(2) === 0,
  }))
  const load = (table: string, rows: readonly object[]): Promise<unknown> =>
    backend.sql(
      `insert into app.${table} select (jsonb_populate_record(null::app.${table}, d.defaults || r)).* from jsonb_array_elements($1::jsonb) r,
        (select jsonb_build_object('id', gen_random_uuid(), 'created_at', now(), 'updated_at', now(), 'version', 1) as defaults) d`,
      [JSON.stringify(rows)],
    )
  await backend.sql(
    "truncate app.sites, app.persons, app.consents, app.visits, undercroft_state.restrictions",
  )
  await load("sites", sites)
  const sealed = `\\x01${"00".repeat(60)}`
  await load(
    "persons",
    people.map((one, at) => ({
      ...one,
      name: `CANARY-${at}`,
      number: sealed,
      pin: "CANARY",
    })),
  )
  await load(
    "visits",
    visits.map((one, at) => ({
      ...one,
      id: key("003", at),
      person: one.person.id,
      sibling: dice.pick(people).id,
      site: sites.find(({ name }) => name === one.site)!.id,
      ticket: 7_000_000 + at,
      remark: "CANARY of a remark",
    })),
  )
  await backend.sql(
    "insert into app.consents (person, purpose, version, status, reason) select unnest($1::uuid[]), 'research', 2, 'granted', 'paper'",
    [people.filter((one) => one.consents).map((one) => one.id)],
  )
  return visits
}

interface Written {
  readonly report: DatasetReport
  readonly rows: readonly Readonly<Record<string, any>>[]
  readonly csv: string
  readonly all: string
}

async function write(
  declared: Dataset,
  name = "study",
  secret: string | undefined = testSecret,
): Promise<Written> {
  const problems = new ProblemList()
  const info = buildDatasets({ [name]: declared }, model, problems).get(name)!
  problems.check()
  const out = join(folder, `run-${++runs}`)
  const report = await writeDataset({ adminUrl: backend.adminUrl, info, secret, out })
  const read = (file: string): Promise<string> => readFile(join(out, file), "utf8")
  expect((await readdir(out)).toSorted()).toEqual([`${name}.csv`, `${name}.jsonl`, "report.json"].toSorted())
  const [csv, lines, told] = [
    await read(`${name}.csv`),
    await read(`${name}.jsonl`),
    await read("report.json"),
  ]
  expect(JSON.parse(told)).toEqual(report)
  const rows = lines
    .split("\n")
    .filter(Boolean)
    .map((one) => JSON.parse(one))
  expect(csv.trimEnd().split("\r\n")).toHaveLength(rows.length + 1)
  return { report, rows, csv, all: csv + lines + told }
}

const band = (year: number, of: number): string => {
  const first = Math.floor(year / of) * of
  return of === 1 ? String(year) : `${first}-${first + of - 1}`
}
function ageBand(born: string, of: number): string {
  const [now, then] = [new Date(), new Date(`${born}T00:00:00Z`)]
  const months = (now.getUTCFullYear() - then.getUTCFullYear()) * 12 + now.getUTCMonth() - then.getUTCMonth()
  const age = Math.max(Math.floor((months - (now.getUTCDate() < then.getUTCDate() ? 1 : 0)) / 12), 0)
  const first = Math.floor(age / of) * of
  return age >= 90 ? "90+" : `${first}-${Math.min(first + of - 1, 89)}`
}

type Scope = DatasetScope<any>
/** Each column with what it should say, found without the code under test. */
const choices: Readonly<
  Record<
    string,
    (of: number) => { declare: (scope: any) => DatasetColumns[string]; naive: (row: VisitRow) => unknown }
  >
> = {
  born: (of) => ({
    declare: ({ row, by }: Scope) => by.years(row.person.born, of),
    naive: ({ person }) => band(Number(person.born.slice(0, 4)), of),
  }),
  age: (of) => ({
    declare: ({ row, by }: Scope) => by.ages(row.person.born, of * 10 + 1),
    naive: ({ person }) => ageBand(person.born, of * 10 + 1),
  }),
  gender: () => ({ declare: ({ row }: Scope) => row.person.gender, naive: ({ person }) => person.gender }),
  postcode: (of) => ({
    declare: ({ row, by }: Scope) => by.prefix(row.person.postcode, of),
    naive: ({ person }) => person.postcode?.slice(0, of) ?? null,
  }),
  weight: (of) => ({
    declare: ({ row, by }: Scope) => by.steps(row.person.weight, of * 7),
    naive: ({ person }) => Math.floor(person.weight / (of * 7)) * of * 7,
  }),
  month: () => ({ declare: ({ row, by }: Scope) => by.months(row.at), naive: ({ at }) => at.slice(0, 7) }),
  site: () => ({ declare: ({ row }: Scope) => row.site.name, naive: ({ site }) => site }),
}

const countBy = <T>(items: readonly T[], name: (one: T) => string): Map<string, T[]> => {
  const found = new Map<string, T[]>()
  for (const one of items) found.set(name(one), [...(found.get(name(one)) ?? []), one])
  return found
}
const lined = (row: object): string => JSON.stringify(Object.values(row))

describe("GDPR Art. 25(1), Art. 89(1), TR-03161-3 Data_3: random data, random declarations", () => {
  const seen = { told: 0, suppressed: 0 }
  afterAll(() => expect(Math.min(seen.told, seen.suppressed)).toBeGreaterThan(100))
  it.each(Array.from({ length: 12 }, (_, at) => at + 1))(
    "seed %i: each line stands for k people, and nothing leaves that was not named",
    async (seed) => {
      const dice = new Dice(seed * 7919)
      const visits = await fill(dice)
      const restricted = key("002", dice.below(30))
      await restrictPerson(backend.adminUrl, model, {
        said: `Person:${restricted}`,
        by: "test",
        reason: "disputed",
      })
      const names = Object.keys(choices).filter(() => dice.below(5) < 2)
      const quasi = names.map((name) => [name, choices[name]!(dice.pick([1, 2, 5]))] as const)
      const [k, linked, purpose] = [
        2 + dice.below(4),
        dice.pick([undefined, "run", "runs"] as const),
        dice.pick(["research", "quality"]),
      ]
      const { report, rows, all } = await write(
        dataset(Visit, {
          purpose,
          k,
          ...(linked ? { linked } : {}),
          quasi: (scope) => Object.fromEntries(quasi.map(([name, { declare }]) => [name, declare(scope)])),
          values: ({ row }) => ({ kind: row.kind, cost: row.cost }),
        }),
      )
      const tuple = (row: VisitRow): string => lined(quasi.map(([, { naive }]) => naive(row)))
      const usable = visits.filter(
        ({ person }) => person.id !== restricted && (purpose === "quality" || person.consents),
      )
      const ofPerson = countBy(usable, ({ person }) => person.id)
      const classOf = (row: VisitRow): string =>
        linked ? lined([...new Set(ofPerson.get(row.person.id)!.map(tuple))].toSorted()) : tuple(row)
      const classes = countBy(usable, classOf)
      const people = (some: readonly VisitRow[]): number => new Set(some.map(({ person }) => person.id)).size
      const kept = usable.filter((row) => people(classes.get(classOf(row))!) >= k)
      const wanted = kept.map((row) =>
        lined([...quasi.map(([, { naive }]) => naive(row)), row.kind, row.cost.toFixed(2)]),
      )
      expect(rows.map((row) => lined(Object.values(row).slice(1))).toSorted()).toEqual(wanted.toSorted())

      // By the output alone: as many rows, and where people are linked as many of them.
      const told = countBy(rows, (row) => lined(names.map((name) => row[name])))
      for (const some of told.values()) {
        expect(some.length).toBeGreaterThanOrEqual(k)
        if (linked) expect(new Set(some.map((row) => row.pseudonym)).size).toBeGreaterThanOrEqual(k)
      }
      const sizes = [...classes.values()].map(people).filter((size) => size >= k)
      expect(report).toMatchObject({
        k: { asked: k, reached: sizes.length === 0 ? null : Math.min(...sizes) },
        classes: { in: classes.size, out: sizes.length },
        rows: { in: usable.length, out: kept.length, suppressed: usable.length - kept.length },
        people: { in: people(usable), out: people(kept) },
      })
      seen.told += kept.length
      seen.suppressed += usable.length - kept.length
      expect(new Set(rows.map((row) => row.pseudonym)).size).toBe(linked ? people(kept) : kept.length)
      expect(all).not.toMatch(/CANARY|018ce7a8|70000\d\d|T23:30|-15\b/)
    },
  )
})

const byGender = (more: object = {}): Dataset =>
  dataset(Visit, {
    purpose: "quality",
    k: 2,
    quasi: ({ row }) => ({ gender: row.person.gender, site: row.site.name, where: row.site }),
    values: ({ row }) => ({ kind: row.kind, first: row.first }),
    ...more,
  })

describe("a dataset", () => {
  beforeAll(() => fill(new Dice(5)))

  it("GDPR Art. 32(1)(a): pseudonyms are another run's only where it says so, and another dataset's never", async () => {
    const pseudonyms = async (...args: Parameters<typeof write>): Promise<unknown> =>
      (await write(...args)).rows.map((row) => row.pseudonym).toSorted()
    const [first, again] = [
      await pseudonyms(byGender({ linked: "runs" })),
      await pseudonyms(byGender({ linked: "runs" })),
    ]
    expect(again).toEqual(first)
    const linked = byGender({ linked: "runs" })
    for (const other of [
      await pseudonyms(linked, "other"),
      await pseudonyms(linked, "study", testSecret.replace("secret", "Secret")),
      await pseudonyms(byGender({ linked: "run" })),
      await pseudonyms(byGender()),
    ])
      expect(other).not.toEqual(expect.arrayContaining([(first as string[])[0]]))
    await expect(write(linked, "study", "short")).rejects.toMatchObject({ code: "UC423" })
  })

  it("TR-03161-3 Purp_3: whoever withdrew, or agreed to an older text, is not in it", async () => {
    const people = async (): Promise<number> =>
      (await write(byGender({ purpose: "research" }))).report.people.in
    const before = await people()
    await backend.sql(
      "update app.consents set status = 'withdrawn', withdrawal_reason = 'asked' where person in (select person from app.consents join app.visits using (person) limit 1)",
    )
    expect(await people()).toBe(before - 1)
    await backend.sql("alter table app.consents disable trigger user")
    await backend.sql("update app.consents set version = 1 where status = 'granted'")
    await backend.sql("alter table app.consents enable trigger user")
    const { report, rows } = await write(byGender({ purpose: "research" }))
    expect(rows).toEqual([])
    expect(report).toMatchObject({ k: { reached: null }, leftOut: { withoutConsent: 90 } })
  })

  it("a cell that a spreadsheet would run is neutralised, and JSON has it as it is", async () => {
    const { csv, rows } = await write(byGender())
    expect(csv).toMatch(/,"?'=1\+1/)
    expect(csv).not.toMatch(/,=1\+1/)
    expect(rows.some((row) => row.site === "=1+1")).toBe(true)
    expect(rows.every((row) => /^p[0-9a-f]{32}$/.test(row.where))).toBe(true)
  })

  it("a class in which all have one value is warned of (homogeneity)", async () => {
    expect((await write(byGender())).report.warnings).toEqual([])
    await backend.sql(
      "update app.visits set kind = 'acute' where site = (select id from app.sites where name = 'North')",
    )
    const { report } = await write(byGender())
    expect(report.warnings).toEqual([
      expect.stringMatching(/^kind: in 2 class\(es\) everyone has the same value/),
    ])
    expect(report.columns.find((one) => one.name === "kind")?.diversity).toEqual({ least: 1, homogeneous: 2 })
  })

  it("one person's many rows are one, not k", async () => {
    await backend.sql("update app.visits set person = $1", [key("002", 1)])
    const { report, rows } = await write(byGender())
    expect(rows).toEqual([])
    expect(report.rows).toMatchObject({ in: 90, out: 0 })
    expect(report.warnings).toEqual(["Every row was suppressed: tell the quasi-identifiers less exactly."])
  })

  it("a folder that is there, or can't be made, stays as it was", async () => {
    const info = buildDatasets({ study: byGender() }, model, new ProblemList()).get("study")!
    const before = await readdir(folder)
    for (const out of [folder, join(folder, "none", "none")])
      await expect(
        writeDataset({ adminUrl: backend.adminUrl, info, secret: undefined, out }),
      ).rejects.toMatchObject({ code: "UC422" })
    expect(await readdir(folder)).toEqual(before)
  })
})
