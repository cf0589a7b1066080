/** Which fields can't be encrypted, and what whoever tries is told. */
import { expect, test } from "vitest"
import { buildPolicies } from "../policy/policies.ts"
import { actor } from "./actor.ts"
import { buildModel } from "./build.ts"
import { type AnyEntity, entity, view } from "./entity.ts"
import { boolean } from "./fields/boolean.ts"
import { choice } from "./fields/choice.ts"
import { date } from "./fields/date.ts"
import { instant } from "./fields/instant.ts"
import { integer } from "./fields/integer.ts"
import { json } from "./fields/json.ts"
import { ref } from "./fields/reference.ts"
import { text } from "./fields/text.ts"
import type { ModelError } from "./model-error.ts"

const me = actor({})
const secret = () => text().special().encrypted()

function problemsOf(...model: AnyEntity[]): readonly string[] {
  for (const one of model) if (one.readAccess() === null && !one.view) one.access(() => ({}))
  try {
    buildPolicies(buildModel(model))
    return []
  } catch (cause) {
    return (cause as ModelError).problems.map((one) => `${one.code} ${one.where} ${one.message}`)
  }
}

const person = (field: object, options: object = {}): AnyEntity =>
  entity("Person", { fields: { name: text().personal(), field }, subject: "id", ...options } as never)

test("a person's own fields and those of rows that stay theirs can be", () => {
  const Person = person(text().personal().encrypted({ findable: true }), { unique: [["name", "field"]] })
  const Note = entity("Note", {
    fields: { person: ref(Person).immutable(), body: secret() },
    subject: "person",
  })
  expect(problemsOf(Person, Note)).toEqual([])
})

test.each<[string, () => AnyEntity[], RegExp]>([
  ["nobody's", () => [person(secret(), { subject: false })], /UC145 Person.field .*belongs to nobody/],
  [
    "of a key of one's own",
    () => [
      entity("Person", {
        fields: { code: text().internal(), field: secret() },
        key: "code",
        subject: "code",
      }),
    ],
    /UC145 .*needs the key `id`/,
  ],
  [
    "unique and not findable",
    () => [person(secret().unique())],
    /UC145 .*only what is findable can be compared/,
  ],
  [
    "in a unique constraint and not findable",
    () => [person(secret(), { unique: [["name", "field"]] })],
    /UC145 .*only what is findable/,
  ],
  [
    "to be anonymised and required",
    () => [person(secret(), { erase: "anonymise" })],
    /UC153 .*can't anonymise field, for which there is no value that says nothing/,
  ],
  ["with a default", () => [person(secret().default("x"))], /UC145 .*has a default/],
  ["indexed", () => [person(secret(), { indexes: [["field"]] })], /UC145 .*stands in an index/],
  [
    "of a kind whose JSON the database makes",
    () => [person(instant().special().encrypted())],
    /UC145 .*is instant, whose JSON the database makes/,
  ],
  [
    "a findable boolean",
    () => [person(boolean().personal().encrypted({ findable: true }))],
    /UC146 .*few different values/,
  ],
  [
    "a findable choice",
    () => [person(choice("a", "b").personal().encrypted({ findable: true }))],
    /UC146 .*few different values/,
  ],
  [
    "a findable number",
    () => [person(integer().personal().encrypted({ findable: true }))],
    /UC146 .*few different values/,
  ],
  ["a findable day", () => [person(date().personal().encrypted({ findable: true }))], /UC146 .*few days/],
  [
    "a findable short text",
    () => [person(text({ max: 2 }).personal().encrypted({ findable: true }))],
    /UC146 .*so short a text/,
  ],
  [
    "findable JSON",
    () => [person(json().personal().encrypted({ findable: true }))],
    /UC146 .*one way to be written/,
  ],
])("%s field can't be", (_, model, told) => {
  const problems = problemsOf(...model())
  expect(problems.join("\n")).toMatch(told)
})

test("a row that could move to another person has none", () => {
  const Person = person(secret())
  const Note = entity("Note", { fields: { person: ref(Person), body: secret() }, subject: "person" })
  expect(problemsOf(Person, Note).join()).toMatch(/UC145 Note.body .*Note.person must be .immutable\(\)/)
})

test("the way to the person must be seen by everyone who reads the row", () => {
  const Person = person(secret())
  const Note = entity("Note", {
    fields: {
      person: ref(Person)
        .immutable()
        .visibleTo(() => me.has("x")),
      body: secret(),
    },
    subject: "person",
  })
  expect(problemsOf(Person, Note).join()).toMatch(/UC145 Note.body .*not everyone may see/)
})

test("rules and views can't look at one", () => {
  const Person = entity("Person", { fields: { field: secret() }, subject: "id" })
  Person.access(({ row }) => ({ read: row.field.is("x") }))
  const Face = view("Face", Person, { key: "id", fields: { id: "id", field: "field" } })
  const problems = problemsOf(Person, Face).join("\n")
  expect(problems).toMatch(/UC145 Face.field .*shows Person.field/)
  const Other = entity("Person", { fields: { field: secret() }, subject: "id" })
  Other.access(({ row }) => ({ read: row.field.is("x") }))
  expect(problemsOf(Other).join()).toMatch(/UC147 Person.read .*Person.field, which is encrypted/)
})
