/** What a wrong register of consents, and a rule that asks it wrongly, are told. */
import { expect, it, test } from "vitest"
import {
  type AnyEntity,
  actor,
  anyone,
  consentEntity,
  entity,
  nobody,
  type Purpose,
  ref,
  text,
  userEntity,
} from "../index.ts"
import { buildPolicies } from "../policy/policies.ts"
import { buildModel } from "./build.ts"
import { ModelError } from "./model-error.ts"

const me = actor({})
const good: Purpose = { text: "We may.", version: 1, basis: "consent", withdrawal: "We stop." }

function problemsOf(...entities: AnyEntity[]): string[] {
  try {
    buildPolicies(buildModel(entities))
    return []
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    for (const problem of error.problems) expect(problem.message).not.toMatch(/\{\w+\}/)
    return error.problems.map((problem) => `${problem.code} ${problem.where}: ${problem.message}`)
  }
}

const User = userEntity()

test.each<[string, Partial<Purpose>, string]>([
  ["no text", { text: " " }, "no text"],
  ["no version", { version: 0 }, "a version"],
  ["a basis that there is not", { basis: "because" as "consent" }, "no purpose of it rests on consent"],
  ["nothing about withdrawing", { withdrawal: "" }, "no `withdrawal`"],
  ["a since that is to come", { since: 2 }, "a `since`"],
  ["no consent at all", { basis: "contract" }, "no purpose of it rests on consent"],
])("TR-03161-3 Purp_4: a purpose that is not whole does not build: with %s", (_, more, why) => {
  const found = problemsOf(User, consentEntity(User, { news: { ...good, ...more } }))
  expect(found.join("\n")).toContain(why)
})

it("builds a good one, for people by their key", () => {
  expect(problemsOf(User, consentEntity(User, { news: good }))).toEqual([])
})

it("TR-03161-3 Purp_4: who may grant and not withdraw, or delete, does not build", () => {
  const Consent = consentEntity(User, { news: good })
  Consent.access(() => ({ create: anyone }))
  expect(problemsOf(User, Consent)).toEqual([
    expect.stringContaining("UC150 Consent: is a register of consents, and nobody may withdraw"),
  ])
  Consent.access(() => ({ delete: nobody }))
  expect(problemsOf(User, Consent)).toEqual([expect.stringContaining("its rows may be deleted")])
})

it("refuses persons who are none", () => {
  const Room = entity("Room", { fields: { name: text() } })
  Room.access(() => ({}))
  expect(problemsOf(Room, consentEntity(Room, { news: good })).join("\n")).toContain("Room is no person")
})

test.each<[string, (row: any) => any, string]>([
  ["an unknown purpose", (row) => row.owner.consentsTo("ads"), '"ads", which is not declared'],
  [
    "a purpose that rests on something else",
    (row) => row.consentsTo("care"),
    "rests on contract and not on consent",
  ],
  ["nobody's consent", (row) => row.room.consentsTo("news"), "of Room, whose rows are about nobody"],
  ["the caller's consent to what there is not", () => me.consentsTo("ads"), "which no register has"],
])(
  "TR-03161-3 Purp_3: a rule that asks for a consent that nobody could give does not build: for %s",
  (_, rule, why) => {
    const Room = entity("Room", { fields: { name: text() } })
    Room.access(() => ({}))
    const Thing = entity("Thing", { fields: { owner: ref(User), room: ref(Room) }, subject: "owner" })
    Thing.access(({ row }) => ({ read: rule(row) }))
    const Consent = consentEntity(User, { news: good, care: { ...good, basis: "contract" } })
    const found = problemsOf(User, Room, Thing, Consent)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain("UC151 Thing.read")
    expect(found[0]).toContain(why)
  },
)

it("refuses consentsTo where there is no register", () => {
  const Thing = entity("Thing", { fields: { owner: ref(User) }, subject: "owner" })
  Thing.access(({ row }) => ({ read: row.owner.consentsTo("news") }))
  expect(problemsOf(User, Thing)).toEqual([
    expect.stringContaining("of User, which has no register of consents"),
  ])
})
