/** The tables of the record: entries wait in one, in the transaction that they tell of, until they are sealed. */
import { quoteName } from "../policy/to-sql.ts"
import { anchorTableNames, anchorTables } from "./audit-anchors.ts"
import type { RoleNames } from "./roles.ts"

/**
 * What every entry says, in the order in which it is hashed. `actor` is `user:<id>`, `anonymous`, `database:<role>` or
 * `system:<part>`; `rows` are keys as text, `subjects` the persons whose data it is (`Patient:<key>`); `question` says what was
 * asked without the values of personal fields; `detail` holds what may be told of what was done.
 */
const entryColumns = {
  id: "uuid not null default gen_random_uuid()",
  at: "timestamptz not null default clock_timestamp()",
  kind: "text not null",
  actor: "text not null check (actor <> '')",
  on_behalf: "text",
  roles: "text[] not null default '{}'",
  assurance: "text",
  credential: "text",
  door: "text not null",
  request: "text",
  address: "text",
  purpose: "text",
  entity: "text",
  rows: "text[]",
  subjects: "text[]",
  fields: "text[]",
  question: "jsonb",
  result: "text not null default 'done'",
  detail: "jsonb",
} as const

/** The columns, as they stand in a table. */
function entryColumnList(): string {
  return Object.entries(entryColumns)
    .map(([name, type]) => `${quoteName(name)} ${type}`)
    .join(", ")
}

/** The names of the columns, in their order. */
export const entryColumnNames: readonly string[] = Object.keys(entryColumns)

/**
 * Idempotent. Entries that wait have no index, so that a write costs one row more; `personal` are values of personal fields,
 * which are kept apart from the entry when it is sealed, so that they can be erased and the entry still be proved.
 */
export function createAuditTables(roles: RoleNames): string[] {
  const internal = quoteName(roles.internal)
  return [
    `create schema if not exists audit authorization ${internal}`,
    `create table if not exists audit.pending (${entryColumnList()}, personal jsonb)`,
    // What is taken leaves dead rows at each sealing; giving pages back would lock the table against every write. Compressing
    // an entry that waits for seconds costs more than its room.
    "alter table audit.pending set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, vacuum_truncate = off, toast_tuple_target = 8160)",
    ...createSealedTables(),
    ...anchorTables,
    ...["pending", "entry", "personal", "about", "batch", "signer", ...anchorTableNames].map(
      (table) => `alter table audit.${table} owner to ${internal}`,
    ),
    ...partitionFunction(internal),
    ...sealerRights(roles),
  ]
}

/**
 * `entry` holds what is sealed, a position each, with the hash that stands for it in the tree; `personal` and `about` go with it.
 * A `batch` is what was sealed at once, with the tree's head after it (`checkpoint`, signed) and the roots of its whole
 * subtrees (`frontier`), from which the tree is gone on with. A `signer` is a public key, announced by the one before it.
 */
function createSealedTables(): string[] {
  return [
    `create table if not exists audit.entry (position bigint not null, ${entryColumnList()}, sealed_at timestamptz not null, commitment bytea, leaf bytea not null, primary key (position, sealed_at)) partition by range (sealed_at)`,
    // By it a period, and a page of the newest, are found.
    "create index if not exists entry_at on audit.entry (at, id)",
    "create table if not exists audit.personal (position bigint primary key, entry uuid not null, salt bytea not null, content jsonb not null)",
    "create table if not exists audit.about (subject text not null, position bigint not null, primary key (subject, position))",
    // Written in the order of positions, which a BRIN index needs next to nothing for.
    "create index if not exists about_position on audit.about using brin (position) with (pages_per_range = 16, autosummarize = on)",
    "create table if not exists audit.batch (size bigint primary key, first bigint not null unique, sealed_at timestamptz not null, frontier bytea not null, signer text not null, checkpoint text not null)",
    "create table if not exists audit.signer (number integer primary key, key text not null unique, since bigint not null, signature text)",
  ]
}

/** Makes the partitions of a moment's month and of the next: alone first, since only attaching them leaves readers undisturbed. */
function partitionFunction(internal: string): string[] {
  return [
    `create or replace function audit.prepare_partition(moment timestamptz) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $undercroft$
declare begins timestamp; name text;
begin
  for ahead in 0..1 loop
    begins := date_trunc('month', moment at time zone 'UTC') + make_interval(months => ahead);
    name := 'entry_' || to_char(begins, 'YYYY_MM');
    if to_regclass('audit.' || name) is null then
      execute format('create table audit.%I (like audit.entry including all)', name);
      execute format('alter table audit.entry attach partition audit.%I for values from (%L) to (%L)',
        name, begins at time zone 'UTC', (begins + interval '1 month') at time zone 'UTC');
    end if;
  end loop;
end $undercroft$`,
    `alter function audit.prepare_partition(timestamptz) owner to ${internal}`,
  ]
}

/** The sealer can take what waits and add to what is sealed; of that it can change and delete nothing. */
function sealerRights(roles: RoleNames): string[] {
  const audit = quoteName(roles.audit)
  const others = [roles.api, roles.fields, roles.system].map(quoteName).join(", ")
  return [
    `revoke all on schema audit from public, ${others}, ${audit}`,
    `revoke all on all tables in schema audit from public, ${others}, ${audit}`,
    `revoke all on function audit.prepare_partition(timestamptz) from public, ${others}`,
    `grant usage on schema audit to ${audit}`,
    // What it adds to what waits are alerts, and that it was verified.
    `grant select, insert, delete on audit.pending to ${audit}`,
    `grant select, insert on audit.entry, audit.batch, audit.signer, audit.cosignature to ${audit}`,
    `grant select, insert, update on audit.delivery, audit.witnessed to ${audit}`,
    `grant insert on audit.personal, audit.about to ${audit}`,
    `grant execute on function audit.prepare_partition(timestamptz) to ${audit}`,
  ]
}
