/** What happens to accounts is on the same record as everything else, in the transaction in which it happens. */
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const name = "undercroft.record_account_event()"

/** Takes each event of accounts into the record. */
export function recordAccountEvents(roles: RoleNames): string[] {
  return [
    `create function ${name} returns trigger language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $undercroft$
declare e audit.pending := undercroft.who(false);
begin
  e.kind := 'event'; e.entity := 'User'; e.door := 'auth'; e.result := coalesce(new.result, 'done');
  if new.actor is not null then e.actor := 'user:' || new.actor; end if;
  e.address := coalesce(new.address, e.address); e.credential := coalesce('session:' || new.session, e.credential);
  if new.subject is not null then e.subjects := array['User:' || new.subject]; e.rows := array[new.subject]; end if;
  e.detail := jsonb_strip_nulls(jsonb_build_object('event', new.kind, 'route', new.route, 'detail', new.detail));
  e.personal := case when new."userAgent" is not null then jsonb_build_object('userAgent', new."userAgent") end;
  insert into audit.pending values (e.*);
  return null;
end $undercroft$`,
    `alter function ${name} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${name} from public`,
    `create trigger audit after insert on accounts.event for each row execute function ${name}`,
    "alter table accounts.event enable always trigger audit",
  ]
}
