/** What the rights of the data subject leave in the database: restrictions, and erasures that were done. */
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/** Idempotent. A restriction that is lifted stays on record; an erasure is known by the identifier that the ledger outside has. */
export function createRightsTables(roles: RoleNames): string[] {
  const state = "undercroft_state"
  return [
    `create table if not exists ${state}.restrictions (id bigint generated always as identity primary key, subject text not null, reason text not null check (char_length(btrim(reason)) between 1 and 500),
  since timestamptz not null default clock_timestamp(), by text not null, lifted_at timestamptz, lifted_by text, lift_reason text)`,
    `create unique index if not exists restrictions_open on ${state}.restrictions (subject) where lifted_at is null`,
    `create index if not exists restrictions_subject on ${state}.restrictions (subject)`,
    `create table if not exists ${state}.erasures (id uuid primary key, at timestamptz not null default clock_timestamp(), report text not null)`,
    ...["restrictions", "erasures"].map(
      (table) => `alter table ${state}.${table} owner to ${quoteName(roles.internal)}`,
    ),
  ]
}
