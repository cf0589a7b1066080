/**
 * Rules may ask how well, and how recently, a caller proved who they are. Where nothing else stands in the way, the refusal
 * says so, so that a client can have them prove it again (RFC 9470) instead of finding nothing.
 */
import { UndercroftError } from "../base/errors.ts"
import { couldHold } from "../policy/could-hold.ts"
import type { EntityPolicy, Policies } from "../policy/policies.ts"
import { type Rule, walkRule } from "../policy/rule.ts"
import type { Operation } from "../query/operation.ts"
import type { Caller } from "./caller.ts"

/** Throws UC612 where the caller would be allowed to if they proved who they are again. */
export interface StepUp {
  operation(operation: Operation, caller: Caller): void
  action(name: string, caller: Caller): void
}

/** Looks through the rules once for those that ask. */
export function createStepUp(policies: Policies): StepUp {
  const asking = new Map<string, EntityPolicy>()
  for (const policy of policies.of.values())
    if ([policy.read, policy.create, policy.updateFrom, policy.updateTo, policy.delete].some(asks))
      asking.set(policy.entity.collection, policy)
  return {
    operation(operation, caller) {
      const policy = asking.get(operation.collection)
      if (policy && caller.id !== null)
        for (const rule of rulesOf(policy, operation.kind)) check(rule, caller)
    },
    action(name, caller) {
      const rule = policies.actions.get(name)
      if (rule && caller.id !== null && asks(rule)) check(rule, caller)
    },
  }
}

function rulesOf(policy: EntityPolicy, kind: Operation["kind"]): readonly Rule[] {
  switch (kind) {
    case "read":
      return [policy.read]
    case "insert":
      return [policy.create]
    case "update":
      return [policy.updateFrom, policy.updateTo]
    case "delete":
      return [policy.delete]
  }
}

function asks(rule: Rule): boolean {
  let found = false
  walkRule(rule, (part) => {
    found ||= part.kind === "claim" && (part.name === "assurance" || part.name === "authenticatedAt")
  })
  return found
}

function check(rule: Rule, caller: Caller): void {
  const at = new Date().toISOString()
  const proved = { ...caller, claims: { ...caller.claims, assurance: "two-factor", authenticatedAt: at } }
  if (couldHold(rule, caller, at) || !couldHold(rule, proved, at)) return
  const isLevel = couldHold(rule, { ...caller, claims: { ...caller.claims, assurance: "two-factor" } }, at)
  throw new UndercroftError("UC612", {
    how: isLevel ? "with a second factor" : "again",
    more: isLevel ? " (whoever has none switches one on first: POST /auth/two-factor/enable)" : "",
  })
}
