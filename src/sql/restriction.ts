/** Restriction of processing in the row policies: rows of who is restricted are there for them and the privacy officer alone (GDPR Art. 18). */
import type { EntityInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import { keyText, subjectText } from "./record-writes.ts"
import type { RoleNames } from "./roles.ts"
import { personsOf } from "./subject-rows.ts"

const header =
  "language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp"

/** Asked once a statement; null while nobody is restricted, and then no row is looked at. */
const restricted = `(select ${ruleFunction("restricted")}())`

/** What each policy asks beside its rule; empty where rows are about nobody. */
export function unrestrictedSql(entity: EntityInfo): string {
  if (!entity.subject) return ""
  return ` and (${restricted} is null or coalesce(${subjectSql(entity)} <> all (coalesce(${restricted}, '{}')), true))`
}

/** Through other tables it is looked up whatever the caller may see of them. */
function subjectSql(entity: EntityInfo): string {
  const { person, path } = entity.subject!
  if (path.length > 1) return `${ruleFunction(functionName(entity))}(${quoteName(path[0]!.column)}::text)`
  const column = path[0] ?? entity.key[0]!
  return `${quoteLiteral(`${person.name}:`)} || ${quoteName(column.column)}::text`
}

function functionName(entity: EntityInfo): string {
  return shortName(`person_of_${entity.table}`)
}

/** Who is restricted, but for the caller's own person; null where it is nobody, and for the privacy officer. */
export function restrictionFunctions({ model, officer }: Policies, roles: RoleNames): string[] {
  const own = personsOf(model).flatMap((person) => {
    const account = person.subject?.account
    if (!account) return []
    return `select ${quoteLiteral(`${person.name}:`)} || ${keyText(person, "t")} from ${tableOf(person)} t where t.${quoteName(account.column)}::text = caller`
  })
  const named = (name: string): string[] => [
    `alter function ${name} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${name} from public`,
    `grant execute on function ${name} to ${[roles.api, roles.fields, roles.system].map(quoteName).join(", ")}`,
  ]
  const deep = model.entities.filter((one) => !one.view && (one.subject?.path.length ?? 0) > 1)
  return [
    `create function ${ruleFunction("restricted")}() returns text[] ${header} as $undercroft$
declare open text[]; caller text;
begin
  if not exists (select from undercroft_state.restrictions where lifted_at is null) then return null; end if;
  ${officer === null ? "" : `if undercroft.me_has(${quoteLiteral(officer)}) then return null; end if;`}
  caller := undercroft.me_id();
  open := array(select subject from undercroft_state.restrictions where lifted_at is null and subject is distinct from 'User:' || caller
    ${own.map((one) => `except (${one})`).join("\n    ")});
  return nullif(open, '{}');
end $undercroft$`,
    ...named(`${ruleFunction("restricted")}()`),
    ...deep.flatMap((entity) => [
      `create function ${ruleFunction(functionName(entity))}(first text) returns text ${header} as $undercroft$
begin return (select ${subjectText(entity, "r")} from (select first::${entity.subject!.path[0]!.kind.sqlType} as ${quoteName(entity.subject!.path[0]!.column)}) r); end $undercroft$`,
      ...named(`${ruleFunction(functionName(entity))}(text)`),
    ]),
  ]
}
