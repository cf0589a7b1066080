/**
 * Reads of the entities that have them on record. A statement of the engine gathers the keys of its rows where they are made, and
 * records them once; of any other statement, such as an action's own, the row policy itself records each row that is looked at.
 */
import { hash } from "node:crypto"
import { arrayLiteral } from "../model/fields/list.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, ruleFunction, schemas, shortName, tableOf } from "../policy/to-sql.ts"
import { binding, sealOf } from "./caller.ts"
import { askerColumns, askerValues, isSealed, lanePrefix } from "./circumstances.ts"
import type { Places } from "./places.ts"
import { keyText, subjectText } from "./record-writes.ts"
import type { RoleNames } from "./roles.ts"

const definer =
  "language plpgsql volatile security definer parallel unsafe set search_path = pg_catalog, pg_temp"

/**
 * Whether the statement is one that records itself what it reads: on the connections of requests all do, elsewhere the sealed
 * circumstances say so. The view has one row.
 */
export const recordsItself: string = `(select records_itself from ${ruleFunction("statement")})`

/** What the row policy asks beside its rule; empty where reads are not on record. */
export function sawSql(entity: EntityInfo): string {
  if (!entity.audit.reads) return ""
  const saw = `${ruleFunction(shortName(`saw_${entity.table}`))}(${keyText(entity, quoteName(entity.table))})`
  return ` and (${recordsItself} or ${saw})`
}

/** Notes keys of rows, or that there are none; given to nobody without it. Nothing but built-in functions, which cost little. */
export function noteSql(entity: EntityInfo, keys: string, places: Places): string {
  places.noted.add(entity)
  const name = gathered(entity.name)
  const former = `coalesce(nullif(current_setting(${name}, true), '') || ',', '')`
  return `case when ${keys} is null then true else set_config(${name}, ${former} || btrim(to_json(${keys})::text, '[]'), true) is not null end`
}

/** The keys that a statement has noted, with those that it has at hand. */
export function notedSql(entity: EntityInfo, keys: string): string {
  return `undercroft.noted(${gathered(entity.name)}, ${keys})`
}

/** What an entry is made from, as SQL. */
export interface ReadEntry {
  /** A list of texts; null where there are none. */
  readonly keys: string
  readonly fields: readonly string[]
  /** JSON as text. */
  readonly question: string
  /** The circumstances and their seal; null where they are bound. */
  readonly context: string
  readonly seal: string
}

/** Puts the reading of an entity on record. */
export function recordedSql(
  entity: EntityInfo,
  { keys, fields, question, context, seal }: ReadEntry,
): string {
  const list = `${quoteLiteral(arrayLiteral(fields))}::text[]`
  return `${recorded(entity)}(${keys}, ${list}, ${question}::jsonb, ${context}::text, ${seal}::text)`
}

const recorded = (entity: EntityInfo): string =>
  `${schemas.machinery}.${quoteName(shortName(`recorded_${entity.table}`))}`

/** Where the keys of an entity's rows are gathered within a statement. */
const gathered = (name: string): string => `'undercroft.seen_${hash("sha256", name)}'`

