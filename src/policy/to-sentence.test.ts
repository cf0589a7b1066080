/** Sentences read as English, and rules that differ in meaning differ in words. */
import { expect, test } from "vitest"
import {
  actor,
  allOf,
  anyOf,
  boolean,
  choice,
  claim,
  concat,
  entity,
  instant,
  integer,
  lower,
  many,
  nobody,
  not,
  now,
  ref,
  signedIn,
  text,
} from "../index.ts"
import { buildModel } from "../model/build.ts"
import { buildPolicies, policyOf } from "./policies.ts"
import type { Rule } from "./rule.ts"
import { factSentence, toSentence } from "./to-sentence.ts"

const User = entity("User", { fields: { nick: text().internal() } })
User.access(() => ({}))
const Ward = entity("Ward", {
  fields: {
    head: ref(User),
    get beds() {
      return many(Bed, "ward")
    },
  },
})
Ward.access(({ row }) => ({ read: row.head.is(me.id) }))
const Bed = entity("Bed", {
  fields: {
    ward: ref(Ward).optional(),
    guest: ref(User).optional(),
    state: choice("free", "taken"),
    nextState: text(),
    level: integer(),
    clean: boolean(),
    isOpen: boolean(),
    hasWindow: boolean(),
    freedAt: instant().optional(),
  },
})
const me = actor({
  get wards() {
    return Ward.where(({ row }) => row.head.is(me.id)).pick("id")
  },
  tenant: claim(text()),
})

type BedRules = Parameters<typeof Bed.access>[0]
type BedRow = Parameters<BedRules>[0]["row"]
type BedCondition = NonNullable<ReturnType<BedRules>["read"]>

/** The sentence of one rule as the read rule of beds. */
function ruleOf(condition: (row: BedRow) => BedCondition): Rule {
  Bed.access(({ row }) => ({ read: condition(row) }))
  const policies = buildPolicies(buildModel([User, Ward, Bed]))
  return policyOf(policies, policies.model.byName.get("Bed")!).read
}

const bed = buildModel([User, Ward, withAccess()]).byName.get("Bed")!

function withAccess(): typeof Bed {
  Bed.access(() => ({}))
  return Bed
}

function said(condition: (row: BedRow) => BedCondition): string {
  return toSentence(ruleOf(condition), bed)
}

const guest = (row: BedRow): BedCondition => row.guest.is(me.id)
const mine = (row: BedRow): BedCondition => row.ward.in(me.wards)
const free = (row: BedRow): BedCondition => row.state.is("free")

