/**
 * Reads of the entities that have them on record. A statement of the engine notes the keys of its rows where they are made, and
 * records them once; of any other statement, such as an action's own, the row policy itself records each row that is looked at.
 */
import type { EntityInfo, Model } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import { keyText, subjectText } from "./record-writes.ts"
import type { RoleNames } from "./roles.ts"

const definer =
  "language plpgsql volatile security definer parallel unsafe set search_path = pg_catalog, pg_temp"

/** One entry of a statement, as the process describes it. */
export interface ToldRead {
  readonly entity: string
  readonly fields: readonly string[]
  readonly question: unknown
}

/** What the row policy asks beside its rule; empty where reads are not on record. */
export function sawSql(entity: EntityInfo): string {
  if (!entity.audit.reads) return ""
  const saw = `${ruleFunction(shortName(`saw_${entity.table}`))}(${keyText(entity, quoteName(entity.table))})`
  return ` and ((select ${ruleFunction("records_itself")}()) or ${saw})`
}

/** Notes keys of rows; given to nobody without it. */
export function noteSql(entity: EntityInfo, keys: string): string {
  return `undercroft.note(${quoteLiteral(entity.name)}, ${keys})`
}

/** `parameter` is the place of a list of `ToldRead`. */
export function recordedSql(parameter: string): string {
  return `undercroft.recorded(${parameter}::text)`
}

/** Where the keys of an entity's rows are gathered within a statement. */
const gathered = (name: string): string => `'undercroft.seen_' || md5(${name})`

/** The functions; those of entities are there for those whose reads are on record. */
export function recordReads(model: Model, roles: RoleNames): string[] {
  const entities = model.entities.filter((one) => one.audit.reads && !one.view)
  if (entities.length === 0) return []
  const subjects = (entity: EntityInfo): string => ruleFunction(shortName(`subjects_${entity.table}`))
  const purpose = (entity: EntityInfo): string =>
    entity.audit.purpose
      ? `if e.purpose is null then raise exception using errcode = 'UC620', message = ${quoteLiteral(entity.collection)}; end if;`
      : ""
  const own = (signature: string, ...to: readonly string[]): string[] => [
    `alter function ${signature} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${signature} from public`,
    ...to.map((role) => `grant execute on function ${signature} to ${quoteName(role)}`),
  ]
  return [
    `create function ${ruleFunction("records_itself")}() returns boolean language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$
begin return coalesce((undercroft.me() -> 'asked' ->> 'precise')::boolean, false); end $undercroft$`,
    ...own(`${ruleFunction("records_itself")}()`, roles.api, roles.fields, roles.system),
    `create function undercroft.note(entity text, keys text[]) returns boolean ${definer} as $undercroft$
declare name text := ${gathered("entity")}; former text := coalesce(current_setting(name, true), '');
begin
  if keys is not null then perform set_config(name, case when former = '' then '' else former || chr(10) end || to_json(keys)::text, true); end if;
  return true;
end $undercroft$`,
    `create function undercroft.recorded(told text) returns boolean ${definer} as $undercroft$
declare one jsonb; e audit.pending; name text;
begin
  for one in select jsonb_array_elements(told::jsonb) loop
    e := undercroft.who(false);
    name := ${gathered("one ->> 'entity'")};
    e.kind := 'read'; e.entity := one ->> 'entity'; e.question := one -> 'question';
    e.fields := array(select jsonb_array_elements_text(one -> 'fields'));
    e.rows := array(select distinct k from regexp_split_to_table(nullif(current_setting(name, true), ''), chr(10)) c cross join jsonb_array_elements_text(c::jsonb) k);
    perform set_config(name, '', true);
    case one ->> 'entity'
      ${entities.map((entity) => `when ${quoteLiteral(entity.name)} then ${purpose(entity)} e.subjects := ${subjects(entity)}(e.rows);`).join("\n      ")}
    end case;
    insert into audit.pending values (e.*);
  end loop;
  return true;
end $undercroft$`,
    ...own("undercroft.note(text, text[])", roles.api),
    ...own("undercroft.recorded(text)", roles.api),
    ...entities.flatMap((entity) => {
      const saw = ruleFunction(shortName(`saw_${entity.table}`))
      return [
        `create function ${subjects(entity)}(keys text[]) returns text[] language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $undercroft$
begin return ${subjectsOf(entity)}; end $undercroft$`,
        ...own(`${subjects(entity)}(text[])`),
        // Its view says itself when it is read.
        ...(entity.record
          ? []
          : [
              // Looked at last: what the rule refuses was not read.
              `create function ${saw}(key text) returns boolean ${definer} cost 1000 as $undercroft$
declare e audit.pending := undercroft.who(false);
begin
  ${purpose(entity)}
  e.kind := 'read'; e.entity := ${quoteLiteral(entity.name)}; e.rows := array[key]; e.subjects := ${subjects(entity)}(e.rows);
  insert into audit.pending values (e.*);
  return true;
end $undercroft$`,
              ...own(`${saw}(text)`, roles.api, roles.fields, roles.system),
            ]),
      ]
    }),
  ]
}

/** The persons of rows by their keys, whatever the caller may see of them. */
function subjectsOf(entity: EntityInfo): string {
  const { subject } = entity
  if (subject === null) return "null"
  const [key] = entity.key
  if (subject.path.length === 0)
    return `array(select ${quoteLiteral(`${subject.person.name}:`)} || k from unnest(keys) k)`
  return `array(select distinct s from (select ${subjectText(entity, "t")} as s from ${tableOf(entity)} t where t.${quoteName(key!.column)} = any(keys::${key!.kind.sqlType}[])) f where s is not null)`
}
