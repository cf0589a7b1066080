/**
 * The triggers of a table: what row-level security can't see, the row before and after together. They count versions and
 * refuse; what has an effect elsewhere must come after the policies, not before.
 */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import type { EntityPolicy } from "../policy/policies.ts"
import { type Rule, walkRule } from "../policy/rule.ts"
import {
  type ColumnOf,
  quoteName,
  ruleFunction,
  type SqlPrinter,
  shortName,
  tableOf,
} from "../policy/to-sql.ts"
import { exact } from "./exact.ts"
import { permitsSql } from "./permit.ts"
import { recordWrites } from "./record-writes.ts"
import type { RoleNames } from "./roles.ts"
import { defaultOf, referenceName } from "./tables.ts"

type Scopes = Readonly<Record<string, "new" | "old">>

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"

/** The name of the function that says whether the caller can see the row of a key. */
export function seesName(entity: EntityInfo): string {
  return shortName(`sees_${entity.table}`)
}

/** Functions that the triggers of all tables share. */
export function triggerFunctions(roles: RoleNames): string[] {
  return [
    `create function ${ruleFunction("count_version")}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $undercroft$
begin
  -- Encrypted anew, a row is the same.
  if current_setting('undercroft.reencrypt', true) = 'on' and current_user = ${quoteLiteral(roles.internal)} then return new; end if;
  new."created_at" := old."created_at"; new."updated_at" := now(); new."version" := old."version" + 1;
  return new;
end $undercroft$`,
    // The transaction that made a row, as the snapshot of the statement counts transactions: 64 bits of which a row keeps 32.
    `create function ${ruleFunction("in_snapshot")}(xid) returns boolean language plpgsql stable set search_path = pg_catalog, pg_temp as $undercroft$
declare top bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint; ahead bigint := ($1::text::bigint - top) & 4294967295;
begin
  if ahead >= 2147483648 then ahead := ahead - 4294967296; end if;
  return pg_visible_in_snapshot((top + ahead)::text::xid8, pg_current_snapshot());
end $undercroft$`,
    ...["count_version()", "in_snapshot(xid)"].flatMap((one) => {
      const [name = "", rest = ""] = one.split("(")
      const signature = `${ruleFunction(name)}(${rest}`
      return [
        `alter function ${signature} owner to ${quoteName(roles.internal)}`,
        `revoke all on function ${signature} from public`,
      ]
    }),
    // A cascade asks it as the owner.
    `grant execute on function ${ruleFunction("in_snapshot")}(xid) to public`,
  ]
}

/**
 * `printer` looks related rows up one by one. What only the caller's own writes must meet hangs on who is current: a
 * cascade runs as the owner of the table.
 */
export function createTriggers(policy: EntityPolicy, printer: SqlPrinter, roles: RoleNames): string[] {
  const { entity } = policy
  const table = tableOf(entity)
  const isApi = `current_user = ${quoteLiteral(roles.api)}`
  const own = (name: string, body: string): string[] => [
    `create function ${ruleFunction(name)}() returns trigger ${definer} as $undercroft$\nbegin\n${body}\nend $undercroft$`,
    `alter function ${ruleFunction(name)}() owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${ruleFunction(name)}() from public`,
  ]
  const { created, updated } = refusals(policy, printer)
  const guard = shortName(`guard_${entity.table}`)
  const moved = shortName(`moved_${entity.table}`)
  const events = [...(created.length > 0 ? ["insert"] : []), ...(updated.length > 0 ? ["update"] : [])].join(
    " or ",
  )
  return [
    ...(entity.fields.some((one) => one.automatic === "version")
      ? [
          `create trigger undercroft_count before update on ${table} for each row execute function ${ruleFunction("count_version")}()`,
        ]
      : []),
    ...(events === ""
      ? []
      : [
          ...own(
            guard,
            `  if tg_op = 'INSERT' then\n    ${created.join("\n    ")}\n  else\n    ${updated.join("\n    ")}\n  end if;\n  return new;`,
          ),
          `create trigger undercroft_guard before ${events} on ${table} for each row when (${isApi}) execute function ${ruleFunction(guard)}()`,
        ]),
    ...(policy.isHooked
      ? [
          ...own(shortName(`hook_${entity.table}`), hookBody(entity)),
          `create trigger undercroft_await before insert or update or delete on ${table} for each row when (${isApi}) execute function ${ruleFunction(shortName(`hook_${entity.table}`))}()`,
        ]
      : []),
    ...(looksElsewhere(policy)
      ? [
          ...own(moved, movedBody(policy, printer)),
          `create trigger undercroft_moved before update or delete on ${table} for each row when (${isApi} and not ${ruleFunction("in_snapshot")}(old.xmin)) execute function ${ruleFunction(moved)}()`,
        ]
      : []),
    ...recordWrites(entity, roles),
  ]
}

