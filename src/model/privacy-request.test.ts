/** A register of privacy requests that nobody could ask or decide in does not build. */
import { expect, it } from "vitest"
import { buildModel } from "./build.ts"
import { anyone } from "./capture.ts"
import { type AnyEntity, entity } from "./entity.ts"
import { text } from "./fields/text.ts"
import type { ModelError } from "./model-error.ts"
import { privacyRequestEntity, type RequestRules } from "./privacy-request.ts"

const Patient = entity("Patient", {
  fields: { name: text().personal(), secret: text().special() },
  subject: "id",
})
Patient.access(() => ({ read: anyone }))
const Thing = entity("Thing", { fields: { name: text() } })
Thing.access(() => ({ read: anyone }))

function problems(...model: readonly AnyEntity[]): string {
  try {
    buildModel(model)
    return ""
  } catch (cause) {
    return (cause as ModelError).problems.map((one) => `${one.code} ${one.message}`).join("\n")
  }
}

it.each([
  ["it names no officer", { officer: " " }],
  ["`atOnce` names", { officer: "officer", atOnce: ["lift"] }],
  ["`signedInMinutes` is out", { officer: "officer", signedInMinutes: 0 }],
] as const)("%s", (why, rules) => {
  expect(problems(Patient, privacyRequestEntity(Patient, rules as unknown as RequestRules))).toMatch(
    new RegExp(`^UC410 .*${why}`),
  )
})

it("needs a person, no delete, and one officer for all registers", () => {
  const rules = { officer: "officer" }
  expect(problems(Patient, privacyRequestEntity(Patient, rules))).toBe("")
  expect(problems(Thing, privacyRequestEntity(Thing, rules))).toContain("UC410")
  const removable = privacyRequestEntity(Patient, rules)
  removable.access(() => ({ read: anyone, delete: anyone }))
  expect(problems(Patient, removable)).toContain("its rows may be deleted")
  const other = privacyRequestEntity(Patient, { officer: "chief" }, { name: "Wish" })
  expect(problems(Patient, privacyRequestEntity(Patient, rules), other)).toContain("another officer")
})

it("corrects personal fields that are seen, and no others", () => {
  const Card = entity("Card", {
    fields: {
      name: text().personal(),
      hidden: text()
        .personal()
        .visibleTo(({ me }) => me.has("doctor")),
      open: text(),
    },
    subject: "id",
  })
  Card.access(() => ({ read: anyone }))
  const model = buildModel([Card, privacyRequestEntity(Card, { officer: "officer" })])
  const { request } = model.byName.get("PrivacyRequest")!
  expect(request?.correctable.map((one) => one.name)).toEqual(["name"])
})
