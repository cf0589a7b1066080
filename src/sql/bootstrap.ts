/** What must be there before tables: roles, schemas, the keys that seal callers. Idempotent. */
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import { createApprovalTable } from "./approvals.ts"
import { createAuditTables } from "./audit-tables.ts"
import { createHoldTable } from "./holds.ts"
import { createOnceTable } from "./once.ts"
import { createRunTable } from "./retention.ts"
import { createRightsTables } from "./rights.ts"
import type { RoleNames } from "./roles.ts"
import { createStepTable } from "./system-steps.ts"

/** The roles, for an administrator to run where Undercroft may not. Passwords may be given as their SCRAM verifiers; `login` is who starts the server. */
export function createRoles(
  roles: RoleNames,
  apiPassword: string,
  auditPassword: string,
  login: string = "current_user",
): string[] {
  const plain = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls noinherit"
  return [
    ...[roles.owner, roles.internal, roles.fields, roles.system].map(
      (name) => `create role ${quoteName(name)} nologin ${plain}`,
    ),
    `create role ${quoteName(roles.api)} login ${plain} password ${quoteLiteral(apiPassword)}`,
    `create role ${quoteName(roles.audit)} login ${plain} password ${quoteLiteral(auditPassword)}`,
    `grant ${[roles.owner, roles.internal, roles.fields, roles.system].map(quoteName).join(", ")} to ${login}`,
  ]
}

/** Schemas, rights on them, and the state that outlives a change of the model. */
export function createSchemas(database: string, roles: RoleNames): string[] {
  const [owner, internal, fields, system, api, audit] = [
    roles.owner,
    roles.internal,
    roles.fields,
    roles.system,
    roles.api,
    roles.audit,
  ].map(quoteName)
  return [
    `revoke temporary, create on database ${quoteName(database)} from public`,
    `grant connect on database ${quoteName(database)} to ${api}, ${audit}`,
    `create schema if not exists app authorization ${owner}`,
    `create schema if not exists undercroft authorization ${internal}`,
    `create schema if not exists undercroft_rules authorization ${internal}`,
    `create schema if not exists fields authorization ${fields}`,
    `create schema if not exists undercroft_state authorization ${internal}`,
    "revoke create on schema public from public",
    `revoke all on schema app, undercroft, undercroft_rules, fields, undercroft_state from public, ${fields}, ${system}, ${api}`,
    `grant create, usage on schema fields to ${fields}`,
    `grant usage on schema app to ${internal}, ${fields}, ${system}, ${api}`,
    `grant usage on schema undercroft to ${owner}, ${fields}, ${system}, ${api}`,
    `grant usage on schema fields to ${owner}, ${api}`,
    `create table if not exists undercroft_state.keys (one boolean primary key default true check (one), process_key bytea not null, transaction_key bytea not null)`,
    `insert into undercroft_state.keys (process_key, transaction_key) values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))) on conflict do nothing`,
    `create table if not exists undercroft_state.schema (one boolean primary key default true check (one), plan jsonb not null, hash text not null, applied_at timestamptz not null default now(), seeded boolean not null default false)`,
    "alter table undercroft_state.schema add column if not exists objects jsonb",
    `alter table undercroft_state.keys owner to ${internal}`,
    `alter table undercroft_state.schema owner to ${internal}`,
    "create table if not exists undercroft_state.key_store (one boolean primary key default true check (one), store text not null)",
    `alter table undercroft_state.key_store owner to ${internal}`,
    ...createOnceTable(roles),
    ...createStepTable(roles),
    ...createApprovalTable(roles),
    ...createAuditTables(roles),
    ...createHoldTable(roles),
    ...createRunTable(roles),
    ...createRightsTables(roles),
    `revoke all on all tables in schema undercroft_state from public, ${fields}, ${system}, ${api}`,
    `revoke all on all sequences in schema app from public, ${fields}, ${system}, ${api}`,
    `do $undercroft$ begin
  if not exists (select from pg_collation c join pg_namespace n on n.oid = c.collnamespace where n.nspname = 'app' and c.collname = 'nocase') then
    create collation app.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    alter collation app.nocase owner to ${owner};
  end if;
end $undercroft$`,
    closeCatalogue(roles),
  ]
}

