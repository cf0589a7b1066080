/** The root fields of an operation: what each of them asks, before anything is done. */
import {
  executeSync,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
} from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { Operation } from "../query/operation.ts"
import { type CollectedField, collectFields } from "./collect.ts"
import { meaningOf } from "./meaning.ts"
import { createPick, type Pick } from "./pick.ts"
import type { Budget } from "./to-filter.ts"
import { type OperationContext, toOperation } from "./to-operation.ts"

/** A root field: its JSON, or what is to be asked of the engine, or the action to be called. */
export type Root = { readonly key: string } & (
  | { readonly kind: "text"; readonly text: string }
  | RootOperation
  | RootAction
)

export interface RootOperation {
  readonly kind: "operation"
  readonly key: string
  readonly operation: Operation
  readonly isRow: boolean
}

export interface RootAction {
  readonly kind: "action"
  readonly key: string
  readonly name: string
  readonly input: unknown
  readonly pick: Pick
}

/** Throws `GraphQLError` and `UndercroftError`. */
export function toRoots(operation: OperationDefinitionNode, context: OperationContext): readonly Root[] {
  const { schema } = context
  const type = (operation.operation === "mutation" ? schema.getMutationType() : schema.getQueryType())!
  const fields = collectFields([operation.selectionSet], type, context)
  const budget: Budget = { cost: fields.length, conditions: 0 }
  const roots = fields.map((field) => toRoot(field, type, context, budget, operation))
  checkCost(roots, budget, context.limits)
  return roots
}

function toRoot(
  field: CollectedField,
  type: GraphQLObjectType,
  context: OperationContext,
  budget: Budget,
  operation: OperationDefinitionNode,
): Root {
  const { key, node, selections } = field
  const name = node.name.value
  const text = (json: string): Root => ({ kind: "text", key, text: json })
  if (name === "__typename") return text(JSON.stringify(type.name))
  if (name.startsWith("__")) return text(introspect(field, context, operation))
  const definition = type.getFields()[name]!
  const meaning = meaningOf(definition)
  if (meaning.kind === "action") {
    const args = getArgumentValues(definition, node, context.variables)
    // Plain objects, as an action is given by other doors.
    const input: unknown = JSON.parse(JSON.stringify(meaning.isWrapped ? args["input"] : args))
    const pick = createPick(definition.type, selections, context, budget, context.limits.answerBytes)
    return { kind: "action", key, name: meaning.name, input, pick }
  }
  const asked = toOperation(field, definition, context, budget)
  if (asked === null) return text("null")
  return { kind: "operation", key, operation: asked, isRow: meaning.kind === "node" }
}

/** The schema tells of itself: graphql-js reads it. */
function introspect(
  { key, node, selections }: CollectedField,
  { schema, fragments, variables }: OperationContext,
  { variableDefinitions }: OperationDefinitionNode,
): string {
  const selectionSet = {
    kind: Kind.SELECTION_SET,
    selections: selections.flatMap((one) => one.selections),
  } as const
  const field = { ...node, directives: [], selectionSet }
  const { data, errors } = executeSync({
    schema: schema as GraphQLSchema,
    document: {
      kind: Kind.DOCUMENT,
      definitions: [
        {
          kind: Kind.OPERATION_DEFINITION,
          operation: "query" as OperationDefinitionNode["operation"],
          variableDefinitions,
          selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
        },
        ...fragments.values(),
      ],
    },
    variableValues: variables.coerced,
  })
  if (errors?.[0]) throw errors[0]
  return JSON.stringify(data?.[key])
}

function checkCost(
  roots: readonly Root[],
  { cost, conditions }: Budget,
  limits: OperationContext["limits"],
): void {
  const { graphqlCost, graphqlStatements, graphqlConditions } = limits
  const statements = roots.filter((one) => one.kind !== "text").length
  const refuse = (what: string, found: number, max: number, setting: string): UndercroftError =>
    new UndercroftError("UC342", { what, cost: found, max, setting })
  if (cost > graphqlCost) throw refuse("cost", cost, graphqlCost, "graphqlCost")
  if (conditions > graphqlConditions)
    throw refuse("number of conditions", conditions, graphqlConditions, "graphqlConditions")
  if (statements > graphqlStatements)
    throw refuse("number of root fields", statements, graphqlStatements, "graphqlStatements")
}