test.each<[string, (row: BedRow) => BedCondition]>([
  ["no one", () => nobody],
  ["everyone who is signed in", () => signedIn],
  ["everyone who is not signed in", () => not(signedIn)],
  ['everyone who has the role "nurse"', () => me.has("nurse")],
  [
    'everyone who has the role "head", "nurse" or "a \\"b\\""',
    () => anyOf(me.has("head"), anyOf(me.has("nurse"), me.has('a "b"'))),
  ],
  ['everyone who has the roles "head" and "nurse"', () => allOf(me.has("head"), me.has("nurse"))],
  ['everyone who does not have the role "guest"', () => not(me.has("guest"))],
  ["everyone who is the bed's guest", guest],
  ["everyone who is not the bed's guest", (row) => not(guest(row))],
  ["everyone whose wards include the bed's ward", mine],
  ["everyone whose wards do not include the bed's ward", (row) => not(mine(row))],
  [
    "everyone whose wards include the bed's ward or who is the bed's guest",
    (row) => anyOf(mine(row), guest(row)),
  ],
  ["everyone whose tenant is the bed's next state", (row) => row.nextState.is(me.tenant)],
  ["everyone who is the bed's ward's head", (row) => row.ward.head.is(me.id)],
  ["everyone who may read the bed's ward", (row) => row.ward.visible()],
  ['anyone if the bed\'s state is "free"', free],
  ['anyone if the bed\'s state is one of "free", "taken"', (row) => row.state.in(["free", "taken"])],
  ["anyone if the bed is marked as clean", (row) => row.clean.is(true)],
  ["anyone if the bed is not marked as clean", (row) => row.clean.is(false)],
  ["anyone if the bed is not open", (row) => row.isOpen.is(false)],
  ["anyone if the bed has window", (row) => row.hasWindow.is(true)],
  ["anyone if the bed does not have window", (row) => not(row.hasWindow.is(true))],
  ['anyone if the bed\'s "freed at" is not set', (row) => row.freedAt.isNull()],
  ['anyone if the bed\'s "freed at" is before 7 days ago', (row) => row.freedAt.before(now.minus("P7D"))],
  ["anyone if the bed's level is at least 3", (row) => row.level.atLeast(3)],
  ['anyone if the bed\'s next state does not start with "x"', (row) => not(row.nextState.startsWith("x"))],
  [
    "anyone if (the bed's state followed by \"!\") is the lower-case form of the bed's next state",
    (row) => concat(row.state, "!").is(lower(row.nextState)),
  ],
  [
    "everyone whose wards include the bed's ward, or anyone if the bed's state is \"free\"",
    (row) => anyOf(free(row), mine(row)),
  ],
  [
    "everyone whose wards include the bed's ward, if the bed's state is \"free\" and the bed is marked as clean",
    (row) => allOf(free(row), mine(row), row.clean.is(true)),
  ],
  [
    "everyone who is signed in and (whose wards include the bed's ward or who is the bed's guest)",
    (row) => allOf(signedIn, anyOf(mine(row), guest(row))),
  ],
  [
    "everyone whose wards include the bed's ward, or everyone who is the bed's guest, if the bed's state is \"free\"; in each case only if the bed is marked as clean",
    (row) => allOf(row.clean.is(true), anyOf(mine(row), allOf(guest(row), free(row)))),
  ],
  [
    "anyone if (the caller's wards include the bed's ward, or the bed's state is \"free\") and the bed is marked as clean",
    (row) => allOf(anyOf(mine(row), free(row)), row.clean.is(true)),
  ],
  [
    "anyone if there is at least one among the bed's ward's beds for which (that bed's level is 1 and that bed's state is \"free\")",
    (row) => row.ward.beds.some((one) => allOf(one.level.is(1), one.state.is("free"))),
  ],
])("%s", (sentence, condition) => {
  expect(said(condition)).toBe(sentence)
})

test("a fact is told by how it is found", () => {
  Bed.access(({ row }) => ({ read: mine(row) }))
  const { facts } = buildPolicies(buildModel([User, Ward, Bed]))
  expect(facts.map(factSentence)).toEqual(["the id of every ward for which the caller is the ward's head"])
})

/** All rules of two levels over these conditions, each with its truth table. */
test("rules that are true in different cases differ in words", () => {
  const leaves = [ruleOf(guest), ruleOf(mine), ruleOf(free), ruleOf((row) => row.clean.is(true))]
  const groups = (terms: readonly Rule[]): Rule[] =>
    terms.flatMap((one, at) =>
      terms.slice(at).flatMap((other): Rule[] => [
        { kind: "all", terms: [one, other] },
        { kind: "any", terms: [one, other] },
      ]),
    )
  const pairs = groups(leaves)
  const rules = [
    { kind: "all", terms: [] },
    { kind: "any", terms: [] },
    ...groups([...leaves, ...pairs]),
  ] as Rule[]
  const isTrue = (rule: Rule, world: number): boolean => {
    if (rule.kind === "all") return rule.terms.every((term) => isTrue(term, world))
    if (rule.kind === "any") return rule.terms.some((term) => isTrue(term, world))
    return (world & (1 << leaves.indexOf(rule))) !== 0
  }
  const tables = new Map<string, string>()
  for (const rule of rules) {
    const table = Array.from({ length: 16 }, (_, world) => isTrue(rule, world)).join()
    const sentence = toSentence(rule, bed)
    expect(tables.get(sentence) ?? table, sentence).toBe(table)
    tables.set(sentence, table)
  }
  expect(tables.size).toBeGreaterThan(100)
})
