/** An explanation decides as the predicate does, and names what decides. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { actor, allOf, anyOf, boolean, entity, integer, many, not, ref, signedIn, text } from "../index.ts"
import { buildModel } from "../model/build.ts"
import { type Clause, decidingClauses, type ExplainWorld, explainRule } from "./explain.ts"
import { buildPolicies, policyOf } from "./policies.ts"
import type { Rule } from "./rule.ts"
import { factOf, holds, type JsonRow, type PredicateWorld } from "./to-predicate.ts"

const Ward = entity("Ward", {
  fields: {
    head: text().optional(),
    isOpen: boolean(),
    get beds() {
      return many(Bed, "ward")
    },
  },
})
const Bed = entity("Bed", {
  fields: { ward: ref(Ward).optional(), guest: text().optional(), level: integer() },
})
const me = actor({
  get wards() {
    return Ward.where(({ row }) => row.head.is(me.id)).pick("id")
  },
})
Ward.access(({ row }) => ({ read: anyOf(row.head.is(me.id), row.isOpen.is(true)) }))

type BedRow = Parameters<Parameters<typeof Bed.access>[0]>[0]["row"]
type Condition = typeof signedIn

const conditions: readonly ((row: BedRow) => Condition)[] = [
  () => signedIn,
  () => me.has("nurse"),
  (row) => row.guest.is(me.id),
  (row) => not(row.guest.is(me.id)),
  (row) => row.ward.in(me.wards),
  (row) => not(row.ward.in(me.wards)),
  (row) => row.guest.isNull(),
  (row) => row.ward.head.is(me.id),
  (row) => row.ward.visible(),
  (row) => not(row.ward.visible()),
  (row) => row.ward.beds.some((one) => allOf(one.level.above(1), one.guest.isNull())),
  (row) => allOf(anyOf(row.guest.is(me.id), row.ward.visible()), not(me.has("nurse"))),
  (row) => anyOf(allOf(row.level.is(1), row.ward.isOpen.is(true)), allOf(signedIn, row.guest.isNull())),
]

function ruleOf(condition: (row: BedRow) => Condition): {
  rule: Rule
  world: (world: PredicateWorld) => ExplainWorld
} {
  Bed.access(({ row }) => ({ read: condition(row) }))
  const policies = buildPolicies(buildModel([Ward, Bed]))
  const bed = policies.model.byName.get("Bed")!
  return {
    rule: policyOf(policies, bed).read,
    world: (world) => ({
      caller: world.caller,
      now: world.now,
      rowsWhere: async (of, field, value) => world.rowsOf(of).filter((row) => row[field.name] === value),
      factValues: async (fact) => factOf(fact, world),
    }),
  }
}

const person = fc.constantFrom("ann", "bob")
const wardIds = ["w1", "w2"]
const worlds = fc.record({
  wards: fc.array(fc.record({ head: fc.option(person), isOpen: fc.boolean() }), {
    minLength: 2,
    maxLength: 2,
  }),
  beds: fc.array(
    fc.record({
      ward: fc.option(fc.constantFrom(...wardIds)),
      guest: fc.option(person),
      level: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  id: fc.option(person),
  roles: fc.subarray(["nurse", "doctor"]),
})

test.each(conditions.map((condition) => [String(condition).replaceAll(/\s+/g, " "), condition] as const))(
  "%s",
  async (_, condition) => {
    const { rule, world } = ruleOf(condition)
    const bed = buildModel([Ward, Bed]).byName.get("Bed")!
    await fc.assert(
      fc.asyncProperty(worlds, async ({ wards, beds, id, roles }) => {
        const rows: Readonly<Record<string, readonly JsonRow[]>> = {
          Ward: wards.map((one, at) => ({ id: wardIds[at], ...one })),
          Bed: beds.map((one, at) => ({ id: `b${at}`, ...one })),
        }
        const naive: PredicateWorld = {
          caller: { id, roles, claims: {} },
          now: "2026-01-01T00:00:00Z",
          rowsOf: (of) => rows[of.name] ?? [],
        }
        for (const row of rows.Bed ?? []) {
          const clause = await explainRule(rule, row, bed, world(naive))
          expect(clause.holds).toBe(holds(rule, { row }, naive))
          expect(everyGroupFollows(clause)).toBe(true)
          const deciding = decidingClauses(clause)
          expect(deciding.length).toBeGreaterThan(0)
          for (const one of deciding) expect(one.holds).toBe(clause.holds)
        }
      }),
      { numRuns: 60 },
    )
  },
)

/** Whether the answer of each group is that of its terms. */
function everyGroupFollows({ kind, holds: held, terms }: Clause): boolean {
  const follows =
    kind === "all"
      ? held === terms.every((one) => one.holds)
      : kind === "any"
        ? held === terms.some((one) => one.holds)
        : true
  return follows && terms.every(everyGroupFollows)
}
