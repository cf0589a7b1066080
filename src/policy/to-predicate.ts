/** Evaluates rules in the process, over rows as JSON values: the naive twin of the SQL, for tests, events and explanations. */

import type { ScopeName } from "../model/expression.ts"
import { compareDecimals } from "../model/fields/decimal.ts"
import { instantMicros } from "../model/fields/instant.ts"
import { readRange } from "../model/fields/range.ts"
import type { EntityInfo, RelationInfo } from "../model/model.ts"
import { BadValue, compareValues, type FieldKind } from "../model/value.ts"
import type { Fact, Rule, RuleValue } from "./rule.ts"

export type JsonRow = Readonly<Record<string, unknown>>

/** Who calls. */
export interface PredicateCaller {
  readonly id: string | null
  readonly roles: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
}

/** What a predicate may look up. */
export interface PredicateWorld {
  readonly caller: PredicateCaller
  /** ISO moment. */
  readonly now: string
  rowsOf(entity: EntityInfo): readonly JsonRow[]
  /** The values of a fact for this caller. */
  factValues?(fact: Fact): readonly unknown[]
}

export type RowScopes = Readonly<Record<ScopeName, JsonRow>>

/** Whether a rule is known to hold. Unknown is no. */
export function holds(rule: Rule, rows: RowScopes, world: PredicateWorld): boolean {
  switch (rule.kind) {
    case "all":
      return rule.terms.every((term) => holds(term, rows, world))
    case "any":
      return rule.terms.some((term) => holds(term, rows, world))
    case "compare": {
      const order = compareAs(
        valueFrom(rule.left, rows, world),
        valueFrom(rule.right, rows, world),
        rule.of,
        rule.left,
        rule.right,
      )
      if (order === null) return false
      return {
        is: order === 0,
        isNot: order !== 0,
        above: order > 0,
        atLeast: order >= 0,
        below: order < 0,
        atMost: order <= 0,
      }[rule.operator]
    }
    case "text": {
      const fold = (value: unknown): string =>
        rule.left.of.collation ? String(value).toLowerCase() : String(value)
      const [left, right] = [valueFrom(rule.left, rows, world), valueFrom(rule.right, rows, world)]
      if (left === null || right === null) return false
      return textFits(rule.operator, fold(left), fold(right)) !== rule.negated
    }
    case "in-values":
      return isMember(valueFrom(rule.left, rows, world), rule.values, rule.of, rule.negated)
    case "in-fact":
      return isMember(
        valueFrom(rule.left, rows, world),
        factOf(rule.fact, world),
        rule.fact.field.kind,
        rule.negated,
      )
    case "null":
      return (valueFrom(rule.value, rows, world) === null) !== rule.negated
    case "signed-in":
      return (world.caller.id !== null) !== rule.negated
    case "role":
      return world.caller.roles.includes(rule.name) !== rule.negated
    case "related": {
      const reference = rows[rule.scope]?.[rule.relation.field.name] ?? null
      if (reference === null) return false
      const key = rule.relation.to.key[0]!
      const found = world
        .rowsOf(rule.relation.to)
        .some(
          (row) =>
            compareAs(row[key.name], reference, key.kind) === 0 &&
            holds(rule.where, { ...rows, [rule.inner]: row }, world),
        )
      return found !== rule.negated
    }
    case "some":
      return (
        someRow(
          rule.relation,
          rows[rule.scope],
          (row) => holds(rule.where, { ...rows, [rule.inner]: row }, world),
          world,
        ) !== rule.negated
      )
    case "consent": {
      const key = rows[rule.scope]?.[rule.field.name] ?? null
      if (key === null) return false
      const { entity, person } = rule.register
      const found = world
        .rowsOf(entity)
        .some(
          (row) =>
            compareAs(row[person.name] ?? null, key, person.kind) === 0 &&
            holds(rule.where, { ...rows, [rule.inner]: row }, world),
        )
      return found !== rule.negated
    }
  }
}

function someRow(
  relation: RelationInfo,
  from: JsonRow | undefined,
  fits: (row: JsonRow) => boolean,
  world: PredicateWorld,
): boolean {
  const key = relation.field.reference!.entity.key[0]!
  return world
    .rowsOf(relation.to)
    .some(
      (row) =>
        compareAs(row[relation.field.name] ?? null, from?.[key.name] ?? null, key.kind) === 0 && fits(row),
    )
}

