/** The difference between the tables there are and the tables a model needs; what could lose data is refused. */
import { quoteName, tableOf } from "../policy/to-sql.ts"
import {
  type ColumnPlan,
  columnDefinition,
  createReferences,
  createTable,
  type SchemaPlan,
  type TablePlan,
} from "../sql/tables.ts"

/** What holds others back goes first, what needs others comes last: across all tables, one phase after another. */
const phases = [
  "drop references",
  "drop constraints",
  "drop computed columns",
  "tables and columns",
  "constraints",
  "references",
] as const

/** One step; `why` is for people. */
export interface SchemaStep {
  readonly sql: string
  readonly why: string
  /** "tables and columns" when left out. */
  readonly phase?: (typeof phases)[number]
}

/** A step that would or could lose data, with what to do about it. `unless` is SQL that says whether data is there. */
export interface UnsafeStep {
  readonly what: string
  readonly mend: string
  readonly unless: string
  readonly step: SchemaStep
}

export interface SchemaChange {
  readonly steps: readonly SchemaStep[]
  readonly unsafe: readonly UnsafeStep[]
}

const wider: ReadonlySet<string> = new Set([
  "integer bigint",
  "integer numeric",
  "bigint numeric",
  "date timestamptz",
])

/** Whether every value of a type fits into another one, as it is. */
function isWider(before: string, after: string): boolean {
  if (before === after || wider.has(`${before} ${after.replace(/\(.*/, "")}`)) return true
  const [from, to] = [before, after].map((type) =>
    /^numeric\((\d+),(\d+)\)$/.exec(type)?.slice(1).map(Number),
  )
  return (
    from !== undefined && to !== undefined && to[1]! >= from[1]! && to[0]! - to[1]! >= from[0]! - from[1]!
  )
}

/** Compares two plans. */
export function planSchemaChange(before: SchemaPlan, after: SchemaPlan): SchemaChange {
  const steps: SchemaStep[] = []
  const unsafe: UnsafeStep[] = []
  for (const [name, plan] of Object.entries(after)) {
    const old = before[name]
    if (old) changeTable(name, old, plan, steps, unsafe)
    else {
      steps.push(...createTable(name, plan).map((sql) => ({ sql, why: `new table ${name}` })))
      steps.push(
        ...createReferences(name, plan).map((sql) => ({
          sql,
          why: `references of ${name}`,
          phase: "references" as const,
        })),
      )
    }
  }
  for (const name of Object.keys(before)) {
    if (after[name]) continue
    const table = tableOf({ table: name })
    for (const [constraint, one] of Object.entries(before[name]!.constraints)) {
      if (one.kind !== "reference") continue
      steps.push({
        sql: `alter table if exists ${table} drop constraint if exists ${quoteName(constraint)}`,
        why: `references of ${name} go with it`,
        phase: "drop references",
      })
    }
    unsafe.push({
      what: `the model no longer has an entity for the table ${name}, which holds rows`,
      mend: `put the entity back, or drop the table yourself: drop table ${table};`,
      unless: `exists (select from ${table})`,
      step: { sql: `drop table ${table}`, why: `drop the empty table ${name}` },
    })
  }
  return { steps: inOrder(steps), unsafe }
}

/** Steps in the order in which they can be done. */
export function inOrder(steps: readonly SchemaStep[]): readonly SchemaStep[] {
  return phases.flatMap((phase) => steps.filter((one) => (one.phase ?? "tables and columns") === phase))
}

/** Columns whose values the database computes anew: their computation, or what it reads, is another one. */
function remadeColumns(before: TablePlan, after: TablePlan): ReadonlySet<string> {
  const isRetyped = Object.entries(after.columns).some(([column, one]) => {
    const old = before.columns[column]
    return old && (old.type !== one.type || old.collation !== one.collation)
  })
  return new Set(
    Object.entries(after.columns).flatMap(([column, one]) => {
      const old = before.columns[column]
      return old && (old.generated !== one.generated || (isRetyped && one.generated !== null)) ? [column] : []
    }),
  )
}

