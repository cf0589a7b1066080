/** What a dataset may not tell is refused when the backend is built, with what to do. */
import { expect, it } from "vitest"
import { buildBackend } from "../build-backend.ts"
import {
  anyone,
  choice,
  consentEntity,
  type Dataset,
  type DatasetOptions,
  dataset,
  date,
  defineBackend,
  entity,
  instant,
  integer,
  list,
  range,
  ref,
  text,
} from "../index.ts"
import type { ModelError } from "./model-error.ts"

const Site = entity("Site", { fields: { name: text().public() } })
const Person = entity("Person", {
  fields: {
    name: text().personal(),
    born: date().personal(),
    gender: choice("female", "male").personal(),
    number: text().personal().encrypted(),
    pin: text().secret().optional(),
  },
  subject: "id",
})
const Visit = entity("Visit", {
  fields: {
    person: ref(Person).immutable(),
    sibling: ref(Person).optional(),
    site: ref(Site),
    at: instant(),
    during: range(instant()),
    kind: choice("acute", "checkup").special(),
    marks: list(text()).internal(),
    ticket: integer().unique(),
    score: integer().special(),
    remark: text().special(),
    device: text().internal(),
  },
  subject: "person",
  reveals: true,
})
const Consent = consentEntity(Person, {
  research: { text: "For research.", version: 1, basis: "consent", withdrawal: "Then no longer." },
})
for (const one of [Site, Person, Visit]) one.access(() => ({ read: anyone }))
Consent.access(() => ({ read: anyone }))

type Options = DatasetOptions<any>

function problemsOf(study: Dataset): readonly string[] {
  const model = [Site, Person, Visit, Consent, Consent.purposes]
  try {
    buildBackend(defineBackend({ name: "study", model, datasets: { study } }))
  } catch (error) {
    return (error as ModelError).problems.map((one) => `${one.code} ${one.where} ${one.message} ${one.hint}`)
  }
  return []
}

const declare = (options: Partial<Options>): Dataset =>
  dataset(Visit as any, { purpose: "research", k: 2, quasi: () => ({}), values: () => ({}), ...options })

it.each<[string, Options["quasi"]]>([
  ["a personal choice", ({ row }) => ({ x: row.person.gender })],
  ["a day of birth by years", ({ row, by }) => ({ x: by.years(row.person.born) })],
  ["the start of a range by months", ({ row, by }) => ({ x: by.months(row.during.from) })],
  ["a special number in steps", ({ row, by }) => ({ x: by.steps(row.score, 0.5) })],
  ["what is about nobody", ({ row }) => ({ x: row.site, y: row.site.name })],
])("GDPR Art. 25(1): what is told less exactly is taken as a quasi-identifier: %s", (_, quasi) => {
  expect(problemsOf(declare({ quasi }))).toEqual([])
})