/** Of an entity with a hook nothing is written that the hook was not shown, raw SQL included. */
function hookBody(entity: EntityInfo): string {
  const message = `${entity.collection} has a hook: write it through the API, or by db with values(), set() or deleteFrom() alone`
  return `  if not ${permitsSql(entity, null)} then
    raise exception using errcode = 'UC130', schema = 'app', table = ${quoteLiteral(entity.table)}, message = ${quoteLiteral(message)};
  end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;`
}

/** What a created and what an updated row must meet. */
function refusals(policy: EntityPolicy, printer: SqlPrinter): { created: string[]; updated: string[] } {
  const { entity } = policy
  const created: string[] = []
  const updated: string[] = []
  for (const field of entity.fields) {
    const rule = policy.fields.get(field.name)?.writableBy
    const [fresh, former] = [
      exact(field, `new.${quoteName(field.column)}`),
      exact(field, `old.${quoteName(field.column)}`),
    ]
    const isChanged = `${fresh} is distinct from ${former}`
    if (rule && !field.readonly) {
      const refused = refuse(entity, "42501", "writable", [field])
      const isSet = `${fresh} is distinct from ${exact(field, `(${defaultOf(field, 18) ?? `null::${field.kind.sqlType}`})`)}`
      // What a hook completes is not the caller's to write or not.
      const own = policy.isHooked ? ` and not ${permitsSql(entity, field)}` : ""
      created.push(
        `if ${isSet} and not ${test(policy, printer, rule, { row: "new" })}${own} then ${refused} end if;`,
      )
      updated.push(
        `if ${isChanged} and not (${test(policy, printer, rule, { row: "old" })} and ${test(policy, printer, rule, { row: "new" })})${own} then ${refused} end if;`,
      )
    }
    // Whoever may break the glass for a person, or decide about their data, can't see them; that there is none, the reference tells.
    if (field.reference && field !== entity.override?.person && field !== entity.request?.person) {
      const value = `new.${quoteName(field.column)}`
      const isInvisible = `${value} is not null and not ${ruleFunction(seesName(field.reference.entity))}(${value})`
      const refused = refuse(entity, "23503", referenceName(field), [field])
      created.push(`if ${isInvisible} then ${refused} end if;`)
      updated.push(`if ${isChanged} and ${isInvisible} then ${refused} end if;`)
    }
  }
  if (policy.updateStep) {
    updated.push(
      `if not ${test(policy, printer, policy.updateStep, { row: "new", before: "old" })} then ${refuse(entity, "42501", "step", [])} end if;`,
    )
  }
  return { created, updated }
}

/**
 * A row that another transaction changed after the statement's snapshot is judged again, as things are now. PostgreSQL
 * itself asks the policies again for the new row, but looks related rows up as they were; the row is passed over as it
 * would have been.
 */
function movedBody(policy: EntityPolicy, printer: SqlPrinter): string {
  const { access } = policy.entity
  const still = (rule: Rule): string =>
    [...(access.read ? [policy.read] : []), rule]
      .map((one) => test(policy, printer, one, { row: "old" }))
      .join(" and ")
  return `  if tg_op = 'DELETE' then
    if not (${still(policy.delete)}) then return null; end if;
    return old;
  end if;
  if not (${still(policy.updateFrom)}) then return null; end if;
  return new;`
}

function looksElsewhere({ read, updateFrom, delete: remove }: EntityPolicy): boolean {
  let found = false
  for (const rule of [read, updateFrom, remove]) {
    walkRule(rule, (part) => {
      found ||= ["in-fact", "related", "some", "consent"].includes(part.kind)
    })
  }
  return found
}

function test(policy: EntityPolicy, printer: SqlPrinter, rule: Rule, scopes: Scopes): string {
  // What the database computes is not in the new row yet.
  const column: ColumnOf = (scope, field) => {
    const value = scopes[scope] === "new" ? policy.generated.get(field.name) : undefined
    return value ? `(${printer.value(value, column)})` : `${scopes[scope]}.${quoteName(field.column)}`
  }
  return `coalesce(${printer.rule(rule, column)}, false)`
}

function refuse(
  entity: EntityInfo,
  sqlstate: string,
  constraint: string,
  columns: readonly FieldInfo[],
): string {
  return `raise exception using errcode = ${quoteLiteral(sqlstate)}, schema = 'app', table = ${quoteLiteral(entity.table)}, constraint = ${quoteLiteral(constraint)}, column = ${quoteLiteral(columns.map((one) => one.column).join(","))}, message = 'refused';`
}
