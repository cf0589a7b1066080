/** Tests: whose personal data a row is follows the references, and a model that leaves it open does not build. */
import { describe, expect, test } from "vitest"
import { userEntity } from "./account-entities.ts"
import { buildModel } from "./build.ts"
import { type AnyEntity, type EntityOptions, entity } from "./entity.ts"
import type { Field } from "./field.ts"
import { json } from "./fields/json.ts"
import { list } from "./fields/list.ts"
import { ref } from "./fields/reference.ts"
import { text } from "./fields/text.ts"
import { ModelError } from "./model-error.ts"

function declare(name: string, fields: Record<string, unknown>, options: EntityOptions = {}): AnyEntity {
  const made = entity(name, { fields, ...options })
  made.access(() => ({}))
  return made
}

const patient = (subject: string): AnyEntity =>
  declare("Patient", { user: ref("User").optional(), name: text().personal() }, { subject })

function told(...entities: AnyEntity[]): string {
  const { subject } = buildModel(entities).byName.get(entities[0]!.name)!
  if (!subject) return "nobody"
  const path = subject.path.map((one) => `${one.name}.`).join("")
  return `${path}${subject.person.name}, account ${subject.account?.name ?? "none"}`
}

function problems(...entities: AnyEntity[]): readonly string[] {
  try {
    buildModel(entities)
    return []
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return error.problems.map((one) => `${one.code} ${one.where} ${one.message}`)
  }
}

test.each<[string, Field<any, any, any>, string]>([
  ["a text", text({ max: 120 }).optional(), "UC450"],
  ["a document", json(), "UC450"],
  ["a list of texts", list(text()), "UC450"],
  ["a text that is encrypted", text().encrypted(), "UC450"],
  ["one whose name says it", text(), "UC105"],
])(
  "GDPR Art. 25(1): what takes any words in a row about a person does not build without its class: %s",
  (what, field, code) => {
    const name = what.includes("name") ? "phone" : "contact"
    const of = (one: Field<any, any, any>, subject: string | false): readonly string[] =>
      problems(declare("Patient", { [name]: one }, { subject }))
    expect(of(field, "id").map((one) => one.split(" ").slice(0, 2))).toEqual([[code, `Patient.${name}`]])
    expect(of(field.internal(), "id")).toEqual([])
    expect(of(field.personal(), "id")).toEqual([])
    if (code === "UC450" && what !== "a text that is encrypted") expect(of(field, false)).toEqual([])
  },
)

describe("whose data a row is", () => {
  const Patient = patient("user")
  const Visit = declare("Visit", { patient: ref(Patient), why: text().special() }, { subject: "patient" })
  const Remark = declare("Remark", { visit: ref(Visit), body: text().special() }, { subject: "visit" })

  test("the row itself is the person, with an account or without", () => {
    expect(told(Patient)).toBe("Patient, account user")
    expect(told(patient("id"))).toBe("Patient, account none")
  })

  test("a reference leads to the person, over as many entities as there are", () => {
    expect(told(Remark, Visit, Patient)).toBe("visit.patient.Patient, account user")
  })

  test("a reference to User that is always there leads to the user", () => {
    const Letter = declare("Letter", { user: ref("User"), body: text().personal() }, { subject: "user" })
    expect(told(Letter, userEntity())).toBe("user.User, account id")
  })

  test("nobody's, where the model says so or nothing is personal", () => {
    expect(told(declare("Company", { phone: text().personal() }, { subject: false }))).toBe("nobody")
    expect(told(declare("Room", { name: text() }))).toBe("nobody")
  })
})

describe("a model that leaves it open does not build", () => {
  const loop = (): AnyEntity => {
    const Loop: AnyEntity = declare(
      "Loop",
      {
        get other() {
          return ref(Loop)
        },
      },
      { subject: "other" },
    )
    return Loop
  }
  const Room = declare("Room", { name: text() })
  const Patient = patient("user")

  test.each([
    [
      "personal fields without a subject",
      [declare("Card", { phone: text().personal() })],
      "UC141 Card has personal fields (phone)",
    ],
    [
      "a field that there is not",
      [patient("person")],
      'UC140 Patient has the subject "person", which is not a field of it',
    ],
    ["a field that refers to nothing", [patient("name")], "which is no reference"],
    [
      "an entity without a subject",
      [declare("Key", { room: ref(Room) }, { subject: "room" }), Room],
      "leads to Room, which has no subject",
    ],
    [
      "a reference that may be null",
      [declare("Visit", { patient: ref(Patient).optional() }, { subject: "patient" }), Patient],
      "which may be null",
    ],
    ["a circle", [loop()], "leads to Loop, which has no subject"],
    [
      "a composite key",
      [declare("Seat", { row: text(), place: text() }, { key: ["row", "place"], subject: "row" })],
      "can't be followed from a composite key",
    ],
  ])("%s", (_, entities, message) => {
    expect(problems(...entities).join("\n")).toContain(message)
  })
})