function changeTable(
  name: string,
  before: TablePlan,
  after: TablePlan,
  steps: SchemaStep[],
  unsafe: UnsafeStep[],
): void {
  const table = tableOf({ table: name })
  const remade = remadeColumns(before, after)
  // What stands on a column that is made anew would silently go with it.
  const isKept = (old: string | undefined, fresh: string | undefined): boolean =>
    old === fresh && ![...remade].some((column) => old?.includes(quoteName(column)))
  for (const [constraint, one] of Object.entries(before.constraints)) {
    if (isKept(one.definition, after.constraints[constraint]?.definition)) continue
    steps.push({
      sql: `alter table ${table} drop constraint if exists ${quoteName(constraint)}`,
      why: `constraint ${constraint} is gone or changed`,
      phase: one.kind === "reference" ? "drop references" : "drop constraints",
    })
  }
  for (const [index, definition] of Object.entries(before.indexes)) {
    if (isKept(definition, after.indexes[index])) continue
    steps.push({
      sql: `drop index if exists app.${quoteName(index)}`,
      why: `index ${index} is gone or changed`,
      phase: "drop constraints",
    })
  }
  // A computed column holds back the columns that it reads.
  for (const [column, one] of Object.entries(before.columns)) {
    const isGone = after.columns[column] === undefined || remade.has(column)
    if (one.generated === null || !isGone) continue
    steps.push({
      sql: `alter table ${table} drop column ${quoteName(column)}`,
      why: `${name}.${column} was computed, and is ${after.columns[column] ? "made anew" : "gone"}`,
      phase: "drop computed columns",
    })
  }
  // What is computed comes after what it reads.
  for (const [column, one] of Object.entries(after.columns).toSorted(
    ([, a], [, b]) => Number(a.generated !== null) - Number(b.generated !== null),
  )) {
    const old = before.columns[column]
    if (!old || (remade.has(column) && old.generated !== null)) addColumn(name, column, one, steps, unsafe)
    else changeColumn(name, column, old, one, steps, unsafe)
  }
  for (const [column, one] of Object.entries(before.columns)) {
    if (after.columns[column] || one.generated !== null) continue
    unsafe.push({
      what: `the model no longer has a field for the column ${name}.${column}, which holds values`,
      mend: `put the field back, or drop the column yourself: alter table ${table} drop column ${quoteName(column)};`,
      unless: `exists (select from ${table} where ${quoteName(column)} is not null)`,
      step: {
        sql: `alter table ${table} drop column ${quoteName(column)}`,
        why: `drop the empty column ${name}.${column}`,
      },
    })
  }
  for (const [constraint, one] of Object.entries(after.constraints)) {
    if (isKept(before.constraints[constraint]?.definition, one.definition)) continue
    steps.push({
      sql: `alter table ${table} add constraint ${quoteName(constraint)} ${one.definition}`,
      why: `new constraint ${constraint}`,
      phase: one.kind === "reference" ? "references" : "constraints",
    })
  }
  for (const [index, definition] of Object.entries(after.indexes)) {
    if (isKept(before.indexes[index], definition)) continue
    steps.push({
      sql: `create index ${quoteName(index)} ${definition}`,
      why: `new index ${index}`,
      phase: "constraints",
    })
  }
}

function addColumn(
  table: string,
  column: string,
  plan: ColumnPlan,
  steps: SchemaStep[],
  unsafe: UnsafeStep[],
): void {
  const step = {
    sql: `alter table ${tableOf({ table })} add column ${quoteName(column)} ${columnDefinition(plan)}`,
    why: `new column ${table}.${column}`,
  }
  if (!plan.notNull || plan.default !== null || plan.generated !== null || plan.identity) {
    steps.push(step)
    return
  }
  unsafe.push({
    what: `the new field for ${table}.${column} is required, and there are rows without it`,
    mend: "give it .default(…) or make it .optional()",
    unless: `exists (select from ${tableOf({ table })})`,
    step,
  })
}

function changeColumn(
  table: string,
  column: string,
  before: ColumnPlan,
  after: ColumnPlan,
  steps: SchemaStep[],
  unsafe: UnsafeStep[],
): void {
  const alter = `alter table ${tableOf({ table })} alter column ${quoteName(column)}`
  const place = `${table}.${column}`
  if (
    before.type !== after.type ||
    before.collation !== after.collation ||
    before.generated !== after.generated
  ) {
    const type = `${alter} type ${after.type}${after.collation ? ` collate ${after.collation}` : ""} using ${quoteName(column)}::${after.type}`
    const isComputed = after.generated !== null
    const step: SchemaStep = isComputed
      ? {
          sql: `alter table ${tableOf({ table })} drop column ${quoteName(column)}, add column ${quoteName(column)} ${columnDefinition(after)}`,
          why: `${place} is made anew`,
        }
      : { sql: type, why: `${place} is now ${after.type}` }
    // A default of the former kind might not be one of the new kind.
    if (before.default !== null && before.type !== after.type)
      steps.push({ sql: `${alter} drop default`, why: `default of ${place}`, phase: "drop constraints" })
    if (!isComputed && isWider(before.type, after.type)) steps.push(step)
    else {
      unsafe.push({
        what: isComputed
          ? `${place} would be computed, and holds values`
          : `${place} would change from ${before.type} to ${after.type}`,
        // Only the process has the keys: no SQL encrypts, or reads what is encrypted.
        mend: [before.type, after.type].includes("bytea")
          ? "put .encrypted() back as it was, or give the field another name, copy its values through the API, and then remove the former one"
          : `put the kind of the field back, or convert the column yourself: ${type};`,
        unless: `exists (select from ${tableOf({ table })} where ${quoteName(column)} is not null)`,
        step,
      })
    }
    if (isComputed) return
  }
  if (before.default !== after.default) {
    steps.push({
      sql: after.default === null ? `${alter} drop default` : `${alter} set default ${after.default}`,
      why: `default of ${place}`,
    })
  }
  if (before.identity !== after.identity) {
    steps.push({
      sql: after.identity ? `${alter} add generated by default as identity` : `${alter} drop identity`,
      why: `numbering of ${place}`,
    })
  }
  if (before.notNull && !after.notNull)
    steps.push({ sql: `${alter} drop not null`, why: `${place} may be null` })
  if (!before.notNull && after.notNull) {
    unsafe.push({
      what: `${place} is now required, and there are rows without it`,
      mend: `fill them: update ${tableOf({ table })} set ${quoteName(column)} = … where ${quoteName(column)} is null;`,
      unless: `exists (select from ${tableOf({ table })} where ${quoteName(column)} is null)`,
      step: { sql: `${alter} set not null`, why: `${place} is required`, phase: "constraints" },
    })
  }
}
