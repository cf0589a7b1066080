/**
 * Noninterference: two worlds that differ only in what a caller can't see answer every request alike, to the byte.
 * Which changes are invisible the oracle decides; that the answers are the same the target must show.
 */
import type { CallerView } from "./caller-view.ts"
import { repairRows, uniquesOf } from "./constraints.ts"
import type { CallerDescription, OperationDescription, Row, Rows } from "./description.ts"
import type { Expected, Oracle } from "./oracle.ts"
import type { Random } from "./random.ts"
import { randomValue } from "./random-rows.ts"
import { uuidKey, type ValuePool } from "./random-value.ts"
import { policyCode, uniqueCode } from "./semantics.ts"
import { type EntityShape, entityOf, type FieldShape, fieldOf, type ModelShape } from "./shape.ts"
import type { RestAnswer } from "./target.ts"

/** Other rows that this caller can't tell from the given ones; null where nothing was found to change. */
export function changeUnseen(
  random: Random,
  oracle: Oracle,
  rows: Rows,
  caller: CallerDescription,
  pool: ValuePool,
): Rows | null {
  const { shapes } = oracle
  const wanted = observation(oracle.view(rows, caller))
  let current = rows
  for (let tries = 0; tries < 60; tries++) {
    const view = oracle.view(current, caller)
    const entity = random.pick([...shapes.values()].filter((one) => one.view === null))
    const changed = changeEntity(random, view, entity, current, pool, tries)
    if (changed === null) continue
    const whole = repairRows(shapes, changed)
    if (observation(oracle.view(whole, caller)) === wanted) current = whole
  }
  return current === rows ? null : current
}

/** All that the caller sees, as one text. */
export function observation(view: CallerView): string {
  return JSON.stringify(
    [...view.shapes.values()].map((shape) => [
      shape.name,
      shape.fields.map((field) => view.exists(shape.name, field.name)),
      view.readable(shape.name).map(({ seen }) => seen),
    ]),
  )
}

function changeEntity(
  random: Random,
  view: CallerView,
  entity: EntityShape,
  rows: Rows,
  pool: ValuePool,
  at: number,
): Rows | null {
  const all = rows[entity.name] ?? []
  const seen = new Set(view.readable(entity.name).map(({ raw }) => raw))
  const unseen = all.filter((row) => !seen.has(row))
  const replaced = (row: Row, next: Row | null): Rows => ({
    ...rows,
    [entity.name]: all.flatMap((one) => (one !== row ? [one] : next === null ? [] : [next])),
  })
  const made = random.weighted<Rows>([
    [
      4,
      () => {
        if (unseen.length === 0) return null
        const row = random.pick(unseen)
        return replaced(
          row,
          withOtherFields(
            random,
            entity,
            row,
            entity.fields.map((field) => field.name),
            rows,
            pool,
          ),
        )
      },
    ],
    [1, () => (unseen.length === 0 ? null : replaced(random.pick(unseen), null))],
    [
      2,
      () => {
        if (all.length === 0) return null
        const key = newKey(fieldOf(entity, entity.key[0] as string), at)
        if (key === null) return null
        const copy = { ...random.pick(all), [entity.key[0] as string]: key }
        return {
          ...rows,
          [entity.name]: [
            ...all,
            withOtherFields(
              random,
              entity,
              copy,
              entity.fields.map((field) => field.name),
              rows,
              pool,
            ),
          ],
        }
      },
    ],
    [
      3,
      () => {
        if (seen.size === 0) return null
        const row = random.pick([...seen])
        const hidden = entity.fields
          .map((field) => field.name)
          .filter((name) => !view.exists(entity.name, name) || !view.sees(entity.name, name, row))
        return hidden.length === 0
          ? null
          : replaced(row, withOtherFields(random, entity, row, hidden, rows, pool))
      },
    ],
  ])
  return made
}

/** A key that no row has; null where keys refer to other rows. */
function newKey(field: FieldShape, at: number): unknown {
  if (field.target !== null) return null
  return field.kind.type === "uuid"
    ? uuidKey(0xee, at)
    : field.kind.type === "integer"
      ? 1_000_000 + at
      : `unseen ${at}`
}

function withOtherFields(
  random: Random,
  entity: EntityShape,
  row: Row,
  names: readonly string[],
  rows: Rows,
  pool: ValuePool,
): Row {
  const able = entity.fields.filter((field) => names.includes(field.name) && !field.isKey && !field.readonly)
  const chosen = random.some(able, 0.5)
  return {
    ...row,
    ...Object.fromEntries(chosen.map((field) => [field.name, randomValue(random, field, rows, pool)])),
  }
}

/**
 * Whether the model itself makes an answer depend on what the caller can't see: a rule that looks at hidden rows, a row
 * that is still referred to, a uniqueness that is accepted to tell. A conflict that is not accepted is no excuse.
 */
export function mayDiffer(
  shapes: ModelShape,
  operation: OperationDescription,
  left: Expected,
  right: Expected,
): boolean {
  if (operation.kind === "read") return false
  if (left.open !== null || right.open !== null) return true
  const [a, b] = [left, right].map((one) =>
    JSON.stringify([one.answer, one.affected, [...one.refusals].toSorted()]),
  )
  if (a === b) return mayBeToldApart(left.refusals)
  const isConflict = left.refusals.has(uniqueCode) !== right.refusals.has(uniqueCode)
  return !isConflict || uniquesOf(entityOf(shapes, operation.entity)).some((one) => one.reveals || one.isKey)
}

/**
 * Refusals of one code whose words may differ: which of several rules refused first hangs on rows that rules look at.
 */
function mayBeToldApart(refusals: ReadonlySet<string>): boolean {
  return refusals.has(policyCode)
}

/** Headers that say when and not what; the length is that of the body, which is compared itself. */
const timely: ReadonlySet<string> = new Set(["date", "server-timing", "x-request-id", "content-length"])

/** An answer as its bytes, without what only tells the time: no moment in rows is near the present. */
export function bytesOf({ status, headers, body }: RestAnswer): string {
  const kept = Object.entries(headers)
    .filter(([name]) => !timely.has(name.toLowerCase()))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [String(status), ...kept.map(([name, value]) => `${name}: ${value}`), "", withoutPresent(body)].join(
    "\n",
  )
}

function withoutPresent(body: string): string {
  const days = [-1, 0, 1].map((more) => new Date(Date.now() + more * 86_400_000).toISOString().slice(0, 10))
  return body.replaceAll(new RegExp(`"(${days.join("|")})T[^"]*"`, "g"), '"now"')
}
