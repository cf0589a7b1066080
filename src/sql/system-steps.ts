/**
 * Steps of actions beyond their caller's rights. The API role can't become another one: it calls a function of the system
 * role, which runs only statements that the process sealed for this very transaction.
 */
import type { EntityInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, ruleFunction, tableOf } from "../policy/to-sql.ts"
import { sawSql } from "./record-reads.ts"
import { unrestrictedSql } from "./restriction.ts"
import type { RoleNames } from "./roles.ts"

/** What is said before a step's text is sealed, so that no other seal of the same key is one. */
export const stepSealPrefix = "step."

/** What the cursor of a step's statement is called. */
export function stepName(n: number): string {
  return `undercroft_step_${n}`
}

/** The record of steps; idempotent. */
export function createStepTable(roles: RoleNames): string[] {
  return [
    `create table if not exists undercroft_state.system_steps (id bigint generated always as identity primary key,
  at timestamptz not null default now(), action text not null, actor text, reason text not null check (char_length(reason) between 1 and 200), statements jsonb not null)`,
    "create index if not exists system_steps_at on undercroft_state.system_steps (at)",
    "create index if not exists system_steps_actor on undercroft_state.system_steps (actor)",
    `alter table undercroft_state.system_steps owner to ${quoteName(roles.internal)}`,
  ]
}

const definer = "language plpgsql volatile security definer parallel unsafe"
const fixed = "set search_path = pg_catalog, pg_temp"

/**
 * `check_step` knows a step by its seal over session, transaction, number, tables and statement, and remembers its number
 * and tables for this transaction; a seal is a parameter, which no SQL can read. `run_as_system` opens the statement as a
 * cursor, which takes one statement and only one that gives rows; they are read from there, with the types that any other
 * statement's have.
 */
export function stepFunctions(roles: RoleNames): string[] {
  const [internal, system, api] = [roles.internal, roles.system, roles.api].map(quoteName)
  const inStep = ruleFunction("in_step")
  return [
    `create function undercroft.check_step(wanted text, step text, seal text) returns jsonb ${definer} ${fixed} as $undercroft$
declare key bytea := (select process_key from undercroft_state.keys); told jsonb; bound text := current_setting('undercroft.step', true); former bigint := 0;
begin
  if step is null or seal is null or seal <> encode(sha256(key || sha256(key || convert_to(${quoteLiteral(stepSealPrefix)} || step, 'UTF8'))), 'hex') then
    raise exception using errcode = '42501', message = 'forged step';
  end if;
  told := step::jsonb;
  if told ->> 'do' is distinct from wanted or told ->> 'pid' is distinct from pg_backend_pid()::text or told ->> 'transaction' is distinct from pg_current_xact_id()::text then
    raise exception using errcode = '42501', message = 'a step of another transaction';
  end if;
  if coalesce(bound, '') <> '' then
    if bound <> undercroft.bind(substr(bound, 65)) or substr(bound, 65, 5) <> 'step ' then
      raise exception using errcode = '42501', message = 'forged step';
    end if;
    former := split_part(substr(bound, 65), ' ', 2)::bigint;
  end if;
  if coalesce((told ->> 'n')::bigint <= former, true) then
    raise exception using errcode = '42501', message = 'a step that was taken before';
  end if;
  perform set_config('undercroft.step', undercroft.bind('step ' || (told ->> 'n') || ' ' || (told -> 'tables')), true);
  return told;
end $undercroft$`,
    `create function ${inStep}(wanted text) returns boolean language plpgsql stable security definer parallel restricted ${fixed} as $undercroft$
declare bound text := current_setting('undercroft.step', true);
begin
  if coalesce(bound, '') = '' or substr(bound, 65, 5) <> 'step ' or bound <> undercroft.bind(substr(bound, 65)) then return false; end if;
  return coalesce(regexp_replace(substr(bound, 65), '^step [0-9]+ ', '')::jsonb ? wanted, false);
end $undercroft$`,
    `create function undercroft.run_as_system(step text, seal text) returns void ${definer}
  set search_path = app, pg_catalog, pg_temp set row_security = on set standard_conforming_strings = on as $undercroft$
declare told jsonb := undercroft.check_step('run', step, seal); rows refcursor := 'undercroft_step_' || (told ->> 'n'); code text; violated text; place text;
begin
  open rows no scroll for execute told ->> 'text';
  -- A write happens now, under this role.
  move forward 0 from rows;
exception when others then
  -- Texts of PostgreSQL quote the statement and its values, here and in the server's log.
  get stacked diagnostics code = returned_sqlstate, violated = constraint_name, place = table_name;
  raise exception using errcode = code, constraint = violated, table = place, message = 'a step failed';
end $undercroft$`,
    `create function undercroft.record_steps(step text, seal text) returns void ${definer} ${fixed} as $undercroft$
declare told jsonb := undercroft.check_step('record', step, seal); one jsonb; e audit.pending;
begin
  insert into undercroft_state.system_steps (action, actor, reason, statements)
    select told ->> 'action', told ->> 'actor', steps ->> 'reason', steps -> 'statements' from jsonb_array_elements(told -> 'steps') steps;
  e := undercroft.who(false);
  e.kind := 'system';
  for one in select jsonb_array_elements(told -> 'steps') loop
    e.id := gen_random_uuid();
    e.detail := jsonb_build_object('action', told -> 'action', 'reason', one -> 'reason', 'statements', one -> 'statements');
    insert into audit.pending values (e.*);
  end loop;
end $undercroft$`,
    // A function's owner must be able to make it there; only for now.
    `grant create on schema undercroft to ${system}`,
    ...(
      [
        ["undercroft.check_step(text, text, text)", internal, system],
        [`${inStep}(text)`, internal, system],
        ["undercroft.run_as_system(text, text)", system, api],
        ["undercroft.record_steps(text, text)", internal, api],
      ] as const
    ).flatMap(([name, owner, caller]) => [
      `alter function ${name} owner to ${owner}`,
      `revoke all on function ${name} from public`,
      `grant execute on function ${name} to ${caller}`,
    ]),
    `revoke create on schema undercroft from ${system}`,
  ]
}

/** A step touches the entities that its action named, and no more: the database keeps it so. */
export function createStepPolicy(entity: EntityInfo, roles: RoleNames): string {
  const isNamed = `((select ${ruleFunction("in_step")}(${quoteLiteral(entity.table)})))`
  return `create policy system on ${tableOf(entity)} for all to ${quoteName(roles.system)} using (${isNamed}${unrestrictedSql(entity)}${sawSql(entity)}) with check (${isNamed}${unrestrictedSql(entity)})`
}
