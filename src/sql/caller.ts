/** The functions by which a caller enters a transaction, and by which policies learn who it is. */

import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"
// What is sealed for the leader's process id would not hold in a worker.
const header = `${definer} parallel restricted`

/**
 * `enter` checks that the claims were sealed by a process that shares the key, and binds them to this transaction;
 * `me` refuses claims that `enter` did not bind, since any SQL expression may call `set_config`.
 * The nested hash keeps a seal from being lengthened.
 */
export function callerFunctions(roles: RoleNames): string[] {
  return [
    `create function undercroft.bind(claims text) returns text stable ${header} as $undercroft$
declare key bytea := (select transaction_key from undercroft_state.keys);
begin
  return encode(sha256(key || sha256(key || convert_to(pg_backend_pid() || '.' || extract(epoch from now()) || '.' || claims, 'UTF8'))), 'hex') || claims;
end $undercroft$`,
    `create function undercroft.enter(claims text, expires bigint, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare key bytea := (select process_key from undercroft_state.keys);
begin
  if claims is null or expires is null or seal is null or expires < extract(epoch from clock_timestamp())
    or seal <> encode(sha256(key || sha256(key || convert_to(expires || '.' || claims, 'UTF8'))), 'hex') then
    raise exception using errcode = '28000', message = 'unknown caller';
  end if;
  perform set_config('undercroft.caller', undercroft.bind(claims), true);
end $undercroft$`,
    // For the internal role alone: a part of the backend that acts for nobody, such as retention.
    `create function undercroft.enter_system(part text) returns void volatile ${definer} parallel unsafe as $undercroft$
begin
  perform set_config('undercroft.caller', undercroft.bind(jsonb_build_object('system', part)::text), true);
end $undercroft$`,
    `create function undercroft.me() returns jsonb stable ${header} as $undercroft$
declare bound text := current_setting('undercroft.caller', true); claims text;
begin
  if bound is null or bound = '' then return null; end if;
  claims := substr(bound, 65);
  if undercroft.bind(claims) <> bound then
    raise exception using errcode = '28000', message = 'forged caller';
  end if;
  return claims::jsonb;
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
