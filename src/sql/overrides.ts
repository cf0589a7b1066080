/** How the database keeps a register of emergency overrides: who, since when and until when is its own word, and nothing is undone. */
import type { OverrideInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql volatile security definer set search_path = pg_catalog, pg_temp"

/** The statements for every register of a model. */
export function createOverrides({ model }: Policies, roles: RoleNames): string[] {
  const registers = model.entities.flatMap((one) => one.override ?? [])
  return [
    ...registers.flatMap((one) => {
      const table = tableOf(one.entity)
      const own = `current_user in (${[roles.api, roles.system].map(quoteLiteral).join(", ")})`
      return [
        ...trigger(`override_keep_${one.entity.table}`, keepBody(one), roles),
        ...trigger(`override_stay_${one.entity.table}`, `begin ${raise(one, "UC383")} end`, roles),
        `create trigger undercroft_override_keep before insert or update on ${table} for each row execute function ${functionOf(`override_keep_${one.entity.table}`)}`,
        // A cascade runs as the owner: with the person goes the register's row; the record keeps its entry.
        `create trigger undercroft_override_stay before delete on ${table} for each row when (${own}) execute function ${functionOf(`override_stay_${one.entity.table}`)}`,
      ]
    }),
    ...(registers.length > 0 ? markEntries(registers, roles) : []),
  ]
}

function functionOf(name: string): string {
  return `${ruleFunction(shortName(name))}()`
}

function trigger(name: string, body: string, roles: RoleNames): string[] {
  return [
    `create function ${functionOf(name)} returns trigger ${definer} as $undercroft$\n${body}\n$undercroft$`,
    `alter function ${functionOf(name)} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${functionOf(name)} from public`,
  ]
}

function raise({ entity }: OverrideInfo, code: string): string {
  return `raise exception using errcode = '${code}', schema = 'app', table = ${quoteLiteral(entity.table)}, message = 'refused';`
}

/**
 * Opened by a person for themselves, in a session of their own: not by a machine's key, and not by an administrator who acts as
 * somebody else. Ended once, reviewed once, and not by who opened it.
 */
function keepBody(register: OverrideInfo): string {
  const refuse = (code: string): string => raise(register, code)
  const table = tableOf(register.entity)
  const minutes = [...register.kinds.values()]
    .map((one) => `when ${quoteLiteral(one.name)} then ${one.minutes}`)
    .join(" ")
  const denied = refuse("42501")
  return `declare caller jsonb := undercroft.me(); claims jsonb := caller -> 'claims'; fresh ${table}; moment timestamptz := clock_timestamp();
begin
  if tg_op = 'UPDATE' and caller ->> 'system' = 'overrides' then
    fresh := old; fresh.told_at := moment; return fresh;
  end if;
  if caller is not null and caller ->> 'id' is null then ${denied} end if;
  if caller is null or claims ->> 'onBehalf' is not null or claims ->> 'key' is not null then ${refuse("UC381")} end if;
  if tg_op = 'INSERT' then
    if char_length(btrim(new.reason, E' \\t\\r\\n')) < 10 then ${refuse("UC380")} end if;
    if new.status <> 'open' or new.verdict is not null or new.remark is not null then ${refuse("UC383")} end if;
    new.opened_by := caller ->> 'id'; new.session := claims ->> 'session'; new.opened_at := moment;
    new.expires_at := moment + make_interval(mins => case new.kind ${minutes} else 0 end);
    new.ended_at := null; new.reviewed_by := null; new.reviewed_at := null; new.told_at := null;
    return new;
  end if;
  fresh := old;
  if new.verdict is not null and old.verdict is null then
    if caller ->> 'id' = old.opened_by then ${refuse("UC382")} end if;
    fresh.verdict := new.verdict; fresh.remark := new.remark; fresh.reviewed_by := caller ->> 'id'; fresh.reviewed_at := moment;
  elsif new.status <> 'ended' or old.status <> 'open' or new.verdict is distinct from old.verdict or new.remark is distinct from old.remark then
    ${refuse("UC383")}
  end if;
  -- A verdict ends what is still open.
  if old.status = 'open' then fresh.status := 'ended'; fresh.ended_at := least(moment, old.expires_at); end if;
  return fresh;
end`
}

/** What is done about a person while the caller has the glass broken for them says so, whichever way it came on record. */
function markEntries(registers: readonly OverrideInfo[], roles: RoleNames): string[] {
  const name = "undercroft.mark_entry()"
  const open = registers.map(({ entity, person }) => {
    const prefix = quoteLiteral(`${person.reference!.entity.name}:`)
    return `select o.id::text from ${tableOf(entity)} o where o.opened_by = told ->> 'id' and o.status = 'open' and o.expires_at > now()
      and o.session is not distinct from (told -> 'claims' ->> 'session') and ${prefix} || o.person::text = any (new.subjects)`
  })
  return [
    `create function ${name} returns trigger ${definer} as $undercroft$
declare told jsonb := undercroft.me(); found text[];
begin
  if told ->> 'id' is null then return new; end if;
  found := array(${open.join(" union all ")});
  if found <> '{}' then new.detail := coalesce(new.detail, '{}') || jsonb_build_object('overrides', found); end if;
  return new;
end $undercroft$`,
    `alter function ${name} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${name} from public`,
    `create trigger override before insert on audit.pending for each row when (new.subjects is not null) execute function ${name}`,
    "alter table audit.pending enable always trigger override",
  ]
}
