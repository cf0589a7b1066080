/** The triggers that put every write of a table on record, before and after by field, in the transaction that writes. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import { exact } from "./exact.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"

/** The triggers that every table has; `check-database` looks for them. */
export const recordTriggers: readonly string[] = ["undercroft_record", "undercroft_record_truncate"]

/** The key of a row as the record tells it. */
export function keyText(entity: EntityInfo, alias: string): string {
  const keys = entity.key.map((one) => `${alias}.${quoteName(one.column)}`)
  return keys.length === 1 ? `${keys[0]}::text` : `jsonb_build_array(${keys.join(", ")})::text`
}

/** Whose data a row is, as the record tells it: `Patient:<key>`; null where it is nobody's, or where its person is gone. */
export function subjectText(entity: EntityInfo, alias: string): string {
  const { subject } = entity
  if (subject === null) return "null::text"
  const [first, ...further] = subject.path
  const prefix = quoteLiteral(`${subject.person.name}:`)
  if (!first) return `${prefix} || ${keyText(entity, alias)}`
  let value = `${alias}.${quoteName(first.column)}`
  let target = first.reference!.entity
  further.forEach((field, at) => {
    const name = `s${at}`
    value = `(select ${name}.${quoteName(field.column)} from ${tableOf(target)} ${name} where ${name}.${quoteName(target.key[0]!.column)} = ${value})`
    target = field.reference!.entity
  })
  return `${prefix} || ${value}::text`
}

/** A row of each is written by the triggers of one table: no loop, no SQL that is put together at run time. */
export function recordWrites(entity: EntityInfo, roles: RoleNames): string[] {
  const table = tableOf(entity)
  const name = shortName(`record_${entity.table}`)
  const subject = (alias: string): string => `array_remove(array[${subjectText(entity, alias)}], null)`
  const of = (places: readonly FieldInfo["classification"][]): readonly FieldInfo[] =>
    entity.fields.filter((one) => places.includes(one.classification))
  const [open, personal, secret] = [of(["public", "internal"]), of(["personal", "special"]), of(["secret"])]
  const moves = (fields: readonly FieldInfo[], before: string, after: string): string[] =>
    fields
      .filter((one) => one.automatic !== "createdAt" && one.automatic !== "updatedAt")
      .map((one) => {
        const [former, fresh] = [`old.${quoteName(one.column)}`, `new.${quoteName(one.column)}`]
        const as = quoteLiteral(one.name)
        return `if ${exact(one, fresh)} is distinct from ${exact(one, former)} then ${before} := ${before} || jsonb_build_object(${as}, ${former}); ${after} := ${after} || jsonb_build_object(${as}, ${fresh}); end if;`
      })
  const whole = (fields: readonly FieldInfo[], alias: string): string => objectOf(fields, alias)
  const secretNow = (alias: string): string =>
    secret.length === 0
      ? "null"
      : `nullif(array_remove(array[${secret.map((one) => `case when ${alias}.${quoteName(one.column)} is not null then ${quoteLiteral(one.name)} end`).join(", ")}], null), '{}')`
  const secretMoved = secret.map(
    (one) =>
      `if ${exact(one, `new.${quoteName(one.column)}`)} is distinct from ${exact(one, `old.${quoteName(one.column)}`)} then hidden := hidden || ${quoteLiteral(one.name)}::text; end if;`,
  )
  const one = (side: string, values: string): string =>
    values === "" ? "null" : `jsonb_build_object(${quoteLiteral(side)}, ${values})`
  return [
    `create function ${ruleFunction(name)}() returns trigger ${definer} as $undercroft$
declare e audit.pending := undercroft.who(true); b jsonb := '{}'; a jsonb := '{}'; pb jsonb := '{}'; pa jsonb := '{}'; hidden text[];
begin
  ${passOver(entity)}${demand(entity)}
  e.entity := ${quoteLiteral(entity.name)};
  if tg_op = 'INSERT' then
    e.kind := 'create'; e.rows := array[${keyText(entity, "new")}]; e.subjects := ${subject("new")}; hidden := ${secretNow("new")};
    e.detail := coalesce(e.detail, '{}') || ${one("after", whole(open, "new"))};
    e.personal := ${one("after", whole(personal, "new"))};
  elsif tg_op = 'DELETE' then
    e.kind := 'delete'; e.rows := array[${keyText(entity, "old")}]; e.subjects := ${subject("old")}; hidden := ${secretNow("old")};
    e.detail := coalesce(e.detail, '{}') || ${one("before", whole(open, "old"))};
    e.personal := ${one("before", whole(personal, "old"))};
  else
    e.kind := 'update'; e.rows := array(select distinct k from unnest(array[${keyText(entity, "old")}, ${keyText(entity, "new")}]) k);
    e.subjects := array(select distinct s from unnest(${subject("old")} || ${subject("new")}) s);
    ${[...moves(open, "b", "a"), ...moves(personal, "pb", "pa"), ...secretMoved].join("\n    ")}
    e.detail := coalesce(e.detail, '{}') || jsonb_build_object('before', b, 'after', a);
    if pa <> '{}' then e.personal := jsonb_build_object('before', pb, 'after', pa); end if;
  end if;
  ${entity.override ? "e.kind := 'override';" : ""}
  if hidden is not null then e.detail := e.detail || jsonb_build_object('secret', hidden); end if;
  insert into audit.pending values (e.*);
  return null;
end $undercroft$`,
    `alter function ${ruleFunction(name)}() owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${ruleFunction(name)}() from public`,
    `create trigger undercroft_record after insert or update or delete on ${table} for each row execute function ${ruleFunction(name)}()`,
    `create trigger undercroft_record_truncate before truncate on ${table} for each statement execute function undercroft.record_truncate(${quoteLiteral(entity.name)})`,
    ...recordTriggers.map((trigger) => `alter table ${table} enable always trigger ${trigger}`),
  ]
}

/** Of a privacy request it is on record that it was asked, decided and done, not how far it is in between. */
function passOver({ request }: EntityInfo): string {
  if (!request) return ""
  const rest = (row: string): string => `to_jsonb(${row}) - '{status,progress,started_at,updated_at}'::text[]`
  return `if tg_op = 'UPDATE' and undercroft.me() ->> 'system' = 'privacy' and new.status in ('granted', 'running') and ${rest("new")} = ${rest("old")} then return null; end if;
  `
}

/** What may not be written without the purpose that it needs; SQL from elsewhere states none. */
function demand({ audit, collection }: EntityInfo): string {
  if (!audit.purpose) return ""
  return `if e.purpose is null and e.door not in ('database', 'auth', 'system') then raise exception using errcode = 'UC620', message = ${quoteLiteral(collection)}; end if;`
}

/** A function takes at most 100 arguments. */
function objectOf(fields: readonly FieldInfo[], alias: string): string {
  const parts: string[] = []
  for (let at = 0; at < fields.length; at += 45) {
    const some = fields.slice(at, at + 45)
    parts.push(
      `jsonb_build_object(${some.map((one) => `${quoteLiteral(one.name)}, ${alias}.${quoteName(one.column)}`).join(", ")})`,
    )
  }
  return parts.join(" || ")
}

/** What the tables share. */
export function recordTruncate(roles: RoleNames): string[] {
  const name = "undercroft.record_truncate()"
  return [
    `create function ${name} returns trigger ${definer} as $undercroft$
declare e audit.pending := undercroft.who(true);
begin
  e.kind := 'truncate'; e.entity := tg_argv[0];
  insert into audit.pending values (e.*);
  return null;
end $undercroft$`,
    `alter function ${name} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${name} from public`,
  ]
}
