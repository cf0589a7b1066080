/** The statements of retention: which rows are due, what keeps them, and how a batch of them goes. */
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { literal, quoteName, tableOf } from "../policy/to-sql.ts"
import { heldSql } from "./holds.ts"
import type { RoleNames } from "./roles.ts"

/** What runs have done; idempotent. */
export function createRunTable(roles: RoleNames): string[] {
  return [
    `create table if not exists undercroft_state.retention_runs (id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(), report jsonb not null)`,
    `alter table undercroft_state.retention_runs owner to ${quoteName(roles.internal)}`,
  ]
}

/** `$1` is the moment, as of which rows are due. */
export interface RetentionPlan {
  readonly entity: EntityInfo
  readonly end: "delete" | "anonymise"
  /** Rows that are due, by what keeps them: `held`, the reference that does, or `free`. */
  readonly fates: string
  /** Rows in which the field is not set. */
  readonly undated: string
  /** `$2` rows at most, of those whose key follows `$3` …: how many went, and the last one's key. */
  readonly batch: string
  /** The key that comes next. */
  readonly next: string
  /** Rows may hold one another back: what was passed over is looked at again. */
  readonly isNested: boolean
}

const at = "$1::timestamptz"

/** Children before their parents, so that those are no longer referred to. */
export function planRetention({ entities }: Model): readonly RetentionPlan[] {
  return inOrder(entities)
    .filter((one) => one.retain)
    .map((one) => planEntity(one, entities))
}

/** What refers to an entity comes before it; of a circle, whatever comes first. */
export function inOrder(entities: readonly EntityInfo[]): readonly EntityInfo[] {
  const done = new Set<EntityInfo>()
  const visit = (entity: EntityInfo): void => {
    if (done.has(entity)) return
    done.add(entity)
    for (const field of referringTo(entity, entities)) visit(field.entity)
    found.push(entity)
  }
  const found: EntityInfo[] = []
  for (const entity of entities) visit(entity)
  return found
}

function referringTo(entity: EntityInfo, entities: readonly EntityInfo[]): readonly FieldInfo[] {
  return entities
    .filter((one) => !one.view)
    .flatMap((one) => one.fields.filter((field) => field.reference?.entity === entity))
}

function planEntity(entity: EntityInfo, entities: readonly EntityInfo[]): RetentionPlan {
  const { after, end, neutral } = entity.retain!
  const table = `${tableOf(entity)} t`
  const changes = [...neutral].map(([field, value]) => ({
    column: quoteName(field.column),
    value: value === null ? "null" : literal(value, field.kind),
  }))
  // A row that says nothing any more is done.
  const isLeft = changes.map(({ column, value }) => `(t.${column})::text is distinct from (${value})::text`)
  const due = [dueSql(entity), ...(end === "anonymise" ? [`(${isLeft.join(" or ")})`] : [])].join(" and ")
  const held = heldSql(entity, "t", at, end === "delete" ? entities : [])
  const kept = end === "delete" ? keepers(entity, "t", entities) : []
  const free = [`not ${held}`, ...kept.map(({ sql }) => `not ${sql}`)].join(" and ")
  const keys = entity.key.map((field) => quoteName(field.column))
  const list = (prefix: string): string => keys.map((one) => `${prefix}${one}`).join(", ")
  const former = entity.key.map((field, n) => `$${n + 3}::${field.kind.sqlType}`).join(", ")
  const isFormer = entity.key.map((_, n) => `$${n + 3}::text is null`).join(" and ")
  const following = `(${isFormer} or (${list("t.")}) > (${former}))`
  const taken = `select ${list("t.")} from ${table} where ${due} and ${free} and ${following} order by ${list("t.")}`
  const same = keys.map((one) => `t.${one} = d.${one}`).join(" and ")
  const work =
    end === "delete"
      ? `delete from ${table} using d where ${same} returning 1`
      : `update ${table} set ${changes.map(({ column, value }) => `${column} = ${value}`).join(", ")} from d where ${same} returning 1`
  const last = `array[${keys.map((one) => `d.${one}::text`).join(", ")}]`
  const fate = [{ name: "held", sql: held }, ...kept].map(
    ({ name, sql }) => `when ${sql} then ${quoteLiteral(name)}`,
  )
  return {
    entity,
    end,
    fates: `select case ${fate.join(" ")} else 'free' end as fate, count(*)::integer as rows from ${table} where ${due} group by 1`,
    undated: `select count(*)::integer as rows from ${table} where t.${quoteName(after.column)} is null`,
    batch: `with d as materialized (${taken} limit $2 for update of t skip locked), gone as (${work})
  select (select count(*)::integer from gone) as rows, (select ${last} from d order by ${list("d.")} desc limit 1) as last`,
    next: `with d as (${taken} limit $2) select ${last} as last from d`,
    isNested: kept.some(({ from }) => from === entity),
  }
}

/** Of rows that meet `where`, those whose period still runs, and until when the last one does; null where nothing says how long they are kept. */
export function runningSql({ retain, ...entity }: EntityInfo, where: string): string | null {
  if (!retain) return null
  const column = `t.${quoteName(retain.after.column)}`
  const moment =
    retain.after.kind.sqlType === "date" ? `${column}::timestamp` : `(${column} at time zone 'UTC')`
  const until = `${moment} + interval ${quoteLiteral(retain.period)}`
  return `select ${quoteLiteral(entity.name)} as entity, count(*)::integer as rows, to_char(max(${until}), 'YYYY-MM-DD') as until from ${tableOf(entity)} t where ${where} and ${until} > now() at time zone 'UTC'`
}

/** The period is added in UTC, as PostgreSQL counts months; the bound before it is for an index. */
function dueSql({ retain }: EntityInfo): string {
  const { after, period } = retain!
  const column = `t.${quoteName(after.column)}`
  const length = `interval ${quoteLiteral(period)}`
  const now = `(${at} at time zone 'UTC')`
  const isDate = after.kind.sqlType === "date"
  const moment = isDate ? `${column}::timestamp` : `(${column} at time zone 'UTC')`
  const bound = `(${now} - ${length} + interval '5 days')`
  return `${column} <= ${isDate ? `${bound}::date` : `(${bound} at time zone 'UTC')`} and ${moment} + ${length} <= ${now}`
}

export interface Keeper {
  readonly name: string
  readonly from: EntityInfo
  readonly sql: string
}

/** References that keep a row, also those to rows that would go with it. */
export function keepers(
  entity: EntityInfo,
  alias: string,
  entities: readonly EntityInfo[],
  seen: readonly EntityInfo[] = [],
): readonly Keeper[] {
  const within = [...seen, entity]
  return referringTo(entity, entities).flatMap((field): readonly Keeper[] => {
    const inner = `${alias}${within.length}`
    const refers = `from ${tableOf(field.entity)} ${inner} where ${inner}.${quoteName(field.column)} = ${alias}.${quoteName(entity.key[0]!.column)}`
    const { onDelete } = field.reference!
    if (onDelete === "restrict")
      return [
        { name: `${field.entity.name}.${field.name}`, from: field.entity, sql: `exists (select ${refers})` },
      ]
    if (onDelete === "set null" || within.includes(field.entity)) return []
    return keepers(field.entity, inner, entities, within).map((one) => ({
      ...one,
      sql: `exists (select ${refers} and ${one.sql})`,
    }))
  })
}