/**
 * Functions of PostgreSQL that anyone may call and that tell of rows which no policy shows, or reach into other sessions:
 * sizes and counts, locks, signals, large objects, messages into the change feed. Advisory locks of a transaction stay.
 */
const closedFunctions: string =
  "^(pg_stat_get_|pg_lock_status|pg_blocking_pids|pg_safe_snapshot_blocking_pids|pg_prepared_statement|" +
  "pg_(relation|total_relation|table|indexes|database|tablespace)_size$|pg_relation_file(path|node)$|" +
  "pg_(cancel|terminate)_backend$|lo_|lo(read|write)$|pg_(try_)?advisory_(lock|unlock)|pg_notify$|" +
  "pg_logical_emit_message$|pg_export_snapshot$|pg_current_wal_)"

/** Columns of pg_class that count rows. */
const countingColumns: string = "'reltuples', 'relpages', 'relallvisible', 'relallfrozen'"

/**
 * Takes the catalogue's leaks from everyone but those who run the server. Only a superuser can: for another login this
 * does nothing, and what `explain` estimates can't be closed at all.
 */
function closeCatalogue(roles: RoleNames): string {
  const keepers = `${[roles.owner, roles.internal].map(quoteName).join(", ")}, pg_monitor, pg_signal_backend`
  return `do $undercroft$ declare one record; readable text; begin
  if not current_setting('is_superuser')::boolean then return; end if;
  for one in select p.oid::regprocedure::text as name from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ ${quoteLiteral(closedFunctions)} and has_function_privilege('public', p.oid, 'EXECUTE') loop
    execute format('revoke execute on function %s from public', one.name);
    execute format('grant execute on function %s to ${keepers}', one.name);
  end loop;
  for one in select c.relname as name from pg_class c
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'v' and has_table_privilege('public', c.oid, 'SELECT')
      and (c.relname ~ '^pg_stat(io)?_' or c.relname in ('pg_locks', 'pg_prepared_statements')) loop
    execute format('revoke select on pg_catalog.%I from public', one.name);
    execute format('grant select on pg_catalog.%I to ${keepers}', one.name);
  end loop;
  if has_table_privilege('public', 'pg_catalog.pg_class', 'SELECT') then
    select string_agg(quote_ident(a.attname), ', ') into readable from pg_attribute a
      where a.attrelid = 'pg_catalog.pg_class'::regclass and a.attname not in (${countingColumns});
    execute 'revoke select on pg_catalog.pg_class from public';
    execute format('grant select (%s) on pg_catalog.pg_class to public', readable);
    execute 'grant select on pg_catalog.pg_class to ${keepers}';
  end if;
  -- Whoever can write anonymous blocks can do anything that takes a loop.
  if has_language_privilege('public', 'plpgsql', 'USAGE') then
    execute 'revoke usage on language plpgsql from public';
    execute 'grant usage on language plpgsql to ${[roles.owner, roles.internal].map(quoteName).join(", ")}';
  end if;
end $undercroft$`
}

/** UUIDv7 for servers before PostgreSQL 18, which has it built in. */
export function createUuidFunction(roles: RoleNames): string[] {
  return [
    `create or replace function app.uuidv7() returns uuid language sql volatile set search_path = pg_catalog, pg_temp as $undercroft$
  select encode(set_byte(set_byte(overlay(decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    6, (get_byte(decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), 6) & 15) | 112), 8,
    (get_byte(decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), 8) & 63) | 128), 'hex')::uuid
$undercroft$`,
    `alter function app.uuidv7() owner to ${quoteName(roles.owner)}`,
    `grant execute on function app.uuidv7() to public`,
  ]
}
