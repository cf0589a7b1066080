/**
 * Everything of the schema that holds no data: functions, policies, triggers, field views, views and grants.
 * It is dropped and made anew whenever the model changes.
 */
import { indexColumn } from "../model/encryption.ts"
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { implies } from "../policy/implies.ts"
import { type EntityPolicy, type Policies, policyOf } from "../policy/policies.ts"
import { type Rule, readsRow } from "../policy/rule.ts"
import {
  type ColumnOf,
  inScope,
  type PolicyFunction,
  quoteName,
  ruleFunction,
  SqlPrinter,
  schemas,
  shortName,
  tableOf,
} from "../policy/to-sql.ts"
import { type AccountsPlan, mirrorAccounts, sessionFunctions } from "./accounts.ts"
import { approvalFunctions } from "./approvals.ts"
import { callFunctions } from "./call-functions.ts"
import { callerFunctions } from "./caller.ts"
import { circumstanceFunctions } from "./circumstances.ts"
import { createConsents } from "./consents.ts"
import { onceFunctions } from "./once.ts"
import { createOverrides } from "./overrides.ts"
import { permitFunctions } from "./permit.ts"
import { createRequests } from "./privacy-requests.ts"
import { recordAccountEvents } from "./record-events.ts"
import { recordReads, sawSql } from "./record-reads.ts"
import { createRecordView, recordViewFunctions } from "./record-views.ts"
import { recordTruncate } from "./record-writes.ts"
import { restrictionFunctions, unrestrictedSql } from "./restriction.ts"
import type { RoleNames } from "./roles.ts"
import { createStepPolicy, stepFunctions } from "./system-steps.ts"
import { createTriggers, seesName, triggerFunctions } from "./triggers.ts"

type Verb = "read" | "create" | "updateFrom" | "delete"

/** One row of policies: unqualified columns. */
const ownRow: ColumnOf = (_, field) => quoteName(field.column)

/** Whether some callers of the API may not see some fields: then everyone reads and writes through a field view. */
export function hasFieldView(policy: EntityPolicy): boolean {
  return (
    !policy.entity.view &&
    !policy.entity.record &&
    [...policy.fields.values()].some((field) => field.visibleTo !== null)
  )
}

/** What the API reads and writes for an entity: its table, its field view, or its view. */
export function relationOf(policy: EntityPolicy): string {
  if (policy.entity.view) return `${quoteName(schemas.tables)}.${quoteName(policy.entity.table)}`
  return hasFieldView(policy)
    ? `${quoteName(schemas.fields)}.${quoteName(policy.entity.table)}`
    : tableOf(policy.entity)
}

/** The column that a write of a field names; reading goes through `column` alone. */
export function writeColumn(policy: EntityPolicy, field: FieldInfo): string {
  return policy.fields.get(field.name)?.visibleTo ? `${field.column}$write` : field.column
}

/** Takes away what an earlier version of the model made. Drops without cascade: nothing with data can go with it. */
export function dropMachinery(): string[] {
  return [
    `do $undercroft$ declare one record; begin
  for one in select schemaname, tablename, policyname from pg_policies where schemaname = 'app' loop
    execute format('drop policy %I on %I.%I', one.policyname, one.schemaname, one.tablename);
  end loop;
  for one in select n.nspname, c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('app', 'accounts') and not t.tgisinternal
      and (n.nspname = 'app' or t.tgname not like 'record %') loop
    execute format('drop trigger %I on %I.%I', one.tgname, one.nspname, one.relname);
  end loop;
  loop
    select n.nspname as schema, c.relname as name into one from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'v' and n.nspname in ('app', 'fields', 'undercroft_rules') and not exists (
        select from pg_depend d join pg_rewrite r on r.oid = d.objid where d.refobjid = c.oid and r.ev_class <> c.oid) limit 1;
    exit when not found;
    execute format('drop view %I.%I', one.schema, one.name);
  end loop;
  for one in select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('undercroft', 'undercroft_rules') loop
    execute 'drop function ' || one.name;
  end loop;
end $undercroft$`,
  ]
}

