/** What a wrong model is told: code, place and mend, all mistakes at once. */
import { expect, test } from "vitest"
import {
  type AnyEntity,
  actor,
  allOf,
  anyone,
  choice,
  date,
  email,
  entity,
  integer,
  many,
  not,
  range,
  ref,
  text,
  uuid,
} from "../index.ts"
import { buildPolicies } from "../policy/policies.ts"
import { buildModel } from "./build.ts"
import { ModelError } from "./model-error.ts"

/** `code where` of each problem. */
function problemsOf(...entities: AnyEntity[]): string[] {
  try {
    buildPolicies(buildModel(entities))
    return []
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    for (const problem of error.problems) expect(problem.message).not.toMatch(/\{\w+\}/)
    return error.problems.map((problem) => `${problem.code} ${problem.where}`)
  }
}

function open<E extends AnyEntity>(one: E): E {
  one.access(() => ({ read: anyone }))
  return one
}

const Good = open(entity("Good", { fields: { name: text() } }))

test.each<[string, () => AnyEntity[], string[]]>([
  ["a missing policy", () => [entity("Bare", { fields: { name: text() } })], ["UC101 Bare"]],
  [
    "an unknown relation",
    () => [open(entity("Child", { fields: { parent: ref(Good) } }))],
    ["UC102 Child.parent"],
  ],
  [
    "a relation to an unknown name",
    () => [open(entity("Child", { fields: { parent: ref("Nothing") } }))],
    ["UC102 Child.parent"],
  ],
  ["two entities of one name", () => [Good, open(entity("Good", { fields: {} }))], ["UC103 Good"]],
  [
    "two entities of one collection",
    () => [Good, open(entity("Other", { collection: "goods", fields: {} }))],
    ["UC103 Other"],
  ],
  [
    "two fields of one column",
    () => [open(entity("Twice", { fields: { aB: text(), a_b: text() } }))],
    ["UC106 Twice.a_b", "UC103 Twice.a_b"],
  ],
  [
    "a field of the database's own name",
    () => [open(entity("Own", { fields: { createdAt: text() } }))],
    ["UC103 Own.createdAt"],
  ],
  [
    "a reserved field",
    () => [open(entity("Reserved", { fields: { is: text(), select: text() } }))],
    ["UC104 Reserved.is", "UC104 Reserved.select"],
  ],
  ["a reserved entity", () => [open(entity("Query", { fields: {} }))], ["UC104 Query"]],
  ["a reserved collection", () => [open(entity("Call", { collection: "rpc", fields: {} }))], ["UC104 Call"]],
  ["a collection of the client's", () => [open(entity("Action", { fields: {} }))], ["UC104 Action"]],
  [
    "a field that looks personal",
    () => [open(entity("Man", { fields: { homePhone: text(), birthDate: date(), email: email() } }))],
    ["UC105 Man.homePhone", "UC105 Man.birthDate", "UC105 Man.email"],
  ],
  [
    "a field that looks secret",
    () => [open(entity("Door", { fields: { apiKey: text() } }))],
    ["UC105 Door.apiKey"],
  ],
  ["a bad entity name", () => [open(entity("lower", { fields: {} }))], ["UC106 lower"]],
  ["something that is no field", () => [open(entity("Odd", { fields: { x: "text" } }))], ["UC107 Odd.x"]],
  [
    "a key that is no field",
    () => [open(entity("Keyed", { key: "nope", fields: { name: text() } }))],
    ["UC108 Keyed"],
  ],
  [
    "a default that does not fit",
    () => [open(entity("Def", { fields: { size: integer({ max: 3 }).default(4) } }))],
    ["UC109 Def.size"],
  ],
  [
    "a reference to a composite key",
    () => [
      open(entity("Pair", { key: ["a", "b"], fields: { a: text(), b: text() } })),
      open(entity("Sole", { fields: { pair: ref("Pair") } })),
    ],
    ["UC110 Sole.pair"],
  ],
  [
    "a way back through the wrong field",
    () => [Good, open(entity("Back", { fields: { goods: many(Good, "name") } }))],
    ["UC111 Back.goods"],
  ],
  [
    "set null where null may not be",
    () => [Good, open(entity("Nulled", { fields: { good: ref(Good).onDelete("set null") } }))],
    ["UC112 Nulled.good"],
  ],
  [
    "a unique field that tells of hidden rows",
    () => {
      const Hidden = entity("Hidden", { fields: { owner: text(), code: text().unique() } })
      Hidden.access(({ row, me }) => ({ read: row.owner.is(me.id) }))
      return [Hidden]
    },
    ["UC113 Hidden.code"],
  ],
  [
    "a rule with an unknown name",
    () => {
      const Typo = entity("Typo", { fields: { name: text() } })
      Typo.access(({ row }) => ({ read: (row as any).nmae.is("x") }))
      return [Typo]
    },
    ["UC201 Typo.read"],
  ],
  [
    "a question that the kind can't answer",
    () => {
      const Asked = entity("Asked", { fields: { size: integer(), when: range(date()) } })
      Asked.access(({ row }) => ({
        read: (row.size as any).startsWith("1"),
        update: (row.when as any).above("x"),
      }))
      return [Asked]
    },
    ["UC202 Asked.read", "UC202 Asked.update"],
  ],
  [
    "a comparison with a value of another kind",
    () => {
      const Compared = entity("Compared", {
        fields: { size: integer(), kind: choice("a", "b"), key: uuid() },
      })
      Compared.access(({ row }) => ({
        read: row.size.is("x" as never),
        create: row.kind.is("c" as never),
        update: row.key.in(["nope"]),
      }))
      return [Compared]
    },
    ["UC203 Compared.read", "UC203 Compared.create", "UC203 Compared.update"],
  ],
  [
    "policies in a circle",
    () => {
      const Egg: AnyEntity = entity("Egg", {
        fields: {
          get hen() {
            return ref(Hen)
          },
        },
      })
      const Hen: AnyEntity = entity("Hen", {
        fields: {
          get egg() {
            return ref(Egg)
          },
        },
      })
      Egg.access(({ row }: any) => ({ read: row.hen.visible() }))
      Hen.access(({ row }: any) => ({ read: row.egg.visible() }))
      return [Egg, Hen]
    },
    ["UC204 Egg.read", "UC204 Hen.read"],
  ],
  [
    "facts in a circle",
    () => {
      const Ring = entity("Ring", { fields: { owner: text() } })
      const me: any = actor({
        get rings() {
          return Ring.where(({ row }) => row.owner.in(me.rings)).pick("owner")
        },
      })
      Ring.access(({ row }) => ({ read: row.owner.in(me.rings) }))
      return [Ring]
    },
    ["UC204 me.rings"],
  ],
  [
    "a fact that is not declared",
    () => {
      const me: any = actor({})
      const Lone = entity("Lone", { fields: { owner: text() } })
      Lone.access(({ row }) => ({ read: row.owner.in(me.nothing) }))
      return [Lone]
    },
    ["UC205 Lone.read"],
  ],
  [
    "a record of what there is not, and a purpose that no read tells of",
    () => [
      open(entity("Odd", { fields: { name: text() }, audit: { writes: true } as object })),
      open(entity("Vain", { fields: { name: text() }, audit: { purpose: true } })),
      open(entity("Fine", { fields: { name: text() }, audit: { reads: true, purpose: true } })),
    ],
    ["UC142 Odd", "UC142 Vain"],
  ],
])("%s", (_, entities, expected) => {
  expect(problemsOf(...entities())).toEqual(expected)
})

test("an empty anyOf denies and an empty allOf allows", () => {
  const Empty = entity("Empty", { fields: { name: text() } })
  Empty.access(({ row }) => ({ read: allOf(), create: not(allOf()), delete: allOf(row.name.is("x")) }))
  expect(problemsOf(Empty)).toEqual([])
})

test("all problems of a model come at once, and the message has the mend", () => {
  const One = entity("One", { fields: { phone: text(), other: ref("Nobody") } })
  expect(() => buildModel([One])).toThrow(
    /UC105 One\.phone: .*\.personal\(\)[\s\S]*UC102 One\.other[\s\S]*UC101 One/,
  )
})
