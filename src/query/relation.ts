/** Finds the relation that an embed names: by field, by the name of a `many`, or by collection, told apart by a hint. */
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { type EntityPolicy, policyOf } from "../policy/policies.ts"
import type { Embed } from "./operation.ts"
import type { PlanContext } from "./plan.ts"
import type { PlannedRelation } from "./planned.ts"

interface Candidate {
  readonly relation: PlannedRelation
  readonly to: EntityInfo
  /** What a hint may say. */
  readonly hints: readonly string[]
}

/** Throws PGRST200 when there is none, PGRST201 when several fit. */
export function findRelation(
  embed: Pick<Embed, "relation" | "hint">,
  policy: EntityPolicy,
  context: PlanContext,
): { relation: PlannedRelation; to: EntityInfo } {
  const from = policy.entity
  const visible = (field: FieldInfo): boolean => !context.hidden.has(field)
  const named = from.relations.get(embed.relation)
  if (named && embed.hint === null && visible(named.field)) {
    return {
      relation: { kind: named.many ? "many" : "one", field: named.field, join: null, name: named.name },
      to: named.to,
    }
  }
  const target = context.policies.model.byCollection.get(embed.relation)
  const found = target
    ? candidates(from, target, context).filter(
        (one) => visible(one.relation.field) && (!one.relation.join || visible(one.relation.join.far)),
      )
    : []
  const fitting = found.filter((one) => embed.hint === null || one.hints.includes(embed.hint))
  const direct =
    embed.hint === null && fitting.length > 1
      ? fitting.filter((one) => one.relation.kind !== "through")
      : fitting
  const [only, second] = direct.length === 1 ? direct : fitting
  if (!only)
    throw new UndercroftError("PGRST200", { from: from.collection, to: embed.relation.slice(0, 100) })
  if (second) {
    throw new UndercroftError(
      "PGRST201",
      { from: from.collection, to: embed.relation.slice(0, 100) },
      {
        hint: `Try changing '${embed.relation}' to one of the following: ${fitting.map((one) => `'${embed.relation}!${one.hints[0]}'`).join(", ")}. Find the desired relationship in the 'details' key.`,
      },
    )
  }
  return only
}

function candidates(from: EntityInfo, to: EntityInfo, context: PlanContext): readonly Candidate[] {
  // Of rows of one kind that refer to each other the collection's name means those that refer; the field's name the other.
  const one = (from === to ? [] : references(from, to)).map(
    (field): Candidate => ({
      relation: { kind: "one", field, join: null, name: field.name },
      to,
      hints: [field.name, `${from.table}_${field.column}_fkey`, field.column],
    }),
  )
  const many = references(to, from).map(
    (field): Candidate => ({
      relation: { kind: isAlone(field) ? "back" : "many", field, join: null, name: to.collection },
      to,
      hints: [field.name, `${to.table}_${field.column}_fkey`, field.column],
    }),
  )
  const joins = context.policies.model.entities.filter((join) => join !== from && join !== to && !join.view)
  const through = joins.flatMap((join): Candidate[] => {
    const near = references(join, from).filter((field) => join.key.includes(field))
    const far = references(join, to).filter((field) => join.key.includes(field))
    return near.flatMap((a) =>
      far
        .filter((b) => b !== a)
        .map(
          (b): Candidate => ({
            relation: {
              kind: "through",
              field: a,
              join: { policy: policyOf(context.policies, join), far: b },
              name: to.collection,
            },
            to,
            hints: [join.collection, a.name],
          }),
        ),
    )
  })
  return [...one, ...many, ...through]
}

/** Whether at most one row refers to another by this field. */
function isAlone(field: FieldInfo): boolean {
  const { key, unique } = field.entity
  return [key, ...unique].some((fields) => fields.length === 1 && fields[0] === field)
}

function references(from: EntityInfo, to: EntityInfo): readonly FieldInfo[] {
  return from.fields.filter((field) => field.reference?.entity === to)
}
