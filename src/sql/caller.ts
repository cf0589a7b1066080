/** The functions by which a caller enters a transaction, and by which policies learn who it is. */

import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"
// What is sealed for the leader's process id would not hold in a worker.
const header = `${definer} parallel restricted`

/** What claims are bound by: the transaction and a key that only the internal role knows. Asked of the table of keys. */
export const binding = (claims: string): string =>
  `encode(sha256(transaction_key || sha256(transaction_key || convert_to(pg_backend_pid() || '.' || extract(epoch from now()) || '.' || ${claims}, 'UTF8'))), 'hex')`

/** The seal of the process under a text. Asked of the table of keys. */
export const sealOf = (text: string): string =>
  `encode(sha256(process_key || sha256(process_key || convert_to(${text}, 'UTF8'))), 'hex')`

/**
 * `enter` checks that the claims were sealed by a process that shares the key, and binds them to this transaction;
 * `me` refuses claims that `enter` did not bind, since any SQL expression may call `set_config`.
 * The nested hash keeps a seal from being lengthened.
 */
export function callerFunctions(roles: RoleNames): string[] {
  return [
    `create function undercroft.bind(claims text) returns text stable ${header} as $undercroft$
begin return (select ${binding("claims")} || claims from undercroft_state.keys); end $undercroft$`,
    `create function undercroft.enter(claims text, expires bigint, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
begin
  perform set_config('undercroft.caller', ${binding("claims")} || claims, true) from undercroft_state.keys
    where expires >= extract(epoch from clock_timestamp()) and seal = ${sealOf("expires || '.' || claims")};
  if not found then raise exception using errcode = '28000', message = 'unknown caller'; end if;
end $undercroft$`,
    // For the internal role alone: a part of the backend that acts for nobody, such as retention.
    `create function undercroft.enter_system(part text) returns void volatile ${definer} parallel unsafe as $undercroft$
begin
  perform set_config('undercroft.caller', undercroft.bind(jsonb_build_object('system', part)::text), true);
end $undercroft$`,
    // Asked several times in a statement: one query, and no call of another function.
    `create function undercroft.me() returns jsonb stable ${header} as $undercroft$
declare bound text := current_setting('undercroft.caller', true);
begin
  if bound is null or bound = '' then return null; end if;
  perform from undercroft_state.keys where ${binding("substr(bound, 65)")} = left(bound, 64);
  if not found then raise exception using errcode = '28000', message = 'forged caller'; end if;
  return substr(bound, 65)::jsonb;
end $undercroft$`,
    `create function undercroft.me_id() returns text stable ${header} as $undercroft$
begin return undercroft.me() ->> 'id'; end $undercroft$`,
    `create function undercroft.me_uuid() returns uuid stable ${header} as $undercroft$
declare id text := undercroft.me() ->> 'id';
begin
  return case when id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then id::uuid end;
end $undercroft$`,
    `create function undercroft.me_bigint() returns bigint stable ${header} as $undercroft$
declare id text := undercroft.me() ->> 'id';
begin return case when id ~ '^-?[0-9]{1,18}$' then id::bigint end; end $undercroft$`,
    `create function undercroft.me_has(role text) returns boolean stable ${header} as $undercroft$
begin return coalesce(undercroft.me() -> 'roles' ? role, false); end $undercroft$`,
    `create function undercroft.me_claim(name text) returns text stable ${header} as $undercroft$
begin return undercroft.me() -> 'claims' ->> name; end $undercroft$`,
    // Refusals that undo a write: `single`, `max-affected` and the size are known only when the rows are.
    ...(
      [
        ["exactly", "<>", "UC116"],
        ["at_most", ">", "UC124"],
        ["bounded", ">", "UC315"],
      ] as const
    ).map(
      ([name, sign, code]) =>
        `create function undercroft.${name}(affected bigint, wanted bigint) returns boolean volatile ${header} as $undercroft$
begin
  if affected ${sign} wanted then raise exception using errcode = '${code}', message = 'refused', detail = affected::text; end if;
  return true;
end $undercroft$`,
    ),
    ...[
      "exactly(bigint, bigint)",
      "at_most(bigint, bigint)",
      "bounded(bigint, bigint)",
      "bind(text)",
      "enter(text, bigint, text)",
      "enter_system(text)",
      "me()",
      "me_id()",
      "me_uuid()",
      "me_bigint()",
      "me_has(text)",
      "me_claim(text)",
    ].flatMap((name) => [
      `alter function undercroft.${name} owner to ${quoteName(roles.internal)}`,
      `revoke all on function undercroft.${name} from public`,
      ...(["bind(text)", "enter_system(text)", "me()"].includes(name)
        ? []
        : [
            `grant execute on function undercroft.${name} to ${quoteName(roles.api)}, ${quoteName(roles.fields)}`,
          ]),
    ]),
  ]
}
