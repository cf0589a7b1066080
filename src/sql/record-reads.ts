/**
 * Reads of the entities that have them on record. A statement of the engine notes the keys of its rows where they are made, and
 * records them once; of any other statement, such as an action's own, the row policy itself records each row that is looked at.
 */
import type { EntityInfo, Model } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import { askerColumns, askerValues, askerVariables } from "./circumstances.ts"
import { keyText, subjectText } from "./record-writes.ts"
import type { RoleNames } from "./roles.ts"

const definer =
  "language plpgsql volatile security definer parallel unsafe set search_path = pg_catalog, pg_temp"

/** One entry of a statement, as the process describes it. */
export interface ToldRead {
  readonly entity: string
  /** A list as PostgreSQL writes it. */
  readonly fields: string
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
  if cardinality(keys) > 0 then perform set_config(name, case when former = '' then '' else former || ',' end || btrim(to_json(keys)::text, '[]'), true); end if;
  return true;
end $undercroft$`,
    `create function undercroft.recorded(read text) returns boolean ${definer} as $undercroft$
declare reads jsonb := read::jsonb; one jsonb; noted text; ${askerVariables}
begin
  if told is null then raise exception using errcode = '28000', message = 'nobody asks'; end if;
  for at in 0 .. jsonb_array_length(reads) - 1 loop
    one := reads -> at;
    noted := current_setting(${gathered("one ->> 'entity'")}, true);
    if noted <> '' then perform set_config(${gathered("one ->> 'entity'")}, '', true); end if;
    case one ->> 'entity'
      ${entities.map((entity) => `when ${quoteLiteral(entity.name)} then ${demand(entity, "asked ->> 'purpose'")} ${insertRead(entity)}`).join("\n      ")}
    end case;
  end loop;
  return true;
end $undercroft$`,
    ...own("undercroft.note(text, text[])", roles.api),
    ...own("undercroft.recorded(text)", roles.api),
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

/** One query for the whole entry: what makes a statement ready costs more than what it does. */
function insertRead(entity: EntityInfo): string {
  const rows = `case when noted <> '' then array(select distinct json_array_elements_text(('[' || noted || ']')::json)) else '{}' end`
  return `insert into audit.pending (kind, entity, fields, question, rows, subjects, ${askerColumns.join(", ")})
        select 'read', one ->> 'entity', (one ->> 'fields')::text[], one -> 'question', r.rows, ${subjectsOf(entity, "r.rows")}, ${askerValues} from (select ${rows} as rows offset 0) r;`
}

/** The persons of rows by their keys, whatever the caller may see of them. */
function subjectsOf(entity: EntityInfo, keys: string): string {
  const { subject } = entity
  if (subject === null) return "null"
  const [key] = entity.key
  if (subject.path.length === 0)
    return `array(select ${quoteLiteral(`${subject.person.name}:`)} || k from unnest(${keys}) k)`
  return `array(select distinct s from (select ${subjectText(entity, "t")} as s from ${tableOf(entity)} t where t.${quoteName(key!.column)} = any(${keys}::${key!.kind.sqlType}[])) f where s is not null)`
}