/** All statements, in order. Run by a member of every role. */
export function createMachinery(
  policies: Policies,
  roles: RoleNames,
  accounts: AccountsPlan | null = null,
): string[] {
  const printer = new SqlPrinter()
  const entities = policies.model.entities.map((entity) => policyOf(policies, entity))
  const tables = entities.filter((one) => !one.entity.view && !one.entity.record)
  // Printed first: printing collects the functions.
  const rowPolicies = tables.flatMap((one) => createPolicies(one, printer, roles))
  const fieldViews = tables.filter(hasFieldView).flatMap((one) => createFieldView(one, printer, roles))
  const views = entities
    .filter((one) => one.entity.view)
    .flatMap((one) => createView(one, policies, printer, roles))
  const records = policies.model.entities.filter((one) => one.record)
  const recordViews = records.flatMap((one) => createRecordView(one, policies, printer, roles))
  const oneRow = new SqlPrinter(printer.functions, true)
  const seers = referencedEntities(policies.model).map((entity) =>
    seesFunction(policyOf(policies, entity), oneRow),
  )
  const gates = [
    ...entities.flatMap((one) => gateFunctions(one, printer)),
    ...callFunctions(policies, printer),
  ]
  const triggers = tables.flatMap((one) => createTriggers(one, oneRow, roles))
  const functions = [...printer.functions.values(), ...seers]
  return [
    ...callerFunctions(roles),
    ...circumstanceFunctions(roles),
    ...recordTruncate(roles),
    ...recordReads(policies.model, roles),
    ...restrictionFunctions(policies, roles),
    ...(accounts ? sessionFunctions(roles, accounts) : []),
    ...onceFunctions(roles),
    ...permitFunctions(roles),
    ...stepFunctions(roles),
    ...triggerFunctions(roles),
    // Functions may call one another in any order: PL/pgSQL looks names up when it runs.
    ...functions.map((one) => one.create),
    ...functions.flatMap((one) => functionRights(ruleFunction(one.name), roles)),
    ...gates.flatMap((one) => [
      one.create,
      ...functionRights(`${schemas.machinery}.${quoteName(one.name)}`, roles),
    ]),
    ...tables.flatMap((one) => [
      `alter table ${tableOf(one.entity)} enable row level security`,
      `alter table ${tableOf(one.entity)} force row level security`,
      `revoke all on ${tableOf(one.entity)} from public, ${quoteName(roles.api)}, ${quoteName(roles.system)}, ${quoteName(roles.fields)}`,
      `grant select, insert, update, delete on ${tableOf(one.entity)} to ${quoteName(roles.internal)}`,
    ]),
    ...rowPolicies,
    ...triggers,
    ...tables.flatMap((one) => grantTable(one, roles)),
    ...[...policies.system].flatMap((entity) => systemRights(entity, roles)),
    ...fieldViews,
    ...(records.length > 0 ? recordViewFunctions(roles) : []),
    ...recordViews,
    ...views,
    ...createConsents(policies, roles),
    ...createOverrides(policies, roles),
    ...createRequests(policies, roles),
    ...approvalFunctions(policies, roles),
    ...(accounts ? [...mirrorAccounts(policies.model, roles), ...recordAccountEvents(roles)] : []),
  ]
}

function referencedEntities(model: Model): readonly EntityInfo[] {
  return [
    ...new Set(
      model.entities
        .filter((one) => !one.view)
        .flatMap((one) => one.fields.flatMap((field) => (field.reference ? [field.reference.entity] : []))),
    ),
  ]
}

/** The API may run what its policies call; only who may use the schema can name it. */
function functionRights(name: string, roles: RoleNames): string[] {
  return [
    `alter function ${name} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${name} from public`,
    `grant execute on function ${name} to ${quoteName(roles.api)}, ${quoteName(roles.fields)}`,
  ]
}

