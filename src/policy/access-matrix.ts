/** The access matrix: for each entity who may do what, in sentences and as data, derived from the resolved rules. */
import type { Classification } from "../model/classification.ts"
import type { FieldInfo } from "../model/model.ts"
import { type EntityPolicy, type Policies, policyOf } from "./policies.ts"
import type { Rule } from "./rule.ts"
import { toTree } from "./sentence-tree.ts"
import { nounOf, pluralOf, rowNamesOf, toWords } from "./sentence-words.ts"
import { factSentence, toClause, toSentence } from "./to-sentence.ts"

export type AccessOperation = "read" | "create" | "update" | "delete"

/** Who may do one thing with the rows of an entity. */
export interface AccessGrant {
  readonly operation: AccessOperation
  /** `conditional` is everything between everyone and no one. */
  readonly allowed: "everyone" | "conditional" | "no one"
  readonly sentence: string
}

/** A field that not everyone who reads or writes the row may read or write. */
export interface RestrictedField {
  readonly field: string
  readonly classification: Classification
  /** Null where everyone who reads the row may see it. */
  readonly visibleTo: string | null
  /** Null where everyone who changes the row may set it. */
  readonly writableBy: string | null
  /** It keeps the value that it was created with. */
  readonly immutable: boolean
}

export interface AccessEntity {
  readonly entity: string
  readonly collection: string
  readonly description: string | null
  /** The entity that a view shows. */
  readonly viewOf: string | null
  readonly grants: readonly AccessGrant[]
  readonly fields: readonly RestrictedField[]
  /** The fields that are personal or more, by classification. */
  readonly classified: Readonly<Partial<Record<Classification, readonly string[]>>>
  /** Its constraints tell whether rows exist that the caller may not see; the author accepted that. */
  readonly reveals: boolean
}

export interface AccessMatrix {
  readonly entities: readonly AccessEntity[]
  /** What sentences mean by "the caller's …". */
  readonly facts: readonly { readonly name: string; readonly meaning: string }[]
}

/** What holds for every entity. */
export const accessGround: readonly string[] = [
  "What is not allowed here is refused, by the database itself.",
  "To change or delete a row, or to refer to it from another, one must also be allowed to read it.",
  "Roles come with the caller's token; everything else about a caller is looked up in the database for every request.",
]

/** The matrix of a model. */
export function buildAccessMatrix(policies: Policies): AccessMatrix {
  return {
    entities: policies.model.entities.map((entity) => accessOf(policyOf(policies, entity))),
    facts: policies.facts.map((fact) => ({ name: toWords(fact.name), meaning: factSentence(fact) })),
  }
}

/** One grant of an entity. */
export function grantOf(policy: EntityPolicy, operation: AccessOperation): AccessGrant {
  const { rule, sentence } = sentences[operation](policy)
  const tree = toTree(rule, rowNamesOf(policy.entity))
  const allowed =
    tree.kind === "leaf" || tree.terms.length > 0
      ? "conditional"
      : tree.kind === "all"
        ? "everyone"
        : "no one"
  return {
    operation,
    allowed,
    sentence:
      allowed === "no one"
        ? `No one may ${operation === "update" ? "change" : operation} ${pluralOf(policy.entity)}.`
        : sentence,
  }
}

const operations: readonly AccessOperation[] = ["read", "create", "update", "delete"]

const sentences: Readonly<
  Record<AccessOperation, (policy: EntityPolicy) => { rule: Rule; sentence: string }>
> = {
  read: (policy) => ({
    rule: policy.read,
    sentence: `${startOf(policy)} may be read by ${whomOf(policy, policy.read)}.${viewText(policy)}`,
  }),
  create: (policy) => ({
    rule: policy.create,
    sentence: `${startOf(policy)} may be created by ${whomOf(policy, policy.create)}.`,
  }),
  update: (policy) => ({ rule: policy.updateFrom, sentence: updateText(policy) }),
  delete: (policy) => ({
    rule: policy.delete,
    sentence: `${startOf(policy)} may be deleted by ${whomOf(policy, policy.delete)}.`,
  }),
}

function accessOf(policy: EntityPolicy): AccessEntity {
  const { entity } = policy
  const classes = ["personal", "special", "secret"] as const
  const classified = classes.map(
    (one) => [one, entity.fields.filter((field) => field.classification === one)] as const,
  )
  return {
    entity: entity.name,
    collection: entity.collection,
    description: entity.description,
    viewOf: entity.view?.from.name ?? null,
    grants: operations.map((operation) => grantOf(policy, operation)),
    fields: entity.fields.flatMap((field) => restrictionOf(policy, field)),
    classified: Object.fromEntries(
      classified
        .filter(([, fields]) => fields.length > 0)
        .map(([name, fields]) => [name, fields.map((one) => one.name)]),
    ),
    reveals: entity.reveals,
  }
}

function restrictionOf(policy: EntityPolicy, field: FieldInfo): readonly RestrictedField[] {
  const rules = policy.fields.get(field.name)
  const immutable =
    field.immutable && !field.readonly && field.automatic === null && policy.entity.access.updateFrom !== null
  if (!rules?.visibleTo && !rules?.writableBy && !immutable) return []
  const whom = (rule: Rule | null): string | null => (rule ? whomOf(policy, rule) : null)
  const { name, classification } = field
  return [
    {
      field: name,
      classification,
      visibleTo: whom(rules?.visibleTo ?? null),
      writableBy: whom(rules?.writableBy ?? null),
      immutable,
    },
  ]
}

function whomOf(policy: EntityPolicy, rule: Rule): string {
  return toSentence(rule, policy.entity.view?.from ?? policy.entity)
}

function updateText(policy: EntityPolicy): string {
  const { entity, updateFrom, updateTo, updateStep } = policy
  const names = rowNamesOf(entity)
  const after = toClause(updateTo, names)
  const same = after === toClause(updateFrom, names)
  const isFree = updateTo.kind === "all" && updateTo.terms.length === 0
  const afterwards = isFree
    ? ""
    : same
      ? " The same must hold after the change."
      : ` After the change it must hold that ${after}.`
  const step = updateStep ? ` Of every change it must hold that ${toClause(updateStep, names)}.` : ""
  return `${startOf(policy)} may be changed by ${whomOf(policy, updateFrom)}.${afterwards}${step}`
}

function viewText(policy: EntityPolicy): string {
  const { view } = policy.entity
  if (!view) return ""
  const where = policy.viewWhere ? `, as long as ${toClause(policy.viewWhere, rowNamesOf(view.from))}` : ""
  return ` Each shows one ${nounOf(view.from)}${where}.`
}

function startOf(policy: EntityPolicy): string {
  const plural = pluralOf(policy.entity)
  return plural.charAt(0).toUpperCase() + plural.slice(1)
}
