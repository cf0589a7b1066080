/** The functions that say whether the caller may call an action: rules about facts need the database. */
import type { Policies } from "../policy/policies.ts"
import {
  inScope,
  type PolicyFunction,
  quoteName,
  type SqlPrinter,
  schemas,
  shortName,
} from "../policy/to-sql.ts"

/** The name of an action's function; no field's gate has two underscores there. */
export function callName(action: string): string {
  return shortName(`gate__${action}`)
}

/** The name of the function that says whether the caller may approve what others call. */
export function approveName(action: string): string {
  return shortName(`approves__${action}`)
}

/** One function an action, and one for who approves it. What is unknown is no. */
export function callFunctions(policies: Policies, printer: SqlPrinter): PolicyFunction[] {
  const called = [...policies.actions].map(([action, rule]) => [callName(action), rule] as const)
  const approved = [...policies.approvals].map(([action, rule]) => [approveName(action), rule] as const)
  return [...called, ...approved].map(([name, rule]) => ({
    name,
    create: `create function ${schemas.machinery}.${quoteName(name)}() returns boolean language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$
begin return coalesce(${printer.rule(rule, inScope("row", "t"))}, false); end $undercroft$`,
  }))
}