/** What the author did not allow has no policy, and under forced row-level security that denies. */
function createPolicies(policy: EntityPolicy, printer: SqlPrinter, roles: RoleNames): string[] {
  const table = tableOf(policy.entity)
  const to = `to ${quoteName(roles.api)}, ${quoteName(roles.fields)}`
  const free = unrestrictedSql(policy.entity)
  const using = (rule: Rule): string => `using (${printer.rule(rule, ownRow)}${free})`
  const check = (rule: Rule): string => `with check (${printer.rule(rule, ownRow)}${free})`
  // PostgreSQL asks a statement that names no column of a row, such as a bare delete, for no right to read it.
  const print = (rule: Rule): string => printer.rule(rule, ownRow)
  const seen = (rule: Rule): Rule =>
    implies(rule, policy.read, print) ? rule : { kind: "all", terms: [policy.read, rule] }
  return [
    `create policy internal on ${table} for all to ${quoteName(roles.internal)} using (true) with check (true)`,
    ...(policy.entity.access.read
      ? [
          `create policy read on ${table} for select ${to} using (${printer.rule(policy.read, ownRow)}${free}${sawSql(policy.entity)})`,
        ]
      : []),
    ...(policy.entity.access.create
      ? [`create policy "create" on ${table} for insert ${to} ${check(policy.create)}`]
      : []),
    ...(policy.entity.access.updateFrom
      ? [
          `create policy update on ${table} for update ${to} ${using(seen(policy.updateFrom))} ${check(policy.updateTo)}`,
        ]
      : []),
    ...(policy.entity.access.delete
      ? [`create policy delete on ${table} for delete ${to} ${using(seen(policy.delete))}`]
      : []),
  ]
}

/** Fields that the API may name when it creates or changes a row. */
export function writableFields(
  entity: Pick<EntityInfo, "fields">,
  when: "create" | "update",
): readonly FieldInfo[] {
  return entity.fields.filter((field) => !field.readonly && (when === "create" || !field.immutable))
}

/** The columns of an entity's fields, and those by which encrypted ones are found. */
function readableColumns({ fields }: Pick<EntityInfo, "fields">): readonly string[] {
  return fields.flatMap((one) => (one.encrypted?.findable ? [one.column, indexColumn(one)] : [one.column]))
}

function grantTable(policy: EntityPolicy, roles: RoleNames): string[] {
  const table = tableOf(policy.entity)
  const to = hasFieldView(policy) ? roles.fields : roles.api
  return grants(policy.entity, table, to, readableColumns(policy.entity), (field) => field.column)
}

/** Steps beyond the caller's rights: what only the database sets stays the database's. */
function systemRights(entity: EntityInfo, roles: RoleNames): string[] {
  const every = { ...entity, access: { read: true, create: true, updateFrom: true, delete: true } }
  const columns = readableColumns(entity)
  return [
    createStepPolicy(entity, roles),
    ...grants(every, tableOf(entity), roles.system, columns, (field) => field.column),
  ]
}

function grants(
  entity: Pick<EntityInfo, "fields"> & { readonly access: Readonly<Record<Verb, unknown>> },
  relation: string,
  to: string,
  readable: readonly string[],
  write: (field: FieldInfo) => string,
): string[] {
  const list = (columns: readonly string[]): string => columns.map(quoteName).join(", ")
  const creatable = writableFields(entity, "create").map(write)
  const updatable = writableFields(entity, "update").map(write)
  return [
    ...(entity.access.read ? [`grant select (${list(readable)}) on ${relation} to ${quoteName(to)}`] : []),
    ...(entity.access.create && creatable.length > 0
      ? [`grant insert (${list(creatable)}) on ${relation} to ${quoteName(to)}`]
      : []),
    ...(entity.access.updateFrom && updatable.length > 0
      ? [`grant update (${list(updatable)}) on ${relation} to ${quoteName(to)}`]
      : []),
    ...(entity.access.delete ? [`grant delete on ${relation} to ${quoteName(to)}`] : []),
  ]
}

