/** Legal holds: whose data is kept although its time is over, and why. What stands here is released, never removed. */
import type { EntityInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const holds = "undercroft_state.holds"

/** The table; idempotent. */
export function createHoldTable(roles: RoleNames): string[] {
  return [
    `create table if not exists ${holds} (id bigint generated always as identity primary key, subject text not null check (subject ~ '^[A-Z][A-Za-z0-9]*:.'),
  reason text not null check (char_length(btrim(reason)) between 1 and 500), until timestamptz, held_at timestamptz not null default clock_timestamp(), held_by text not null,
  released_at timestamptz, released_by text, release_reason text, check (num_nonnulls(released_at, released_by, release_reason) in (0, 3)))`,
    `create index if not exists holds_subject on ${holds} (subject) where released_at is null`,
    `alter table ${holds} owner to ${quoteName(roles.internal)}`,
    `create or replace function undercroft_state.keep_hold() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $undercroft$
begin
  if tg_op = 'UPDATE' and old.released_at is null and new.released_at is not null
    and (new.id, new.subject, new.reason, new.until, new.held_at, new.held_by) is not distinct from (old.id, old.subject, old.reason, old.until, old.held_at, old.held_by) then
    return new;
  end if;
  raise exception using errcode = '42501', message = 'a legal hold is released once, and stays on record';
end $undercroft$`,
    `alter function undercroft_state.keep_hold() owner to ${quoteName(roles.internal)}`,
    "revoke all on function undercroft_state.keep_hold() from public",
    `create or replace trigger keep_hold before update or delete on ${holds} for each row execute function undercroft_state.keep_hold()`,
    `create or replace trigger keep_holds before truncate on ${holds} for each statement execute function undercroft_state.keep_hold()`,
  ]
}

/** The person whose data a row behind an alias is, as `Patient:<key>`; null where rows are about nobody. */
function subjectSql(entity: EntityInfo, alias: string): string | null {
  if (!entity.subject) return null
  const { person, path } = entity.subject
  let sql = `${alias}.${quoteName((path[0] ?? entity.key[0]!).column)}`
  for (const [at, field] of path.slice(1).entries()) {
    const from = path[at]!.reference!.entity
    sql = `(select s${at}.${quoteName(field.column)} from ${tableOf(from)} s${at} where s${at}.${quoteName(from.key[0]!.column)} = ${sql})`
  }
  return `${quoteLiteral(`${person.name}:`)} || ${sql}::text`
}

/** Whether a subject is held at a moment. */
function isHeldSql(subject: string, at: string): string {
  return `exists (select from ${holds} h where h.subject = ${subject} and h.released_at is null and (h.until is null or h.until > ${at}))`
}

/** Whether a row, or one that would go or be changed with it, is held. */
export function heldSql(
  entity: EntityInfo,
  alias: string,
  at: string,
  entities: readonly EntityInfo[],
  seen: readonly EntityInfo[] = [],
): string {
  const subject = subjectSql(entity, alias)
  const own = subject === null ? [] : [isHeldSql(subject, at)]
  const within = [...seen, entity]
  const further = entities
    .filter((one) => !one.view && !within.includes(one))
    .flatMap((child) =>
      child.fields
        .filter((field) => field.reference?.entity === entity && field.reference.onDelete !== "restrict")
        .map((field) => {
          const inner = `${alias}${within.length}`
          const held = heldSql(child, inner, at, entities, within)
          return held === "false"
            ? "false"
            : `exists (select from ${tableOf(child)} ${inner} where ${inner}.${quoteName(field.column)} = ${alias}.${quoteName(entity.key[0]!.column)} and ${held})`
        }),
    )
  const all = [...own, ...further].filter((one) => one !== "false")
  return all.length === 0 ? "false" : `(${all.join(" or ")})`
}
