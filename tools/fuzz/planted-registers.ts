/** Planted bugs of rules that ask a register: of consents, or of emergency overrides. */
import { always, type Rule } from "../../src/policy/rule.ts"
import { isField, type RuleChange } from "./rewrite-rule.ts"

interface RegisterBug {
  readonly name: string
  readonly about: string
  readonly change: RuleChange
}

/** A register's entry counts whatever it has in this field. */
function unasked(name: string, register: "consent" | "override", field: string, about: string): RegisterBug {
  const asks = (rule: Rule): boolean =>
    rule.kind === "compare" &&
    isField(rule.left) &&
    rule.left.kind === "field" &&
    rule.left.field.name === field &&
    rule.left.field.entity[register] !== undefined &&
    rule.left.field.entity[register] !== null
  return { name, about, change: (rule) => (asks(rule) ? always : rule) }
}

export const registerBugs: readonly RegisterBug[] = [
  unasked("consent-withdrawn", "consent", "status", "a consent that was withdrawn still counts"),
  unasked("consent-other-purpose", "consent", "purpose", "a consent to another purpose counts"),
  unasked("consent-other-version", "consent", "version", "a consent to any words counts"),
  {
    name: "consent-for-all",
    about: "one person's consent is taken for everybody's",
    change: (rule) =>
      rule.kind === "consent" && !rule.negated
        ? {
            kind: "null",
            negated: true,
            value: { kind: "field", scope: rule.scope, field: rule.field, of: rule.field.kind },
          }
        : rule,
  },
  unasked("override-expired", "override", "expiresAt", "an override that has expired still counts"),
  unasked("override-ended", "override", "status", "an override that was ended still counts"),
  unasked("override-of-others", "override", "openedBy", "an override that somebody else opened counts"),
  unasked("override-other-kind", "override", "kind", "an override of another kind counts"),
  unasked("override-other-session", "override", "session", "an override of another session counts"),
  {
    name: "override-for-all",
    about: "an override for one person opens the data of all",
    change: (rule) =>
      rule.kind === "in-fact" && rule.fact.entity.override && !rule.negated
        ? { kind: "null", negated: true, value: rule.left }
        : rule,
  },
]
