/** What must be there before tables: roles, schemas, the keys that seal callers. Idempotent. */
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/** The roles, for an administrator to run where Undercroft may not. */
export function createRoles(roles: RoleNames, apiPassword: string): string[] {
  const plain = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls noinherit"
  return [
    ...[roles.owner, roles.internal, roles.fields].map((name) => `create role ${quoteName(name)} nologin ${plain}`),
    `create role ${quoteName(roles.api)} login ${plain} password ${quoteLiteral(apiPassword)}`,
    `grant ${[roles.owner, roles.internal, roles.fields].map(quoteName).join(", ")} to current_user`,
  ]
}

/** Schemas, rights on them, and the state that outlives a change of the model. */
export function createSchemas(database: string, roles: RoleNames): string[] {
  const [owner, internal, fields, api] = [roles.owner, roles.internal, roles.fields, roles.api].map(quoteName)
  return [
    `revoke temporary, create on database ${quoteName(database)} from public`,
    `grant connect on database ${quoteName(database)} to ${api}`,
    `create schema if not exists app authorization ${owner}`,
    `create schema if not exists undercroft authorization ${internal}`,
    `create schema if not exists fields authorization ${fields}`,
    `create schema if not exists undercroft_state authorization ${internal}`,
    "revoke create on schema public from public",
    `grant usage on schema app to ${internal}, ${fields}, ${api}`,
    `grant usage on schema undercroft to ${owner}, ${fields}, ${api}`,
    `grant usage on schema fields to ${owner}, ${api}`,
    `create table if not exists undercroft_state.keys (one boolean primary key default true check (one), process_key bytea not null, transaction_key bytea not null)`,
    `insert into undercroft_state.keys (process_key, transaction_key) values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))) on conflict do nothing`,
    `create table if not exists undercroft_state.schema (one boolean primary key default true check (one), plan jsonb not null, hash text not null, applied_at timestamptz not null default now())`,
    `alter table undercroft_state.keys owner to ${internal}`,
    `alter table undercroft_state.schema owner to ${internal}`,
    `revoke all on all tables in schema undercroft_state from public`,
    `do $undercroft$ begin
  if not exists (select from pg_collation c join pg_namespace n on n.oid = c.collnamespace where n.nspname = 'app' and c.collname = 'nocase') then
    create collation app.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    alter collation app.nocase owner to ${owner};
  end if;
end $undercroft$`,
  ]
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
