/** The access rules in sentences, as far as they name only what the reader knows. */
import type { Knowledge, Verb } from "../engine/knowledge.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { grantOf } from "../policy/access-matrix.ts"
import { type EntityPolicy, type Policies, policyOf } from "../policy/policies.ts"
import { type Rule, walkRule } from "../policy/rule.ts"
import { toSentence } from "../policy/to-sentence.ts"

/** Who may do this with the rows of an entity. */
export function grantSentence(policies: Policies, entity: EntityInfo, verb: Verb, known: Knowledge): string {
  const policy = policyOf(policies, entity)
  return rulesOf(policy, verb).every((rule) => isTellable(rule, known))
    ? grantOf(policy, verb).sentence
    : "Who may do this is decided by a rule over data that is not yours to know."
}

/** Who may see a field, and who may set it; what everyone may who may reach the row is not said. */
export function fieldSentences(policies: Policies, field: FieldInfo, known: Knowledge): readonly string[] {
  const rules = policyOf(policies, field.entity).fields.get(field.name)
  const subject = field.entity.view?.from ?? field.entity
  const whom = (rule: Rule | null): string | null =>
    rule === null ? null : isTellable(rule, known) ? toSentence(rule, subject) : "some callers alone"
  const [seen, set] = [
    whom(rules?.visibleTo ?? null),
    field.readonly ? null : whom(rules?.writableBy ?? null),
  ]
  if (seen !== null && seen === set) return [`Seen and set by ${seen}.`]
  return [...(seen === null ? [] : [`Seen by ${seen}.`]), ...(set === null ? [] : [`Set by ${set}.`])]
}

function rulesOf(policy: EntityPolicy, verb: Verb): readonly Rule[] {
  const { read, create, updateFrom, updateTo, updateStep, viewWhere } = policy
  const rules: Readonly<Record<Verb, readonly (Rule | null)[]>> = {
    read: [read, viewWhere],
    create: [create],
    update: [updateFrom, updateTo, updateStep],
    delete: [policy.delete],
  }
  return rules[verb].filter((rule) => rule !== null)
}

/** Whether a rule's sentence would name no field and no entity that the reader does not know. */
function isTellable(rule: Rule, known: Knowledge): boolean {
  let tellable = true
  walkRule(rule, (part) => {
    if (part.kind === "field" || part.kind === "bound") tellable &&= !known.hidden.has(part.field)
    if (part.kind === "consent")
      tellable &&= !known.hidden.has(part.field) && known.may(part.register.entity, "read")
    if (part.kind === "related" || part.kind === "some")
      tellable &&= !known.hidden.has(part.relation.field) && known.may(part.relation.to, "read")
  })
  return tellable
}
