/** What could hold for a caller: everything about rows, and of what is about the caller only what is so. */
import { describe, expect, test } from "vitest"
import {
  actor,
  allOf,
  anyOf,
  claim,
  entity,
  instant,
  list,
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
import { couldHold } from "./could-hold.ts"
import { buildPolicies } from "./policies.ts"
import type { PredicateCaller } from "./to-predicate.ts"

const me: any = actor({
  get teams() {
    return Member.where(({ me: caller, row }: any) => row.user.is(caller.id)).pick("team")
  },
  tenant: claim(text()),
})
const Team: any = entity("Team", { fields: { name: text() } })
Team.access(() => ({}))
const Member: any = entity("Member", { fields: { user: text(), team: ref(Team) } })
Member.access(() => ({}))

type Rule = (row: any) => any

/** The read rule of an entity as resolved. */
function resolved(rule: Rule) {
  const Item: any = entity("Item", {
    fields: {
      owner: text(),
      team: ref(Team).optional(),
      at: instant(),
      words: list(text()),
      get parts() {
        return many(Part, "item")
      },
    },
  })
  const Part: any = entity("Part", { fields: { item: ref(Item), owner: text() } })
  Part.access(() => ({}))
  Item.access(({ row }: any) => ({ read: rule(row) }))
  const policies = buildPolicies(buildModel([Team, Member, Item, Part]))
  return [...policies.of.values()].find((one) => one.entity.name === "Item")!.read
}

const anonymous: PredicateCaller = { id: null, roles: [], claims: {} }
const ada: PredicateCaller = { id: "ada", roles: [], claims: {} }
const boss: PredicateCaller = { id: "bo", roles: ["boss"], claims: { tenant: "t1" } }

const cases: readonly (readonly [string, Rule, readonly [boolean, boolean, boolean]])[] = [
  // Anonymous, Ada, the boss.
  ["nobody", () => nobody, [false, false, false]],
  ["signed in", () => signedIn, [false, true, true]],
  ["not signed in", () => not(signedIn), [true, false, false]],
  ["a role", () => me.has("boss"), [false, false, true]],
  ["no role", () => not(me.has("boss")), [true, true, false]],
  ["a row's field", (row) => row.owner.is("x"), [true, true, true]],
  ["a row's owner", (row) => row.owner.is(me.id), [false, true, true]],
  ["not a row's owner: unknown is no", (row) => not(row.owner.is(me.id)), [false, true, true]],
  ["a claim", (row) => row.owner.is(me.tenant), [false, false, true]],
  ["a claim's text", (row) => row.owner.startsWith(me.tenant), [false, false, true]],
  ["a claim against a constant", () => lower(me.tenant).is("T1"), [false, false, false]],
  ["a claim that fits", () => me.tenant.is("t1"), [false, false, true]],
  ["a fact that looks the caller up", (row) => row.team.in(me.teams), [false, true, true]],
  ["not a fact", (row) => not(row.team.in(me.teams)), [true, true, true]],
  ["a related row", (row) => row.team.name.is(me.tenant), [false, false, true]],
  ["some related row", (row) => row.parts.some((one: any) => one.owner.is(me.id)), [false, true, true]],
  ["no related row", (row) => row.parts.none((one: any) => one.owner.is(me.id)), [true, true, true]],
  ["the clock", (row) => row.at.before(now), [true, true, true]],
  ["both", (row) => allOf(row.owner.is(me.id), me.has("boss")), [false, false, true]],
  ["either", (row) => anyOf(row.owner.is(me.id), me.has("boss")), [false, true, true]],
  ["one of no values", (row) => row.owner.in([]), [false, false, false]],
]

describe("could hold", () => {
  test.each(cases)("%s", (_, rule, expected) => {
    const found = resolved(rule)
    expect([anonymous, ada, boss].map((caller) => couldHold(found, caller))).toEqual(expected)
  })

  test("for whoever may come, all but what is never so", () => {
    const open = cases.filter(([, rule]) => couldHold(resolved(rule), null)).map(([name]) => name)
    const shut = cases.map(([name]) => name).filter((name) => !open.includes(name))
    expect(shut).toEqual(["nobody", "one of no values"])
  })
})
