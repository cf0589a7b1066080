/** The tables of a model, as a plain value that two versions of a model can be compared by. */
import { indexColumn, indexSource } from "../model/encryption.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { literal, quoteName, SqlPrinter, shortName, tableOf } from "../policy/to-sql.ts"

export interface ColumnPlan {
  readonly type: string
  readonly notNull: boolean
  readonly default: string | null
  readonly generated: string | null
  readonly identity: boolean
  readonly collation: string | null
}

/** What a constraint is about, so that its violation can be told in the model's names. */
export interface ConstraintPlan {
  readonly kind: "key" | "unique" | "reference" | "check" | "exclude"
  readonly definition: string
  readonly entity: string
  readonly fields: readonly string[]
}

export interface TablePlan {
  readonly columns: Readonly<Record<string, ColumnPlan>>
  readonly constraints: Readonly<Record<string, ConstraintPlan>>
  readonly indexes: Readonly<Record<string, string>>
}

/** Tables by name. */
export type SchemaPlan = Readonly<Record<string, TablePlan>>

/** Plans the tables of a model for a server of a major version. */
export function planTables(policies: Policies, serverMajor: number): SchemaPlan {
  return Object.fromEntries(
    policies.model.entities
      .filter((entity) => !entity.view && !entity.record)
      .map((entity) => [entity.table, planTable(entity, policies, serverMajor)]),
  )
}

/** Whether the schema needs the extension btree_gist. */
export function needsGist(policies: Policies): boolean {
  return policies.model.entities.some((entity) => entity.exclude.some((one) => one.same.length > 0))
}

function planTable(entity: EntityInfo, policies: Policies, serverMajor: number): TablePlan {
  const policy = policyOf(policies, entity)
  const printer = new SqlPrinter()
  const columns = entity.fields.map((field): [string, ColumnPlan] => {
    const from = policy.generated.get(field.name)
    return [
      field.column,
      {
        type: field.kind.sqlType,
        notNull: !field.optional,
        default: defaultOf(field, serverMajor),
        generated: from ? printer.value(from, (_, one) => quoteName(one.column)) : null,
        identity: field.kind.identity ?? false,
        collation: field.kind.collation ?? null,
      },
    ]
  })
  const found = entity.fields.filter((one) => one.encrypted?.findable).map(planIndexColumn)
  return {
    columns: Object.fromEntries([...columns, ...found]),
    constraints: Object.fromEntries(planConstraints(entity, policies, printer)),
    indexes: Object.fromEntries(planIndexes(entity)),
  }
}

/** What equal values of an encrypted field have in common stands in a column of its own: bytes compare under any policy. */
function planIndexColumn(field: FieldInfo): [string, ColumnPlan] {
  const generated = indexSource(quoteName(field.column))
  const plain = { default: null, identity: false, collation: null }
  return [indexColumn(field), { ...plain, type: "bytea", notNull: false, generated }]
}

/** The column that is compared. */
function comparedColumn(field: FieldInfo): string {
  return field.encrypted?.findable ? indexColumn(field) : field.column
}

/** The default of a column as SQL, or null. */
export function defaultOf(field: FieldInfo, serverMajor: number): string | null {
  switch (field.automatic) {
    case "id":
      return serverMajor >= 18 ? "uuidv7()" : `"app"."uuidv7"()`
    case "createdAt":
    case "updatedAt":
      return "now()"
    case "version":
      return "1"
    default:
      if (field.defaultsTo !== null)
        return field.defaultsTo === "now" ? "now()" : "(now() at time zone 'UTC')::date"
      return field.defaultValue === undefined ? null : literal(field.defaultValue, field.kind)
  }
}