/** A view that shows each restricted field only where its rule holds; its owner is under the same row policies. */
function createFieldView(policy: EntityPolicy, printer: SqlPrinter, roles: RoleNames): string[] {
  const view = relationOf(policy)
  const columns = policy.entity.fields.flatMap((field) => {
    const rule = policy.fields.get(field.name)?.visibleTo
    const column = quoteName(field.column)
    const found = field.encrypted?.findable ? [quoteName(indexColumn(field))] : []
    if (!rule) return [column, ...found]
    return [
      ...[column, ...found].map((one) => `case when ${once(rule, printer)} then ${one} end as ${one}`),
      `${column} as ${quoteName(writeColumn(policy, field))}`,
    ]
  })
  return [
    `create view ${view} as select ${columns.join(", ")} from ${tableOf(policy.entity)}`,
    `alter view ${view} owner to ${quoteName(roles.fields)}`,
    ...grants(policy.entity, view, roles.api, readableColumns(policy.entity), (field) =>
      writeColumn(policy, field),
    ),
  ]
}

/** A rule that is the same for every row is found once a statement. */
function once(rule: Rule, printer: SqlPrinter): string {
  const sql = printer.rule(rule, ownRow)
  return readsRow(rule) ? sql : `(select ${sql})`
}

/** An entity over a query. It runs as its caller, over what the caller may see. */
function createView(
  policy: EntityPolicy,
  policies: Policies,
  printer: SqlPrinter,
  roles: RoleNames,
): string[] {
  const { entity } = policy
  const source = policyOf(policies, entity.view!.from)
  const column: ColumnOf = inScope("row", "t")
  const selected = entity.fields.map((field) => {
    const value = policy.generated.get(field.name)
    const sql = value ? printer.value(value, column) : pathValue(field, source, policies)
    return `${sql} as ${quoteName(field.column)}`
  })
  const view = relationOf(policy)
  const where = policy.viewWhere ? ` where ${printer.rule(policy.viewWhere, column)}` : ""
  return [
    `create view ${view} with (security_invoker = true) as select ${selected.join(", ")} from ${relationOf(source)} t${where}`,
    `alter view ${view} owner to ${quoteName(roles.owner)}`,
    `grant select on ${view} to ${quoteName(roles.api)}`,
  ]
}

/** `row.doctor.name` in a view: the caller's own look at the rows on the way. */
function pathValue(field: FieldInfo, source: EntityPolicy, policies: Policies): string {
  const node = field.source
  if (node?.kind !== "field") throw new Error(`the view field ${field.name} has no value`)
  let sql = ""
  let from = source.entity
  let before = "t"
  node.path.forEach((step, at) => {
    if (at === node.path.length - 1) {
      sql = sql.replace("$value", `${before}.${quoteName(from.fieldByName.get(step)!.column)}`)
      return
    }
    const relation = from.relations.get(step)!
    const alias = `t${at + 1}`
    const part = `(select $value from ${relationOf(policyOf(policies, relation.to))} ${alias} where ${alias}.${quoteName(relation.to.key[0]!.column)} = ${before}.${quoteName(relation.field.column)})`
    sql = sql === "" ? part : sql.replace("$value", part)
    from = relation.to
    before = alias
  })
  return sql
}

/** Whether the caller can see the row of a key: a reference to an invisible row is refused like one to no row. */
function seesFunction({ entity, read }: EntityPolicy, printer: SqlPrinter): PolicyFunction {
  const key = entity.key[0]!
  const name = seesName(entity)
  return {
    name,
    create: `create function ${ruleFunction(name)}(${key.kind.sqlType}) returns boolean language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$
begin return exists (select from ${tableOf(entity)} t where t.${quoteName(key.column)} = $1 and ${printer.rule(read, inScope("row", "t"))}); end $undercroft$`,
  }
}

/** The name of the function that says whether a field exists for the caller. */
export function gateName(field: FieldInfo): string {
  return shortName(`gate_${field.entity.table}_${field.column}`)
}

function gateFunctions(policy: EntityPolicy, printer: SqlPrinter): PolicyFunction[] {
  return policy.entity.fields.flatMap((field) => {
    const rule = policy.fields.get(field.name)
    if (!rule?.gated || !rule.visibleTo) return []
    return [
      {
        name: gateName(field),
        create: `create function undercroft.${quoteName(gateName(field))}() returns boolean language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$
begin return coalesce(${printer.rule(rule.visibleTo, ownRow)}, false); end $undercroft$`,
      },
    ]
  })
}
