/** Planted bugs of a policy compiler: each makes other rules of the right ones. */
import type { Policies } from "../../src/policy/policies.ts"
import { always, never, type Rule } from "../../src/policy/rule.ts"
import { registerBugs } from "./planted-registers.ts"
import { isField, type RuleChange, type RulePlace, rewritePolicies } from "./rewrite-rule.ts"

export interface RuleBug {
  readonly name: string
  readonly about: string
  /** Null where the model has nothing that the bug would change. */
  readonly apply: (policies: Policies) => Policies | null
}

function part(name: string, about: string, change: RuleChange): RuleBug {
  return { name, about, apply: (policies) => rewritePolicies(policies, change) }
}

function whole(
  name: string,
  about: string,
  places: readonly RulePlace[],
  change: (rule: Rule) => Rule,
): RuleBug {
  const at: RuleChange = (rule, place) => (places.includes(place) ? change(rule) : rule)
  return { name, about, apply: (policies) => rewritePolicies(policies, at, true) }
}

const negatable: ReadonlySet<string> = new Set(["text", "null", "signed-in", "role", "related", "some"])

/** Rules that let all through, where they did not before. */
const opened = (rule: Rule): Rule => (rule.kind === "all" && rule.terms.length === 0 ? rule : always)

export const ruleBugs: readonly RuleBug[] = [
  part("dropped-clause", "the last of several conditions that must all hold is lost", (rule) =>
    rule.kind === "all" && rule.terms.length > 1 ? { ...rule, terms: rule.terms.slice(0, -1) } : rule,
  ),
  part("swapped-and-or", "what must all hold need hold only once, and the other way round", (rule) =>
    (rule.kind === "all" || rule.kind === "any") && rule.terms.length > 1
      ? { ...rule, kind: rule.kind === "all" ? "any" : "all" }
      : rule,
  ),
  part("empty-any-allows", "an empty choice lets everyone in instead of no one", (rule) =>
    rule.kind === "any" && rule.terms.length === 0 ? always : rule,
  ),
  part("negation-dropped", "not() is lost", (rule) =>
    negatable.has(rule.kind) && "negated" in rule && rule.negated
      ? ({ ...rule, negated: false } as Rule)
      : rule,
  ),
  part("is-to-is-not", "equality is taken for its opposite", (rule) =>
    rule.kind === "compare" && rule.operator === "is" ? { ...rule, operator: "isNot" } : rule,
  ),
  part("in-to-not-in", "membership is taken for its opposite", (rule) =>
    rule.kind === "in-values" || rule.kind === "in-fact" ? { ...rule, negated: !rule.negated } : rule,
  ),
  part("null-matches", "a null equals whatever it is compared with", (rule) => {
    if (rule.kind !== "compare" || rule.operator !== "is") return rule
    return {
      kind: "any",
      terms: [
        rule,
        ...[rule.left, rule.right]
          .filter(isField)
          .map((value): Rule => ({ kind: "null", negated: false, value })),
      ],
    }
  }),
  part("not-in-keeps-nulls", "a null is in no list, and so passes where the list must not hold it", (rule) =>
    (rule.kind === "in-values" || rule.kind === "in-fact") && rule.negated
      ? { kind: "any", terms: [rule, { kind: "null", negated: false, value: rule.left }] }
      : rule,
  ),
  part("boundary", "above and below let the boundary in", (rule) =>
    rule.kind === "compare" && (rule.operator === "above" || rule.operator === "below")
      ? { ...rule, operator: rule.operator === "above" ? "atLeast" : "atMost" }
      : rule,
  ),
  part("wrong-relation", "another relation to the same entity is followed", (rule) => {
    if (rule.kind !== "related" && rule.kind !== "some") return rule
    const { relation } = rule
    const other = [...relation.from.relations.values()].find(
      (one) => one !== relation && one.many === relation.many && one.to === relation.to,
    )
    return other ? { ...rule, relation: other } : rule
  }),
  part("some-without-where", "any related row will do", (rule) =>
    rule.kind === "some" && rule.where.kind !== "all" ? { ...rule, where: always } : rule,
  ),
  part("visible-is-exists", "visible() asks only whether the row exists", (rule) =>
    rule.kind === "related" && rule.visible ? { ...rule, where: opened(rule.where) } : rule,
  ),
  part("role-ignored", "every caller has every role", (rule) =>
    rule.kind === "role" ? (rule.negated ? never : always) : rule,
  ),
  part("anonymous-signed-in", "a caller without a token counts as signed in", (rule) =>
    rule.kind === "signed-in" ? (rule.negated ? never : always) : rule,
  ),
  part("me-is-anyone", "whoever is compared with the caller is the caller", (rule) =>
    rule.kind === "compare" &&
    rule.operator === "is" &&
    [rule.left, rule.right].some((one) => one.kind === "me-id")
      ? { kind: "null", negated: true, value: isField(rule.left) ? rule.left : rule.right }
      : rule,
  ),
  ...registerBugs.map(({ name, about, change }) => part(name, about, change)),
  whole("fact-unfiltered", "facts are looked up of everyone instead of the caller", ["fact"], opened),
  whole("read-open", "the policy for reading is missing", ["read"], opened),
  whole("create-open", "rows to be created are not checked", ["create"], opened),
  whole("update-unchecked", "rows are checked before an update and not after it", ["updateTo"], opened),
  whole("step-ignored", "the step of an update is not checked", ["updateStep"], opened),
  whole("update-from-open", "every row that is read may be updated", ["updateFrom"], opened),
  whole("delete-open", "every row that is read may be deleted", ["delete"], opened),
  whole("field-shown", "a field is shown to everyone who may read the row", ["visibleTo"], opened),
  whole("field-writable", "a field is writable for everyone who may write the row", ["writableBy"], opened),
]