/** The functions; those of entities are there for those whose reads are on record. */
export function recordReads(model: Model, roles: RoleNames): string[] {
  const entities = model.entities.filter((one) => one.audit.reads && !one.view)
  if (entities.length === 0) return []
  const [view, precise] = [ruleFunction("statement"), ruleFunction("is_precise")]
  const own = (signature: string, ...to: readonly string[]): string[] => [
    `alter function ${signature} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${signature} from public`,
    ...to.map((role) => `grant execute on function ${signature} to ${quoteName(role)}`),
  ]
  return [
    `create function ${precise}() returns boolean language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$
begin return coalesce((undercroft.me() -> 'asked' ->> 'precise')::boolean, false); end $undercroft$`,
    ...own(`${precise}()`, roles.api, roles.fields, roles.system),
    // A view rather than a function: it is planned once, with the statement whose policy asks it.
    `create view ${view} as select coalesce(current_setting('undercroft.lane', true) = ${sealOf(`${quoteLiteral(lanePrefix)} || pg_backend_pid()`)}, false) or ${precise}() as records_itself from undercroft_state.keys`,
    `alter view ${view} owner to ${quoteName(roles.internal)}`,
    `revoke all on ${view} from public`,
    `grant select on ${view} to ${[roles.api, roles.fields, roles.system].map(quoteName).join(", ")}`,
    // A later statement of the transaction begins anew. Under the rights of who calls it: settings need none.
    `create function undercroft.noted(name text, keys text[]) returns text[] language plpgsql volatile parallel unsafe set search_path = pg_catalog, pg_temp as $undercroft$
declare noted text := current_setting(name, true);
begin
  if coalesce(noted, '') = '' then return keys; end if;
  perform set_config(name, '', true);
  return array(select json_array_elements_text(('[' || noted || ']')::json) union select unnest(keys));
end $undercroft$`,
    ...own("undercroft.noted(text, text[])", roles.api),
    ...entities.flatMap((entity) => [
      `create function ${recorded(entity)}(keys text[], fields text[], question jsonb, context text, seal text) returns boolean ${definer} as $undercroft$
begin
  ${demand(entity, "coalesce($4::jsonb, undercroft.me() -> 'asked') ->> 'purpose'")}
  ${insertRead(entity)}
  if not found then raise exception using errcode = '28000', message = 'nobody asks'; end if;
  return true;
end $undercroft$`,
      ...own(`${recorded(entity)}(text[], text[], jsonb, text, text)`, roles.api),
    ]),
    ...entities.flatMap((entity) => {
      // Its view says itself when it is read.
      if (entity.record) return []
      const saw = ruleFunction(shortName(`saw_${entity.table}`))
      return [
        // Looked at last: what the rule refuses was not read.
        `create function ${saw}(key text) returns boolean ${definer} cost 1000 as $undercroft$
declare e audit.pending := undercroft.who(false);
begin
  ${demand(entity, "e.purpose")}
  e.kind := 'read'; e.entity := ${quoteLiteral(entity.name)}; e.rows := array[key]; e.subjects := ${subjectsOf(entity, "e.rows")};
  insert into audit.pending values (e.*);
  return true;
end $undercroft$`,
        ...own(`${saw}(text)`, roles.api, roles.fields, roles.system),
      ]
    }),
  ]
}

/** What may not be read without the purpose that it needs. */
function demand({ audit, collection }: EntityInfo, purpose: string): string {
  if (!audit.purpose) return ""
  return `if ${purpose} is null then raise exception using errcode = 'UC620', message = ${quoteLiteral(collection)}; end if;`
}

/**
 * One query for the whole entry, and for the check of who asks: what makes a statement ready costs more than what it does. The
 * parameters stand by their numbers, since the names are columns, too.
 */
function insertRead(entity: EntityInfo): string {
  const bound = "select coalesce(current_setting('undercroft.caller', true), '') as bound offset 0"
  const isBound = `case when bound = '' then $4 is not null else ${binding("substr(bound, 65)")} = left(bound, 64) end`
  const isAsked = `case when $4 is null then true else ${isSealed("asked.", "$4", "$5")} end`
  const told = `select case when bound <> '' then substr(bound, 65)::jsonb end as told from (${bound}) b, undercroft_state.keys where ${isBound} and ${isAsked} offset 0`
  const asker = `select told, told -> 'claims' as claims, coalesce($4::jsonb, told -> 'asked') as asked from (${told}) t offset 0`
  return `insert into audit.pending (kind, entity, fields, question, rows, subjects, ${askerColumns.join(", ")})
    select 'read', ${quoteLiteral(entity.name)}, $2, $3, coalesce($1, '{}'), ${subjectsOf(entity, "$1")}, ${askerValues} from (${asker}) a;`
}

const plainKeys: ReadonlySet<string> = new Set(["uuid", "bigint", "integer"])

/** The persons of rows by their keys, whatever the caller may see of them. */
function subjectsOf(entity: EntityInfo, keys: string): string {
  const { subject } = entity
  if (subject === null) return "null"
  const [key] = entity.key
  // No letter of such a key is a comma, and a query of its own would cost more than the rest.
  if (subject.path.length === 0 && plainKeys.has(key!.kind.sqlType) && entity.key.length === 1)
    return `case when cardinality(${keys}) > 0 then string_to_array(${quoteLiteral(`${subject.person.name}:`)} || array_to_string(${keys}, ${quoteLiteral(`,${subject.person.name}:`)}), ',') else '{}' end`
  if (subject.path.length === 0)
    return `array(select ${quoteLiteral(`${subject.person.name}:`)} || k from unnest(${keys}) k)`
  return `array(select distinct s from (select ${subjectText(entity, "t")} as s from ${tableOf(entity)} t where t.${quoteName(key!.column)} = any(${keys}::${key!.kind.sqlType}[])) f where s is not null)`
}
