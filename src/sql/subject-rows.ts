/** Whose rows are whose, from the model alone: what export, erasure and restriction go by (GDPR Art. 15 to 20). */
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { literal, quoteName, tableOf } from "../policy/to-sql.ts"
import { heldSql } from "./holds.ts"
import { inOrder, keepers } from "./retention.ts"
import { sealedSql } from "./sealed-value.ts"

/** The rows of one entity that are a person's. In all statements `$1` is the person's key as text. */
export interface SubjectRows {
  readonly entity: EntityInfo
  /** `patient → Patient`, for people. */
  readonly path: string
  readonly where: string
}

/** How the rows of one entity end. */
export interface ErasurePlan extends SubjectRows {
  readonly end: "delete" | "anonymise"
  /** Whether somebody else removes them: the accounts, which these rows follow. */
  readonly isMirror: boolean
  /** Deletes what nothing keeps; gives the number of rows. */
  readonly remove: string
  /** Anonymises what is left and is not held; null where no value says nothing. */
  readonly anonymise: string | null
  /** What is there still, by what keeps it: `held`, a reference (`Bill.card`), or `free`. */
  readonly fates: string
}

/** The entities that follow the accounts. */
export const mirrored: readonly string[] = ["User", "Organization", "Membership"]

/** Entities whose rows are persons. */
export function personsOf({ entities }: Model): readonly EntityInfo[] {
  return entities.filter((one) => one.subject?.person === one)
}

/** All entities whose rows are about a person of this kind, what refers before what is referred to; `wanted` stands in place of `$1`. */
export function rowsOf({ entities }: Model, person: EntityInfo, wanted?: string): readonly SubjectRows[] {
  return inOrder(entities)
    .filter((one) => !one.view && one.subject?.person === person)
    .map((entity) => ({ entity, path: pathText(entity), where: theirs(entity, "t", wanted) }))
}

/** How they are erased, in this order. */
export function planErasure(model: Model, person: EntityInfo): readonly ErasurePlan[] {
  return rowsOf(model, person).map((rows) => planRows(rows, model))
}

function planRows(rows: SubjectRows, { entities }: Model): ErasurePlan {
  const { entity, where } = rows
  const { end, neutral } = entity.erase!
  const table = `${tableOf(entity)} t`
  const held = heldSql(entity, "t", "now()", entities)
  const kept = keepers(entity, "t", entities)
  const free = [`not ${held}`, ...kept.map(({ sql }) => `not ${sql}`)].join(" and ")
  const changes = [...(neutral ?? [])].map(([field, value]) => {
    const text = value === null ? "null" : literal(value, field.kind)
    return { column: quoteName(field.column), text }
  })
  const isLeft = changes.map(({ column, text }) => `(t.${column})::text is distinct from (${text})::text`)
  const fates = [{ name: "held", sql: held }, ...kept].map(
    ({ name, sql }) => `when ${sql} then ${quoteLiteral(name)}`,
  )
  return {
    ...rows,
    end,
    isMirror: mirrored.includes(entity.name),
    remove: `delete from ${table} where ${where} and ${free}`,
    anonymise:
      neutral === null
        ? null
        : `update ${table} set ${changes.map(({ column, text }) => `${column} = ${text}`).join(", ")} where ${where} and not ${heldSql(entity, "t", "now()", [])} and (${isLeft.join(" or ")})`,
    fates: `select case ${fates.join(" ")} else 'free' end as fate, count(*)::integer as rows from ${table} where ${where}${isLeft.length > 0 ? ` and (${isLeft.join(" or ")})` : ""} group by 1`,
  }
}

/** `t.patient = $1`, or through what is on the way; indexes of references serve it. */
function theirs(
  { subject, key }: EntityInfo,
  alias: string,
  wanted = `$1::${subject!.person.key[0]!.kind.sqlType}`,
): string {
  const { path } = subject!
  const through = (at: number, outer: string): string => {
    const column = `${outer}.${quoteName((path[at] ?? key[0]!).column)}`
    if (at >= path.length - 1) return `${column} = ${wanted}`
    const next = path[at]!.reference!.entity
    const inner = `${alias}${at + 1}`
    return `${column} in (select ${inner}.${quoteName(next.key[0]!.column)} from ${tableOf(next)} ${inner} where ${through(at + 1, inner)})`
  }
  return through(0, alias)
}

function pathText({ name, subject }: EntityInfo): string {
  const { path } = subject!
  return path.length === 0
    ? "the person"
    : [name, ...path.map((field) => `${field.name} → ${field.reference!.entity.name}`)].join(".")
}

/** A field as the API would tell it. */
function toldValue(field: FieldInfo, alias: string, mark: string): string {
  if (field.encrypted) return sealedSql(field, alias, quoteLiteral(mark))
  const column = `${alias}.${quoteName(field.column)}`
  return field.kind.toJson?.(column) ?? column
}

/** Each row as JSON by field name, and its cells as texts, in the order of its key; encrypted values begin with the mark. */
export function rowsAsJson({ entity, where }: SubjectRows, mark: string): string {
  const values = entity.fields.map((one) => `${toldValue(one, "t", mark)} as ${quoteName(one.name)}`)
  const cells = entity.fields.map((one) => `x.${quoteName(one.name)}::text`)
  const order = entity.key.map((one) => `t.${quoteName(one.column)}`).join(", ")
  return `select row_to_json(x)::text as json, array[${cells.join(", ")}] as cells
  from (select ${values.join(", ")} from ${tableOf(entity)} t where ${where} order by ${order}) x`
}
