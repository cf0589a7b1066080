/** The difference between the tables there are and the tables a model needs; what could lose data is refused. */
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { type ColumnPlan, columnDefinition, createReferences, createTable, type SchemaPlan, type TablePlan } from "../sql/tables.ts"

/** One step; `why` is for people. */
export interface SchemaStep {
  readonly sql: string
  readonly why: string
  /** Runs after all tables have their columns. */
  readonly last?: boolean
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

const wider: ReadonlySet<string> = new Set(["integer bigint", "integer numeric", "bigint numeric", "date timestamptz"])

/** Compares two plans. */
export function planSchemaChange(before: SchemaPlan, after: SchemaPlan): SchemaChange {
  const steps: SchemaStep[] = []
  const unsafe: UnsafeStep[] = []
  for (const [name, plan] of Object.entries(after)) {
    const old = before[name]
    if (old) changeTable(name, old, plan, steps, unsafe)
    else {
      steps.push(...createTable(name, plan).map((sql) => ({ sql, why: `new table ${name}` })))
      steps.push(...createReferences(name, plan).map((sql) => ({ sql, why: `references of ${name}`, last: true })))
    }
  }
  for (const name of Object.keys(before)) {
    if (after[name]) continue
    const table = tableOf({ table: name })
    unsafe.push({
      what: `the model no longer has an entity for the table ${name}, which holds rows`,
      mend: `put the entity back, or drop the table yourself: drop table ${table};`,
      unless: `exists (select from ${table})`,
      step: { sql: `drop table ${table}`, why: `drop the empty table ${name}`, last: true },
    })
  }
  return { steps: [...steps.filter((one) => !one.last), ...steps.filter((one) => one.last)], unsafe }
}

function changeTable(name: string, before: TablePlan, after: TablePlan, steps: SchemaStep[], unsafe: UnsafeStep[]): void {
  const table = tableOf({ table: name })
  for (const [constraint, one] of Object.entries(before.constraints)) {
    if (after.constraints[constraint]?.definition === one.definition) continue
    steps.push({ sql: `alter table ${table} drop constraint if exists ${quoteName(constraint)}`, why: `constraint ${constraint} is gone or changed` })
  }
  for (const [index, definition] of Object.entries(before.indexes)) {
    if (after.indexes[index] === definition) continue
    steps.push({ sql: `drop index if exists app.${quoteName(index)}`, why: `index ${index} is gone or changed` })
  }
  for (const [column, one] of Object.entries(after.columns)) {
    const old = before.columns[column]
    if (old) changeColumn(name, column, old, one, steps, unsafe)
    else addColumn(name, column, one, steps, unsafe)
  }
  for (const column of Object.keys(before.columns)) {
    if (after.columns[column]) continue
    unsafe.push({
      what: `the model no longer has a field for the column ${name}.${column}, which holds values`,
      mend: `put the field back, or drop the column yourself: alter table ${table} drop column ${quoteName(column)};`,
      unless: `exists (select from ${table} where ${quoteName(column)} is not null)`,
      step: { sql: `alter table ${table} drop column ${quoteName(column)}`, why: `drop the empty column ${name}.${column}` },
    })
  }
  for (const [constraint, one] of Object.entries(after.constraints)) {
    if (before.constraints[constraint]?.definition === one.definition) continue
    steps.push({ sql: `alter table ${table} add constraint ${quoteName(constraint)} ${one.definition}`, why: `new constraint ${constraint}`, last: true })
  }
  for (const [index, definition] of Object.entries(after.indexes)) {
    if (before.indexes[index] === definition) continue
    steps.push({ sql: `create index ${quoteName(index)} ${definition}`, why: `new index ${index}`, last: true })
  }
}

function addColumn(table: string, column: string, plan: ColumnPlan, steps: SchemaStep[], unsafe: UnsafeStep[]): void {
  const step = { sql: `alter table ${tableOf({ table })} add column ${quoteName(column)} ${columnDefinition(plan)}`, why: `new column ${table}.${column}` }
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

function changeColumn(table: string, column: string, before: ColumnPlan, after: ColumnPlan, steps: SchemaStep[], unsafe: UnsafeStep[]): void {
  const alter = `alter table ${tableOf({ table })} alter column ${quoteName(column)}`
  const place = `${table}.${column}`
  if (before.type !== after.type || before.collation !== after.collation || before.generated !== after.generated) {
    const type = `${alter} type ${after.type}${after.collation ? ` collate ${after.collation}` : ""} using ${quoteName(column)}::${after.type}`
    const step = after.generated !== before.generated
      ? { sql: `alter table ${tableOf({ table })} drop column ${quoteName(column)}, add column ${quoteName(column)} ${columnDefinition(after)}`, why: `${place} is made anew` }
      : { sql: type, why: `${place} is now ${after.type}` }
    const isSafe = before.generated !== null || (before.generated === after.generated && (before.type === after.type || wider.has(`${before.type} ${after.type.replace(/\(.*/, "")}`)))
    if (isSafe) steps.push(step)
    else {
      unsafe.push({
        what: `${place} would change from ${before.type} to ${after.type}`,
        mend: `put the kind of the field back, or convert the column yourself: ${type};`,
        unless: `exists (select from ${tableOf({ table })} where ${quoteName(column)} is not null)`,
        step,
      })
    }
  }
  if (before.default !== after.default) {
    steps.push({ sql: after.default === null ? `${alter} drop default` : `${alter} set default ${after.default}`, why: `default of ${place}` })
  }
  if (before.identity !== after.identity) {
    steps.push({ sql: after.identity ? `${alter} add generated by default as identity` : `${alter} drop identity`, why: `numbering of ${place}` })
  }
  if (before.notNull && !after.notNull) steps.push({ sql: `${alter} drop not null`, why: `${place} may be null` })
  if (!before.notNull && after.notNull) {
    unsafe.push({
      what: `${place} is now required, and there are rows without it`,
      mend: `fill them: update ${tableOf({ table })} set ${quoteName(column)} = … where ${quoteName(column)} is null;`,
      unless: `exists (select from ${tableOf({ table })} where ${quoteName(column)} is null)`,
      step: { sql: `${alter} set not null`, why: `${place} is required`, last: true },
    })
  }
}
