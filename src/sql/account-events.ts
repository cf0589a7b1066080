/**
 * The record of accounts: what happens to a session, a credential, a factor, a role or a key is written down by a trigger,
 * in the transaction in which it happens and whoever makes it happen. Who asked, and from where, is in a setting of the connection.
 */
import { createHash } from "node:crypto"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/** A change of a row that is an event. */
interface Recorded {
  readonly kind: string
  readonly table: string
  readonly on: "insert" | "update" | "delete"
  /** For updates: the columns whose change it is. */
  readonly of?: readonly string[]
  readonly when?: string
  /** Column of the row that says whose event it is. */
  readonly subject?: string
  /** Columns that are told, with what they were before; none may hold a secret or a person's own words. */
  readonly tells?: readonly string[]
}

const changed = (...columns: readonly string[]): string =>
  columns.map((one) => `old."${one}" is distinct from new."${one}"`).join(" or ")

const session = ["assurance", "methods", "impersonatedBy"]
const key = ["id", "prefix", "enabled", "expiresAt", "configId"]
const member = ["organizationId", "role"]

const recorded: readonly Recorded[] = [
  { kind: "signed-in", table: "session", on: "insert", when: 'new."impersonatedBy" is null', tells: session },
  {
    kind: "impersonated",
    table: "session",
    on: "insert",
    when: 'new."impersonatedBy" is not null',
    tells: [...session, "reason"],
  },
  {
    kind: "session-ended",
    table: "session",
    on: "delete",
    when: 'old."expiresAt" > clock_timestamp()',
    tells: session,
  },
  {
    kind: "session-expired",
    table: "session",
    on: "delete",
    when: 'old."expiresAt" <= clock_timestamp()',
    tells: session,
  },
  {
    kind: "session-raised",
    table: "session",
    on: "update",
    of: ["assurance"],
    when: changed("assurance"),
    tells: session,
  },

  { kind: "account-created", table: "user", on: "insert", subject: "id", tells: ["role"] },
  { kind: "account-removed", table: "user", on: "delete", subject: "id", tells: ["role"] },
  {
    kind: "role-changed",
    table: "user",
    on: "update",
    of: ["role"],
    when: changed("role"),
    subject: "id",
    tells: ["role"],
  },
  {
    kind: "ban-changed",
    table: "user",
    on: "update",
    of: ["banned"],
    when: changed("banned"),
    subject: "id",
    tells: ["banned", "banExpires"],
  },
  {
    kind: "email-changed",
    table: "user",
    on: "update",
    of: ["email"],
    when: changed("email"),
    subject: "id",
  },
  {
    kind: "email-verified",
    table: "user",
    on: "update",
    of: ["emailVerified"],
    when: `new."emailVerified" and (${changed("emailVerified")})`,
    subject: "id",
  },
  {
    kind: "two-factor-switched",
    table: "user",
    on: "update",
    of: ["twoFactorEnabled"],
    when: changed("twoFactorEnabled"),
    subject: "id",
    tells: ["twoFactorEnabled"],
  },

  { kind: "credential-linked", table: "account", on: "insert", tells: ["providerId"] },
  { kind: "credential-unlinked", table: "account", on: "delete", tells: ["providerId"] },
  { kind: "password-changed", table: "account", on: "update", of: ["password"], when: changed("password") },

  { kind: "factor-enrolled", table: "twoFactor", on: "insert" },
  { kind: "factor-removed", table: "twoFactor", on: "delete" },
  { kind: "factor-replaced", table: "twoFactor", on: "update", of: ["secret"], when: changed("secret") },
  {
    kind: "recovery-codes-changed",
    table: "twoFactor",
    on: "update",
    of: ["backupCodes"],
    when: changed("backupCodes"),
  },
  { kind: "passkey-added", table: "passkey", on: "insert", tells: ["id", "deviceType"] },
  { kind: "passkey-removed", table: "passkey", on: "delete", tells: ["id", "deviceType"] },

  { kind: "key-created", table: "apikey", on: "insert", subject: "referenceId", tells: key },
  { kind: "key-removed", table: "apikey", on: "delete", subject: "referenceId", tells: key },
  {
    kind: "key-changed",
    table: "apikey",
    on: "update",
    of: ["key", "enabled", "expiresAt", "permissions"],
    when: changed("key", "enabled", "expiresAt", "permissions"),
    subject: "referenceId",
    tells: key,
  },

  { kind: "member-added", table: "member", on: "insert", tells: member },
  { kind: "member-removed", table: "member", on: "delete", tells: member },
  {
    kind: "member-role-changed",
    table: "member",
    on: "update",
    of: ["role"],
    when: changed("role"),
    tells: member,
  },
]

/**
 * The table, what writes into it, and what takes away events older than `keptDays`; every statement may be run again. Run as
 * the role that owns the tables of accounts.
 */