function textFits(operator: "startsWith" | "endsWith" | "contains", left: string, right: string): boolean {
  return operator === "startsWith"
    ? left.startsWith(right)
    : operator === "endsWith"
      ? left.endsWith(right)
      : left.includes(right)
}

/** The values of a fact, looked up naively. */
export function factOf(fact: Fact, world: PredicateWorld): readonly unknown[] {
  if (world.factValues) return world.factValues(fact)
  return world
    .rowsOf(fact.entity)
    .filter((row) => holds(fact.where, { row }, world))
    .map((row) => row[fact.field.name])
    .filter((value) => value !== null && value !== undefined)
}

function isMember(value: unknown, values: readonly unknown[], of: FieldKind, negated: boolean): boolean {
  if (value === null) return false
  return values.some((one) => compareAs(value, one, of) === 0) !== negated
}

/** Kinds of numbers compare with each other. */
function isNumber(kind: FieldKind): boolean {
  return /^(integer|bigint|numeric)/.test(kind.sqlType) && kind.element === undefined
}

/** The order of two values, or null when one of them is null. */
function compareAs(
  left: unknown,
  right: unknown,
  of: FieldKind,
  leftFrom?: RuleValue,
  rightFrom?: RuleValue,
): number | null {
  if (left === null || right === null || left === undefined || right === undefined) return null
  const moments = [leftFrom?.of.sqlType, rightFrom?.of.sqlType]
  if (moments[0] !== moments[1] && leftFrom && rightFrom && isNumber(leftFrom.of) && isNumber(rightFrom.of)) {
    return compareDecimals(String(left), String(right))
  }
  if (moments.includes("timestamptz") && moments.includes("date")) {
    const [a, b] = [left, right].map((one) =>
      instantMicros(/T/.test(String(one)) ? String(one) : `${String(one)}T00:00:00Z`),
    )
    return a! < b! ? -1 : a! > b! ? 1 : 0
  }
  return (of.compare ?? compareValues)(left, right)
}

/** A value in a rule as JSON; null where it is unknown. */
function valueFrom(value: RuleValue, rows: RowScopes, world: PredicateWorld): unknown {
  switch (value.kind) {
    case "field":
      return rows[value.scope]?.[value.field.name] ?? null
    case "bound":
      return sideOf(rows[value.scope]?.[value.field.name] ?? null, value.side)
    case "constant":
      return value.value
    case "me-id":
      return world.caller.id === null ? null : asKind(world.caller.id, value.of)
    case "claim":
      return world.caller.claims[value.name] ?? null
    case "now":
      return world.now
    case "today":
      return world.now.slice(0, 10)
    case "shift": {
      const of = valueFrom(value.value, rows, world)
      return of === null ? null : shiftMoment(String(of), value.by, value.back)
    }
    case "call": {
      const values = value.values.map((one) => valueFrom(one, rows, world))
      if (value.name === "concat") return values.map((one) => (one === null ? "" : String(one))).join("")
      if (values.some((one) => one === null)) return null
      if (value.name === "lower") return String(values[0]).toLowerCase()
      if (value.name === "upper") return String(values[0]).toUpperCase()
      const [a, b] = values.map(Number) as [number, number]
      return value.name === "add" ? a + b : value.name === "subtract" ? a - b : a * b
    }
  }
}

/** The caller's identifier as the kind it is compared with. */
function asKind(id: string, of: FieldKind): unknown {
  if (of.sqlType !== "uuid" && of.sqlType !== "text" && of.sqlType !== "integer" && of.sqlType !== "bigint")
    return null
  try {
    const text = of.parseText(id)
    return of.sqlType === "integer" ? Number(text) : text
  } catch (cause) {
    if (cause instanceof BadValue) return null
    throw cause
  }
}

/** A moment moved by an ISO 8601 duration, as PostgreSQL moves a timestamp in UTC: months first, clipped to their end. */
function shiftMoment(moment: string, by: string, back: boolean): string {
  const found =
    /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(by)!
  const sign = (found[1] === "-" ? -1 : 1) * (back ? -1 : 1)
  const part = (at: number): number => sign * Number(found[at] ?? 0)
  const date = new Date(/T/.test(moment) ? moment : `${moment}T00:00:00Z`)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + part(2) * 12 + part(3))
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last) + part(4) * 7 + part(5))
  return new Date(date.getTime() + part(6) * 3_600_000 + part(7) * 60_000 + part(8) * 1000).toISOString()
}

function sideOf(range: unknown, side: "from" | "to"): unknown {
  return range === null ? null : readRange(String(range))[side]
}
