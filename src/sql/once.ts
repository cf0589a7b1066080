/** What makes a write with an `Idempotency-Key` happen once: its answer is kept in the transaction that writes. */
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/** How long an answer is kept. */
const kept = "interval '24 hours'"

/** The table; idempotent. */
export function createOnceTable(roles: RoleNames): string[] {
  return [
    "create table if not exists undercroft_state.once (caller text, key text, digest text not null, body text, n bigint, total bigint, made bigint, at timestamptz not null default now(), primary key (caller, key))",
    "create index if not exists once_at on undercroft_state.once (at)",
    `alter table undercroft_state.once owner to ${quoteName(roles.internal)}`,
  ]
}

/**
 * `keep_once` keeps an answer, and is refused where there is one: of two requests at the same time the second waits for
 * the first. `recall_once` gives it back, to the caller who got it.
 */
export function onceFunctions(roles: RoleNames): string[] {
  const definer = "language plpgsql volatile security definer set search_path = pg_catalog, pg_temp"
  return [
    `create function undercroft.keep_once(key text, digest text, body text, n bigint, total bigint, made bigint) returns boolean ${definer} parallel unsafe as $undercroft$
#variable_conflict use_column
begin
  delete from undercroft_state.once o where o.at < now() - ${kept} and (o.caller, o.key) in (
    select caller, e.key from undercroft_state.once e where e.at < now() - ${kept} order by e.at limit 20 for update skip locked);
  delete from undercroft_state.once o where o.caller = undercroft.me_id() and o.key = keep_once.key and o.at < now() - ${kept};
  insert into undercroft_state.once (caller, key, digest, body, n, total, made)
    values (undercroft.me_id(), keep_once.key, keep_once.digest, keep_once.body, keep_once.n, keep_once.total, keep_once.made);
  return true;
end $undercroft$`,
    `create function undercroft.recall_once(key text, digest text) returns table (same boolean, body text, n bigint, total bigint, made bigint) ${definer} parallel unsafe as $undercroft$
#variable_conflict use_column
begin
  return query select o.digest = recall_once.digest, case when o.digest = recall_once.digest then o.body end, o.n, o.total, o.made
    from undercroft_state.once o
    where o.caller = undercroft.me_id() and o.key = recall_once.key and o.at >= now() - ${kept};
end $undercroft$`,
    ...["keep_once(text, text, text, bigint, bigint, bigint)", "recall_once(text, text)"].flatMap((name) => [
      `alter function undercroft.${name} owner to ${quoteName(roles.internal)}`,
      `revoke all on function undercroft.${name} from public`,
      `grant execute on function undercroft.${name} to ${quoteName(roles.api)}`,
    ]),
  ]
}
