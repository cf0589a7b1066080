/** How the database keeps a register of consents: who did what and when is its own word, and history stays. */
import type { ConsentInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName, ruleFunction, shortName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql volatile security definer set search_path = pg_catalog, pg_temp"

/** The statements for every register of a model. */
export function createConsents({ model }: Policies, roles: RoleNames): string[] {
  const registers = model.entities.flatMap((one) => one.consent ?? [])
  return registers.flatMap((one) => [
    ...trigger(one, "keep", "before insert or update", keepBody(one, roles), roles),
    ...trigger(one, "close", "after update", closeBody(one), roles),
    ...trigger(one, "stay", "before delete", stayBody(one), roles, [roles.api, roles.system]),
    ...tellPurposes(one, roles),
  ])
}

function trigger(
  register: ConsentInfo,
  name: string,
  when: string,
  body: string,
  roles: RoleNames,
  of: readonly string[] = [],
): string[] {
  // Who acts is asked before the function, in which the internal role does.
  const asked = of.length === 0 ? "" : ` when (current_user in (${of.map(quoteLiteral).join(", ")}))`
  const signature = `${ruleFunction(shortName(`consent_${name}_${register.entity.table}`))}()`
  return [
    `create function ${signature} returns trigger ${definer} as $undercroft$\n${body}\n$undercroft$`,
    `alter function ${signature} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${signature} from public`,
    `create trigger undercroft_consent_${name} ${when} on ${tableOf(register.entity)} for each row${asked} execute function ${signature}`,
  ]
}

/** The caller's own consents need no reason; whoever records for another says how it was given. */
function keepBody({ entity, person, purposes, told }: ConsentInfo, roles: RoleNames): string {
  const whose = person.reference!.entity
  const account = whose.subject?.account
  const isTheirs = account
    ? `exists (select from ${tableOf(whose)} t where t.${quoteName(whose.key[0]!.column)} = new.person and t.${quoteName(account.column)}::text = caller ->> 'id')`
    : "false"
  const raise = (code: string, more = ""): string =>
    `raise exception using errcode = '${code}', schema = 'app', table = ${quoteLiteral(entity.table)}${more}, message = 'refused'`
  const cases = [...purposes.values()]
    .filter((one) => one.isByConsent)
    .map(
      (one) =>
        `when ${quoteLiteral(one.name)} then wanted := ${one.version}; new.text_hash := ${quoteLiteral(one.textHash)};`,
    )
  const unreasoned = (field: string, column: string): string =>
    `if not own and coalesce(btrim(new.${column}), '') = '' then ${raise("UC371", `, column = '${field}'`)}; end if;`
  return `declare caller jsonb; who text; own boolean; wanted integer; fresh ${tableOf(entity)};
begin
  caller := undercroft.me();
  own := coalesce(${isTheirs}, false);
  who := case when caller ? 'system' then 'system:' || (caller ->> 'system') when caller ->> 'id' is not null then 'user:' || (caller ->> 'id')
    when session_user = ${quoteLiteral(roles.api)} then 'anonymous' else 'database:' || session_user end;
  if tg_op = 'INSERT' then
    if new.status <> 'granted' then ${raise("UC372")}; end if;
    case new.purpose ${cases.join(" ")} else null; end case;
    if wanted is not null and new.version is distinct from wanted then ${raise("UC370", `, detail = new.version::text, column = ${quoteLiteral(told?.collection ?? "the purposes")}`)}; end if;
    ${unreasoned("reason", "reason")}
    new.granted_at := clock_timestamp(); new.granted_by := who;
    new.withdrawn_at := null; new.withdrawn_by := null; new.withdrawal_reason := null;
    return new;
  end if;
  if old.status <> 'granted' or new.status <> 'withdrawn' then ${raise("UC372")}; end if;
  ${unreasoned("withdrawalReason", "withdrawal_reason")}
  fresh := old;
  fresh.status := 'withdrawn'; fresh.withdrawn_at := clock_timestamp(); fresh.withdrawn_by := who; fresh.withdrawal_reason := new.withdrawal_reason;
  return fresh;
end`
}

/** Not even a step beyond the caller's rights deletes one. A cascade runs as the owner: with the person goes what they agreed to. */
function stayBody({ entity }: ConsentInfo): string {
  return `begin raise exception using errcode = 'UC372', schema = 'app', table = ${quoteLiteral(entity.table)}, message = 'refused'; end`
}

/** Who withdraws means the purpose, however often they have agreed to it. */
function closeBody({ entity }: ConsentInfo): string {
  return `begin
  update ${tableOf(entity)} set status = 'withdrawn', withdrawal_reason = new.withdrawal_reason
    where person = new.person and purpose = new.purpose and status = 'granted';
  return null;
end`
}

/** What was agreed to is never told in other words: a text that people have agreed to stays, and another is another version. */
function tellPurposes({ entity, purposes, told }: ConsentInfo, roles: RoleNames): string[] {
  if (!told) return []
  const table = tableOf(told)
  const all = [...purposes.values()]
  const columns = ["name", "version", "text", "text_hash", "basis", "withdrawal", "language", "current"]
  const rows = all.map((one) => {
    const texts = [one.text, one.textHash, one.basis, one.withdrawal, one.language]
    const values = texts.map((text) => (text === null ? "null" : quoteLiteral(text)))
    return `(${quoteLiteral(one.name)}, ${one.version}, ${values.join(", ")}, true)`
  })
  const changed = all.map(
    (one) =>
      `if exists (select from ${tableOf(entity)} where purpose = ${quoteLiteral(one.name)} and version = ${one.version} and text_hash <> ${quoteLiteral(one.textHash)}) then raise exception 'people have agreed to version ${one.version} of ${one.name} in other words: give the new text a new version'; end if;`,
  )
  return [
    `set local role ${quoteName(roles.internal)}`,
    `do $undercroft$ begin ${changed.join(" ")} end $undercroft$`,
    `update ${table} set "current" = false where "current"`,
    `insert into ${table} (${columns.map(quoteName).join(", ")}) values ${rows.join(", ")}
  on conflict ("name", "version") do update set ${columns
    .slice(2)
    .map((one) => `${quoteName(one)} = excluded.${quoteName(one)}`)
    .join(", ")}`,
    "reset role",
  ]
}
