/** How the database keeps a register of privacy requests: who and when is its own word, each is decided once, and nothing is undone. */
import type { RequestInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql volatile security definer set search_path = pg_catalog, pg_temp"

/** For how long an export can be fetched after it was granted. */
const exportHours = 24

/** Corrections that wait for an officer, of one person. */
const mostCorrections = 50

/** The statements for every register of a model. */
export function createRequests({ model }: Policies, roles: RoleNames): string[] {
  const own = `current_user in (${[roles.api, roles.system].map(quoteLiteral).join(", ")})`
  return model.entities
    .flatMap((one) => one.request ?? [])
    .flatMap((one) => {
      const table = tableOf(one.entity)
      const keep = `${ruleFunction(shortName(`request_keep_${one.entity.table}`))}()`
      const stay = `${ruleFunction(shortName(`request_stay_${one.entity.table}`))}()`
      return [
        ...ownFunction(keep, keepBody(one), roles),
        ...ownFunction(stay, `begin ${raise(one, "UC402")} end`, roles),
        `create trigger undercroft_request_keep before insert or update on ${table} for each row execute function ${keep}`,
        // With the person goes the row, by a cascade that runs as the owner; the record keeps its entries.
        `create trigger undercroft_request_stay before delete on ${table} for each row when (${own}) execute function ${stay}`,
      ]
    })
}

function ownFunction(signature: string, body: string, roles: RoleNames): string[] {
  return [
    `create function ${signature} returns trigger ${definer} as $undercroft$\n${body}\n$undercroft$`,
    `alter function ${signature} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${signature} from public`,
  ]
}

function raise({ entity }: RequestInfo, code: string): string {
  return `raise exception using errcode = '${code}', schema = 'app', table = ${quoteLiteral(entity.table)}, message = 'refused';`
}

/** The account of the person of a row variable. */
function accountOf({ person, account }: RequestInfo, row: string): string {
  const whose = person.reference!.entity
  if (!account) return "null::text"
  return `(select t.${quoteName(account.column)}::text from ${tableOf(whose)} t where t.${quoteName(whose.key[0]!.column)} = ${row}.person)`
}

/**
 * Asked by the person or an officer, in a session of their own and signed in a moment ago where data would leave or go; decided by
 * an officer whom it is not about. Only the backend itself takes it further.
 */
function keepBody(register: RequestInfo): string {
  const { entity, officer, atOnce, correctable, signedInMinutes } = register
  const refuse = (code: string): string => raise(register, code)
  const granted = (row: string): string =>
    `${row}.decided_at := moment; if ${row}.kind = 'export' then ${row}.expires_at := moment + interval '${exportHours} hours'; end if;`
  const atOnceList = `array[${atOnce.map(quoteLiteral).join(", ")}]::text[]`
  const pairs = correctable.map((one) => `(${quoteLiteral(one.entity.name)}, ${quoteLiteral(one.name)})`)
  const isCorrection =
    pairs.length === 0 ? "false" : `(new.entity, new.field) in (${pairs.join(", ")}) and new.row is not null`
  return `declare caller jsonb := undercroft.me(); claims jsonb := caller -> 'claims'; fresh ${tableOf(entity)}; moment timestamptz := clock_timestamp();
  owner text; own boolean; proved boolean;
begin
  if caller ->> 'system' = 'privacy' then
    -- An archive never has anything done that was granted elsewhere.
    if tg_op = 'INSERT' and new.status in ('granted', 'running') then new.status := 'failed'; new.ended_at := moment; end if;
    return new;
  end if;
  if caller is not null and caller ->> 'id' is null then ${refuse("42501")} end if;
  if caller is null or claims ->> 'onBehalf' is not null or claims ->> 'key' is not null then ${refuse("UC400")} end if;
  owner := ${accountOf(register, "new")};
  own := coalesce(owner = caller ->> 'id', false);
  proved := coalesce((claims ->> 'authenticatedAt')::timestamptz >= moment - interval '${signedInMinutes} minutes', false);
  if tg_op = 'INSERT' then
    if not own and not coalesce(caller -> 'roles' ? ${quoteLiteral(officer)}, false) then ${refuse("42501")} end if;
    if new.status <> 'asked' or new.answer is not null then ${refuse("UC402")} end if;
    if new.scope = 'account' and owner is null then ${refuse("UC405")} end if;
    if new.kind in ('export', 'erase') and not proved then ${refuse("UC612")} end if;
    if new.kind = 'rectify' then
      if not coalesce(${isCorrection}, false) then ${refuse("UC411")} end if;
      if (select count(*) from ${tableOf(entity)} r where r.person = new.person and r.kind = 'rectify' and r.status = 'asked') >= ${mostCorrections} then ${refuse("UC401")} end if;
    elsif coalesce(new.entity, new.row, new.field, new.value::text) is not null then ${refuse("UC411")}
    elsif exists (select from ${tableOf(entity)} r where r.person = new.person and r.kind = new.kind and r.scope = new.scope
      and r.status in ('asked', 'granted', 'running') and coalesce(r.expires_at > moment, true)) then ${refuse("UC401")} end if;
    new.progress := 0; new.asked_by := 'user:' || (caller ->> 'id'); new.asked_at := moment; new.due_at := moment + interval '1 month';
    new.decided_by := null; new.decided_at := null; new.started_at := null; new.ended_at := null; new.expires_at := null;
    if own and new.kind = any(${atOnceList}) then new.status := 'granted'; ${granted("new")} end if;
    return new;
  end if;
  fresh := old;
  if own and old.status = 'asked' and new.status = 'withdrawn' and new.answer is null then
    fresh.status := 'withdrawn'; fresh.ended_at := moment;
    return fresh;
  end if;
  if not coalesce(caller -> 'roles' ? ${quoteLiteral(officer)}, false) then ${refuse("42501")} end if;
  if old.status not in ('asked', 'failed') or new.status not in ('granted', 'refused') then ${refuse("UC402")} end if;
  if own then ${refuse("UC403")} end if;
  fresh.status := new.status; fresh.answer := case when new.answer is distinct from old.answer then new.answer end; fresh.decided_by := 'user:' || (caller ->> 'id'); fresh.ended_at := null;
  if new.status = 'refused' then
    if coalesce(btrim(fresh.answer, E' \\t\\r\\n'), '') = '' then ${refuse("UC404")} end if;
    fresh.decided_at := moment; fresh.ended_at := moment;
    return fresh;
  end if;
  if old.kind in ('export', 'erase') and not proved then ${refuse("UC612")} end if;
  ${granted("fresh")}
  return fresh;
end`
}
