/** By what the database knows that a write of an entity with a hook was shown to the hook: the process says so, sealed. */
import { createHash } from "node:crypto"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"

/** Opens the writes of one entity in this transaction, and the fields that its hook gave a value for; null closes them. */
export const permitText = "select undercroft.permit($1, $2)"

/** The two parameters of `permitText`. */
export function permitValues(
  entity: EntityInfo,
  completed: readonly FieldInfo[],
  key: Buffer,
): readonly [string, string] {
  const target = ["permit", entity.table, ...completed.map((one) => one.column)].join(" ")
  const inner = createHash("sha256").update(key).update(target).digest()
  return [target, createHash("sha256").update(key).update(inner).digest("hex")]
}

/** Whether the entity may be written now, or the field whoever writes it. */
export function permitsSql(entity: EntityInfo, field: FieldInfo | null): string {
  return `undercroft.permits(${quoteLiteral(entity.table)}, ${field ? quoteLiteral(field.column) : "null"})`
}

/**
 * `permit` believes what is sealed with the process's key, and binds it to this transaction as `enter` binds a caller;
 * `permits` refuses what it did not bind. A caller's claims begin with a brace, and so are never taken for a permit.
 */
export function permitFunctions(roles: RoleNames): string[] {
  return [
    `create function undercroft.permit(target text, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare key bytea := (select process_key from undercroft_state.keys);
begin
  if target is null then
    perform set_config('undercroft.permit', '', true);
  elsif target not like 'permit %' or seal is null
    or seal <> encode(sha256(key || sha256(key || convert_to(target, 'UTF8'))), 'hex') then
    raise exception using errcode = '28000', message = 'unknown permit';
  else
    perform set_config('undercroft.permit', undercroft.bind(target), true);
  end if;
end $undercroft$`,
    `create function undercroft.permits(relation text, field text) returns boolean stable ${definer} parallel restricted as $undercroft$
declare bound text := current_setting('undercroft.permit', true); words text[];
begin
  if bound is null or bound = '' then return false; end if;
  words := string_to_array(substr(bound, 65), ' ');
  return words[1] = 'permit' and undercroft.bind(substr(bound, 65)) = bound and words[2] = relation
    and (field is null or field = any(words[3:]));
end $undercroft$`,
    ...["permit(text, text)", "permits(text, text)"].flatMap((name) => [
      `alter function undercroft.${name} owner to ${quoteName(roles.internal)}`,
      `revoke all on function undercroft.${name} from public`,
    ]),
    `grant execute on function undercroft.permit(text, text) to ${quoteName(roles.api)}`,
  ]
}