it.each<[string, Options["quasi"], string, string]>([
  ["a name as it is", ({ row }) => ({ x: row.person.name }), "is personal, and told as it is", "by.prefix"],
  ["a day as it is", ({ row }) => ({ x: row.person.born }), "is personal, and told as it is", "by.ages"],
  ["a special number as it is", ({ row }) => ({ x: row.score }), "is special, and told as it is", "by.steps"],
  ["a moment as it is", ({ row }) => ({ x: row.at }), "is told too exactly", "by.months"],
  ["a range", ({ row }) => ({ x: row.during }), "is told too exactly", "`.from`"],
  [
    "a range by months",
    ({ row, by }) => ({ x: by.months(row.during) }),
    "can't be told by months",
    "`.from`",
  ],
  ["a list", ({ row }) => ({ x: row.marks }), "is told too exactly", "Leave it out"],
  ["a secret", ({ row, by }) => ({ x: by.prefix(row.person.pin, 1) }), "is secret", "Leave it out"],
  [
    "an encrypted field",
    ({ row, by }) => ({ x: by.prefix(row.person.number, 1) }),
    "is encrypted",
    "Leave it out",
  ],
  ["the person's key", ({ row }) => ({ x: row.person }), "would tie rows of one person", "linked"],
  ["the row's key", ({ row }) => ({ x: row.id }), "would tie rows of one person", "linked"],
  ["another person", ({ row }) => ({ x: row.sibling.gender }), "is about another person", "subject"],
  [
    "a field that is not there",
    ({ row }) => ({ x: row.person.age }),
    "names age, which Person does not have",
    "born",
  ],
  [
    "a way through no reference",
    ({ row }) => ({ x: row.kind.name }),
    "goes on after kind",
    "field of the row",
  ],
  ["no field", () => ({ x: 1 as any }), "is no field of the row", "row.<field>"],
  [
    "a rule that does not fit",
    ({ row, by }) => ({ x: by.ages(row.at) }),
    "can't be told by ages",
    "by.months",
  ],
  ["no amount", ({ row, by }) => ({ x: by.years(row.at, 0) }), "of no amount", "above 0"],
  [
    "an amount that is SQL",
    ({ row, by }) => ({ x: by.steps(row.score, "1) or (1" as any) }),
    "of no amount",
    "above 0",
  ],
  ["the name of the pseudonym", ({ row }) => ({ pseudonym: row.kind }), "is there twice", "another name"],
])(
  "GDPR Art. 25(2), TR-03161-3 Data_3: what points to a person as it is, is refused as a quasi-identifier: %s",
  (_, quasi, why, mend) => {
    const [problem, ...more] = problemsOf(declare({ quasi }))
    expect(more).toEqual([])
    expect(problem).toMatch(/^UC421 datasets\.study\./)
    expect(problem).toContain(why)
    expect(problem).toContain(mend)
  },
)

it.each<[string, Options["values"], string]>([
  ["what is personal", ({ row }) => ({ x: row.person.gender }), "could point to a person"],
  ["a text that may hold a name", ({ row }) => ({ x: row.remark }), "could point to a person"],
  ["a text that is not public", ({ row }) => ({ x: row.device }), "could point to a person"],
  ["a month", ({ row, by }) => ({ x: by.months(row.at) }), "could point to a person"],
  ["a unique number", ({ row }) => ({ x: row.ticket }), "is unique"],
])("GDPR Art. 25(2): what points to a person is refused as a value: %s", (_, values, why) => {
  expect(problemsOf(declare({ values }))).toEqual([expect.stringContaining(why)])
})

it.each<[string, Partial<Options>, string]>([
  ["k of 1", { k: 1 }, "k is below 2"],
  ["no k", { k: undefined as any }, "k is below 2"],
  ["an unknown option", { q: 1 } as any, "with the option q"],
  ["another `linked`", { linked: "ever" as any }, "unknown `linked`"],
  ["no purpose", { purpose: " " }, "without a purpose"],
  ["a misspelt purpose", { purpose: "reserch" }, "for reserch, which the register of consents does not know"],
])(
  "GDPR Art. 5(1)(b): a dataset that does not say what for, or how safe, is refused: with %s",
  (_, options, why) => {
    expect(problemsOf(declare(options))).toEqual([expect.stringMatching(/^UC420 datasets\.study /)])
    expect(problemsOf(declare(options))[0]).toContain(why)
  },
)

it("a dataset of what is not in the model, or is about nobody and linked, is refused", () => {
  const Other = entity("Other", { fields: { name: text() } })
  const bare = { purpose: "x", k: 2, quasi: () => ({}), values: () => ({}) }
  expect(problemsOf(dataset(Other, bare))).toEqual([expect.stringContaining("not in the model")])
  expect(problemsOf(dataset(Consent.purposes, bare))).toEqual([])
  expect(problemsOf(dataset(Site, { ...bare, linked: "run" }))).toEqual([
    expect.stringContaining("about nobody"),
  ])
})
