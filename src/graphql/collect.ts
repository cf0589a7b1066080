/** The fields of a selection, with fragments spread, conditions decided, and those of one name merged (GraphQL, 6.3.2). */
import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  type getVariableValues,
  isAbstractType,
  Kind,
  type SelectionSetNode,
} from "graphql"

export type Variables = NonNullable<ReturnType<typeof getVariableValues>["variableValues"]>

export interface CollectContext {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Variables
}

/** All fields that answer under one key: they are the same field, with selections to be merged. */
export interface CollectedField {
  readonly key: string
  readonly node: FieldNode
  readonly selections: readonly SelectionSetNode[]
}

export function collectFields(
  sets: readonly SelectionSetNode[],
  type: GraphQLObjectType,
  context: CollectContext,
): readonly CollectedField[] {
  const found = new Map<string, { key: string; node: FieldNode; selections: SelectionSetNode[] }>()
  const spread = new Set<string>()
  const visit = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (!isIncluded(selection, context)) continue
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value
        const one = found.get(key) ?? { key, node: selection, selections: [] }
        if (selection.selectionSet) one.selections.push(selection.selectionSet)
        found.set(key, one)
        continue
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition?.name.value, type, context)) visit(selection.selectionSet)
        continue
      }
      const name = selection.name.value
      const fragment = context.fragments.get(name)
      if (!fragment || spread.has(name)) continue
      spread.add(name)
      if (applies(fragment.typeCondition.name.value, type, context)) visit(fragment.selectionSet)
    }
  }
  for (const set of sets) visit(set)
  return [...found.values()]
}

function isIncluded(
  node: { readonly directives?: readonly DirectiveNode[] | undefined },
  { variables }: CollectContext,
): boolean {
  if (!node.directives || node.directives.length === 0) return true
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.["if"] === true) return false
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.["if"] !== false
}

function applies(
  condition: string | undefined,
  type: GraphQLObjectType,
  { schema }: CollectContext,
): boolean {
  if (condition === undefined || condition === type.name) return true
  const other = schema.getType(condition)
  return isAbstractType(other) && schema.isSubType(other, type)
}
