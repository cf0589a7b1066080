/** What waits for a second person: each call that must be approved is kept, decided once, used once, and every step is on record. */
import { quoteLiteral } from "../model/value.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import { approveName, callName } from "./call-functions.ts"
import { isSealed } from "./circumstances.ts"
import type { RoleNames } from "./roles.ts"

/** Does one thing with an approval; the process says what, sealed, so that no other SQL can. */
export const approvalText = 'select undercroft.approval($1, $2) as "done"'

const live = "status in ('pending', 'approved', 'rejected')"

/** Idempotent. `input` is what the process encrypted, and goes as soon as nobody needs it any more. */
export function createApprovalTable(roles: RoleNames): string[] {
  return [
    "create table if not exists undercroft_state.approvals (id uuid primary key default gen_random_uuid(), action text not null, requester text not null, on_behalf text, session text, digest text not null, input text, status text not null default 'pending', asked_at timestamptz not null default clock_timestamp(), expires_at timestamptz not null, decided_by text, decided_at timestamptz, reason text, used_at timestamptz)",
    `create unique index if not exists approvals_live on undercroft_state.approvals (requester, action, digest) where ${live}`,
    "create index if not exists approvals_pending on undercroft_state.approvals (asked_at) where status = 'pending'",
    "create index if not exists approvals_requester on undercroft_state.approvals (requester)",
    "create index if not exists approvals_decided on undercroft_state.approvals (decided_at) where decided_at is not null",
    `alter table undercroft_state.approvals owner to ${quoteName(roles.internal)}`,
  ]
}

/**
 * `ask` gives the request that there is, or makes one; `decide` is for somebody else who may; `use` is a part of the action's own
 * transaction. Rows are locked where they are judged: of a hundred at once, one decides and one uses.
 */
export function approvalFunctions({ approvals }: Policies, roles: RoleNames): string[] {
  if (approvals.size === 0) return []
  const asked = (name: (action: string) => string): string =>
    [...approvals.keys()]
      .map((one) => `when ${quoteLiteral(one)} then undercroft.${quoteName(name(one))}()`)
      .join(" ")
  const mayCall = `case told ->> 'action' ${asked(callName)} else false end`
  const mayApprove = (row: string): string => `case ${row}.action ${asked(approveName)} else false end`
  const signature = "undercroft.approval(text, text)"
  return [
    `create function undercroft.note_approval(a undercroft_state.approvals, happened text, outcome text) returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $undercroft$
declare e audit.pending := undercroft.who(true);
begin
  e.kind := 'approval'; e.result := outcome;
  e.detail := coalesce(e.detail, '{}') || jsonb_strip_nulls(jsonb_build_object('event', happened, 'approval', a.id, 'action', a.action, 'requester', 'user:' || a.requester, 'approver', 'user:' || a.decided_by));
  e.personal := case when happened = 'rejected' then jsonb_build_object('reason', a.reason) end;
  -- What is said of a request goes with whoever asked.
  if e.personal is not null then e.subjects := array['User:' || a.requester]; end if;
  insert into audit.pending values (e.*);
end $undercroft$`,
    `create function ${signature.replace("text, text", "what text, seal text")} returns text language plpgsql volatile security definer parallel unsafe set search_path = pg_catalog, pg_temp as $undercroft$
declare told jsonb; me jsonb := undercroft.me(); claims jsonb := me -> 'claims';
  who text := me ->> 'id'; a undercroft_state.approvals; found_rows jsonb; moment timestamptz := clock_timestamp();
begin
  if not exists (select from undercroft_state.keys where ${isSealed("approval.", "what")}) then raise exception using errcode = '28000', message = 'unknown approval'; end if;
  told := what::jsonb;
  if who is null then raise exception using errcode = '42501', message = 'nobody asks'; end if;
  update undercroft_state.approvals o set status = 'expired', input = null where o.${live} and o.expires_at <= moment;
  case told ->> 'do'
  when 'ask' then
    if not coalesce(${mayCall}, false) then raise exception using errcode = '42501', message = 'refused'; end if;
    insert into undercroft_state.approvals (action, requester, on_behalf, session, digest, input, expires_at)
      values (told ->> 'action', who, claims ->> 'onBehalf', claims ->> 'session', told ->> 'digest', told ->> 'input', moment + make_interval(secs => (told ->> 'seconds')::float8))
      on conflict (requester, action, digest) where ${live} do nothing returning * into a;
    if a.id is not null then perform undercroft.note_approval(a, 'asked', 'done');
    else select * into a from undercroft_state.approvals o where o.requester = who and o.action = told ->> 'action' and o.digest = told ->> 'digest' and o.${live};
      if a.status = 'pending' then perform undercroft.note_approval(a, 'asked-again', 'done'); end if; end if;
    return jsonb_build_object('id', a.id, 'status', a.status);
  when 'decide' then
    select * into a from undercroft_state.approvals o where o.id = (told ->> 'id')::uuid for update;
    if a.id is null or not coalesce(${mayApprove("a")}, false) then return '{"refused": "absent"}'; end if;
    -- A second person: no other self of the one who asked, no machine, nobody who acts as somebody else.
    if who in (a.requester, a.on_behalf) or claims ->> 'onBehalf' is not null or claims ->> 'key' is not null or claims ->> 'session' = a.session then
      perform undercroft.note_approval(a, 'decided', 'refused');
      return '{"refused": "own"}';
    end if;
    if a.status <> 'pending' then return '{"refused": "over"}'; end if;
    update undercroft_state.approvals o set status = told ->> 'status', decided_by = who, decided_at = moment, reason = told ->> 'reason',
      input = case when told ->> 'status' = 'approved' then o.input end where o.id = a.id returning * into a;
    perform undercroft.note_approval(a, a.status, 'done');
    return jsonb_build_object('id', a.id, 'status', a.status);
  when 'use' then
    update undercroft_state.approvals o set status = 'used', used_at = moment, input = null
      where o.id = (told ->> 'id')::uuid and o.requester = who and o.status = 'approved' returning * into a;
    if a.id is null then return '{"refused": "over"}'; end if;
    perform undercroft.note_approval(a, 'used', 'done');
    return jsonb_build_object('id', a.id, 'status', a.status);
  when 'list' then
    select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'action', s.action, 'requester', s.requester, 'status', s.status, 'digest', s.digest, 'input', s.input,
      'askedAt', s.asked_at, 'expiresAt', s.expires_at, 'reason', s.reason) order by s.asked_at), '[]') into found_rows
      from (select o.* from undercroft_state.approvals o where o.${live} and (o.requester = who or (o.status = 'pending' and coalesce(${mayApprove("o")}, false))) order by o.asked_at limit 100) s;
    for a in select o.* from undercroft_state.approvals o join jsonb_array_elements(found_rows) f on o.id = (f ->> 'id')::uuid where o.requester <> who loop
      perform undercroft.note_approval(a, 'shown', 'done');
    end loop;
    return found_rows::text;
  end case;
end $undercroft$`,
    ...[signature, "undercroft.note_approval(undercroft_state.approvals, text, text)"].flatMap((one) => [
      `alter function ${one} owner to ${quoteName(roles.internal)}`,
      `revoke all on function ${one} from public`,
    ]),
    `grant execute on function ${signature} to ${quoteName(roles.api)}`,
  ]
}