export function eventStatements(roles: RoleNames, keptDays: number): string[] {
  return [
    `create table if not exists accounts.event (
  place bigint generated always as identity primary key, id uuid not null unique default gen_random_uuid(),
  at timestamptz not null default clock_timestamp(), kind text not null, actor text, subject text, session text,
  address text, "userAgent" text, route text, result text, detail jsonb not null default '{}')`,
    "create index if not exists event_at on accounts.event (at)",
    "create index if not exists event_subject on accounts.event (subject, place)",
    "create index if not exists event_actor on accounts.event (actor)",
    // Events name accounts as texts, and ask for them so; an erasure asks for sessions in which somebody acted as another.
    `create index if not exists user_text on accounts."user" ((id::text))`,
    `create index if not exists session_impersonated on accounts.session ("impersonatedBy") where "impersonatedBy" is not null`,
    `create or replace function accounts.record_event(kind text, request jsonb, email text, subject text, result text, detail jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $undercroft$
  insert into accounts.event (kind, actor, subject, session, address, "userAgent", route, result, detail)
    values (record_event.kind, request->>'actor', coalesce(record_event.subject, (select u.id::text from accounts."user" u where u.email = lower(record_event.email))),
      request->>'session', request->>'address', request->>'userAgent', request->>'route', record_event.result, coalesce(record_event.detail, '{}'));
$undercroft$`,
    // The arguments: kind, the column that says whose it is, the columns that are told.
    `create or replace function accounts.record_change() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $undercroft$
declare
  request jsonb := nullif(current_setting('undercroft.request', true), '')::jsonb;
  before jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
  after jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  about text := after->>tg_argv[1];
  what text := tg_argv[0];
  told jsonb;
begin
  -- Who proved one factor of two is not signed in: the session that says so is taken back in the same request.
  if what in ('signed-in', 'session-ended') and after->>'assurance' <> 'two-factor'
      and exists (select from accounts."user" u where u.id::text = about and u."twoFactorEnabled") then
    if what = 'signed-in' then what := 'first-factor';
    elsif exists (select from accounts.event e where e.subject = about and e.kind = 'first-factor' and e.session = after->>'id') then return null;
    end if;
  end if;
  select coalesce(jsonb_object_agg(one, after->one) filter (where after->>one <> ''), '{}') ||
      case when tg_op = 'UPDATE' then jsonb_build_object('before', jsonb_object_agg(one, before->one) filter (where before->one is distinct from after->one)) else '{}' end
    into told from unnest(tg_argv[2:]) one;
  insert into accounts.event (kind, actor, subject, session, address, "userAgent", route, result, detail)
    -- Whoever signs in is nobody yet.
    values (what, coalesce(request->>'actor', case when tg_table_name = 'session' and tg_op = 'INSERT' then coalesce(after->>'impersonatedBy', about) end), about,
      case when tg_table_name = 'session' then after->>'id' else request->>'session' end,
      request->>'address', request->>'userAgent', request->>'route', 'done', coalesce(jsonb_strip_nulls(told), '{}'));
  return null;
end $undercroft$`,
    // For how long stands in here, not in what is asked: whoever has the role of accounts can't shorten the record.
    `create or replace function accounts.prune_events(most integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $undercroft$
declare pruned integer;
begin
  delete from accounts.event where place in (
    select e.place from accounts.event e where e.at < clock_timestamp() - make_interval(days => ${Math.trunc(keptDays)})
      order by e.at limit most for update skip locked);
  get diagnostics pruned = row_count;
  return pruned;
end $undercroft$`,
    "revoke all on function accounts.prune_events(integer) from public",
    `grant execute on function accounts.prune_events(integer) to ${quoteName(roles.accounts)}`,
    "revoke all on function accounts.record_change() from public",
    "revoke all on function accounts.record_event(text, jsonb, text, text, text, jsonb) from public",
    `grant execute on function accounts.record_event(text, jsonb, text, text, text, jsonb) to ${quoteName(roles.accounts)}`,
  ]
}

/** Nobody who asks as the accounts changes the record, or adds to it but through the functions. */
export function eventRights(roles: RoleNames): string[] {
  return [
    `revoke all on accounts.event from ${quoteName(roles.accounts)}`,
    `grant select on accounts.event to ${quoteName(roles.accounts)}`,
  ]
}

/** What a database has, by table: its columns and its triggers. */
export type FoundTables = ReadonlyMap<
  string,
  { readonly columns: readonly string[]; readonly triggers: readonly string[] }
>

/** Makes the triggers that are missing on the tables that there are, and only those: making one waits for whoever writes. */
export function eventTriggers(found: FoundTables): string[] {
  const wanted = new Set<string>()
  const made = recorded.flatMap(({ kind, table, on, of = [], when, subject = "userId", tells = [] }) => {
    const there = found.get(table)
    if (!there || !of.every((one) => there.columns.includes(one))) return []
    const columns = of.length > 0 ? ` of ${of.map(quoteName).join(", ")}` : ""
    const values = [kind, subject, ...tells].map(quoteLiteral).join(", ")
    const body = `after ${on}${columns} on accounts.${quoteName(table)} for each row${when ? ` when (${when})` : ""} execute function accounts.record_change(${values})`
    // One that says something else than it did has another name.
    const name = `record ${kind} ${createHash("sha256").update(body).digest("hex").slice(0, 8)}`
    wanted.add(name)
    if (there.triggers.includes(name)) return []
    return [
      `create trigger ${quoteName(name)} ${body}`,
      `alter table accounts.${quoteName(table)} enable always trigger ${quoteName(name)}`,
    ]
  })
  const former = [...found].flatMap(([table, { triggers }]) =>
    triggers
      .filter((one) => one.startsWith("record ") && !wanted.has(one))
      .map((one) => `drop trigger ${quoteName(one)} on accounts.${quoteName(table)}`),
  )
  return [...former, ...made]
}