function planConstraints(
  entity: EntityInfo,
  policies: Policies,
  printer: SqlPrinter,
): [string, ConstraintPlan][] {
  const policy = policyOf(policies, entity)
  const found: [string, ConstraintPlan][] = []
  const add = (
    kind: ConstraintPlan["kind"],
    suffix: string,
    fields: readonly FieldInfo[],
    definition: string,
  ): void => {
    found.push([
      shortName(`${entity.table}_${suffix}`),
      { kind, definition, entity: entity.name, fields: fields.map((one) => one.name) },
    ])
  }
  const columns = (fields: readonly FieldInfo[]): string =>
    fields.map((one) => quoteName(one.column)).join(", ")
  add("key", "pkey", entity.key, `primary key (${columns(entity.key)})`)
  for (const unique of entity.unique) {
    const compared = unique.map((one) => quoteName(comparedColumn(one))).join(", ")
    add("unique", `${unique.map((one) => one.column).join("_")}_key`, unique, `unique (${compared})`)
  }
  for (const field of entity.fields) {
    if (field.reference) {
      const { entity: to, onDelete } = field.reference
      add(
        "reference",
        referenceSuffix(field),
        [field],
        `foreign key (${quoteName(field.column)}) references ${tableOf(to)} (${columns(to.key)}) on delete ${onDelete}`,
      )
      continue
    }
    const checks = field.kind.checks?.(quoteName(field.column)) ?? []
    for (const [at, check] of checks.entries()) {
      add("check", `${field.column}_check${at === 0 ? "" : at + 1}`, [field], `check (${check})`)
    }
  }
  for (const check of policy.checks) {
    add(
      "check",
      `${check.name}_check`,
      [],
      `check (${printer.rule(check.rule, (_, field) => quoteName(field.column))})`,
    )
  }
  entity.exclude.forEach((one, at) => {
    const where = policy.exclude[at]
      ? ` where (${printer.rule(policy.exclude[at], (_, field) => quoteName(field.column))})`
      : ""
    const parts = [
      ...one.same.map((field) => `${quoteName(field.column)} with =`),
      `${quoteName(one.overlapping.column)} with &&`,
    ]
    add(
      "exclude",
      `${one.overlapping.column}_excl${at === 0 ? "" : at + 1}`,
      [...one.same, one.overlapping],
      `exclude using gist (${parts.join(", ")})${where}`,
    )
  })
  return found
}

function referenceSuffix(field: FieldInfo): string {
  return `${field.column}_fkey`
}

/** The name of the constraint of a reference. */
export function referenceName(field: FieldInfo): string {
  return shortName(`${field.entity.table}_${referenceSuffix(field)}`)
}

/** The declared indexes, and one for each reference that no other index begins with. */
function planIndexes(entity: EntityInfo): [string, string][] {
  const leading = new Set([
    entity.key[0],
    ...entity.unique.map((one) => one[0]),
    ...entity.indexes.map((one) => one[0]),
  ])
  const references = entity.fields
    .filter((field) => field.reference && !leading.has(field))
    .map((field) => [field])
  const findable = entity.fields.filter((one) => one.encrypted?.findable && !leading.has(one))
  return [...entity.indexes, ...references, ...findable.map((one) => [one])].map((fields) => {
    const columns = fields.map(comparedColumn)
    return [
      shortName(`${entity.table}_${columns.join("_")}_idx`),
      `on ${tableOf(entity)} (${columns.map(quoteName).join(", ")})`,
    ]
  })
}

/** The statements that make one table, without its references to others. */
export function createTable(name: string, plan: TablePlan): string[] {
  const table = tableOf({ table: name })
  const columns = Object.entries(plan.columns).map(
    ([column, one]) => `  ${quoteName(column)} ${columnDefinition(one)}`,
  )
  const own = Object.entries(plan.constraints)
    .filter(([, one]) => one.kind !== "reference")
    .map(([constraint, one]) => `  constraint ${quoteName(constraint)} ${one.definition}`)
  return [
    `create table ${table} (\n${[...columns, ...own].join(",\n")}\n)`,
    ...Object.entries(plan.indexes).map(
      ([index, definition]) => `create index ${quoteName(index)} ${definition}`,
    ),
  ]
}

/** The references of one table, made when all tables are there. */
export function createReferences(name: string, plan: TablePlan): string[] {
  return Object.entries(plan.constraints)
    .filter(([, one]) => one.kind === "reference")
    .map(
      ([constraint, one]) =>
        `alter table ${tableOf({ table: name })} add constraint ${quoteName(constraint)} ${one.definition}`,
    )
}

/** A column as in `create table`. */
export function columnDefinition(plan: ColumnPlan): string {
  return [
    plan.type,
    plan.collation && `collate ${plan.collation}`,
    plan.generated && `generated always as (${plan.generated}) stored`,
    plan.identity && "generated by default as identity",
    plan.default && `default ${plan.default}`,
    plan.notNull && "not null",
  ]
    .filter(Boolean)
    .join(" ")
}
