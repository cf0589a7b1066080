/** The counters of guesses, shared by all nodes: one statement takes an attempt or says how long to wait. */
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/** Days after which a network from which somebody signed in is forgotten. */
const knownDays = 90

/** The table and its functions; every statement may be run again. Run as the role that owns the tables of accounts. */
export function guessStatements(roles: RoleNames): string[] {
  return [
    `create table if not exists accounts.guess (
  key text primary key, count double precision not null default 0, known boolean not null default false,
  until timestamptz not null default '-infinity', seen timestamptz not null default clock_timestamp())`,
    "create index if not exists guess_seen on accounts.guess (seen)",
    // Rows are made and locked in the order of their keys, so that attempts at the same time wait for one another and no
    // more of them than are free get through; the clock is read after that.
    `create or replace function accounts.take_attempt(asked jsonb, out wait double precision, out locked text, out taken text[])
language plpgsql volatile set search_path = pg_catalog, pg_temp as $undercroft$
declare moment timestamptz; keys text[];
begin
  select array_agg(one->>'key' order by one->>'key') into keys from jsonb_array_elements(asked) one
    where not exists (select from accounts.guess g where g.key = one->>'known' and g.known and g.seen > clock_timestamp() - interval '${knownDays} days');
  insert into accounts.guess (key) select one from unnest(keys) one order by one on conflict (key) do nothing;
  perform from accounts.guess g where g.key = any(keys) order by g.key for update;
  moment := clock_timestamp();
  select coalesce(max(extract(epoch from g.until - moment)), 0) into wait from accounts.guess g where g.key = any(keys) and g.until > moment;
  if wait > 0 then return; end if;
  taken := keys;
  with counted as (
    update accounts.guess g set count = next.count,
        -- What is left of the time that forgives one more is kept.
        seen = case when next.count = 1 then moment else g.seen + make_interval(secs => next.forgiven * next.forgive) end,
        until = case when next.count >= next.free then moment + make_interval(secs => least(next.most, next.base * 2 ^ least(next.count - next.free, 30))) else '-infinity' end
      from (
        select k.*, f.forgiven, greatest(0, h.count - f.forgiven) + 1 as count
          from accounts.guess h join jsonb_to_recordset(asked) as k(key text, scope text, free float, forgive float, base float, most float) using (key)
          cross join lateral (select floor(extract(epoch from moment - h.seen)::float / k.forgive) as forgiven) f
          where h.key = any(keys)
      ) next where g.key = next.key
      returning next.scope, next.count = next.free as is_new
  ) select string_agg(c.scope, ',') filter (where c.is_new) into locked from counted c;
  -- Now and then, what nobody needs any more.
  if random() < 0.002 then
    delete from accounts.guess where key in (
      select g.key from accounts.guess g where g.seen < moment - case when g.known then interval '${knownDays} days' else interval '2 days' end
        and g.until < moment order by g.seen limit 1000 for update skip locked);
  end if;
end $undercroft$`,
    // A success takes back what it cost; the counter of this account from this place begins anew.
    `create or replace function accounts.give_back(reset text[], released text[], known text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $undercroft$
begin
  perform from accounts.guess g where g.key = any(reset || released) order by g.key for update;
  update accounts.guess g set until = '-infinity', count = case when g.key = any(reset) then 0 else greatest(0, g.count - 1) end
    where g.key = any(reset || released);
  if known is not null then
    insert into accounts.guess as g (key, known) values (give_back.known, true)
      on conflict (key) do update set seen = clock_timestamp() where g.seen < clock_timestamp() - interval '1 hour';
  end if;
end $undercroft$`,
    ...["take_attempt(jsonb)", "give_back(text[], text[], text)"].flatMap((name) => [
      `revoke all on function accounts.${name} from public`,
      `grant execute on function accounts.${name} to ${quoteName(roles.accounts)}`,
    ]),
  ]
}
