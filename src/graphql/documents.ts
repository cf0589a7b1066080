/** Documents, parsed and validated once for all callers who know the same. */
import {
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from "graphql"
import { UndercroftError } from "../base/errors.ts"
import { StatementCache } from "../engine/statement-cache.ts"
import type { GraphqlLimits } from "./limits.ts"
import { checkSize, checkText } from "./measure.ts"

/** A document that can be executed, or why it can't. */
export interface PreparedDocument {
  readonly text: string
  readonly schema: GraphQLSchema
  readonly operations: readonly OperationDefinitionNode[]
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly errors: readonly (GraphQLError | UndercroftError)[]
}

export interface DocumentOptions {
  readonly limits: GraphqlLimits
  readonly introspection: boolean
}

const keptDocuments = 1000
const keptCharacters = 5_000_000
const errorsMax = 5

/** Prepares documents, and keeps them by what is known and their text. */
export function createDocuments({
  limits,
  introspection,
}: DocumentOptions): (text: string, key: string, schema: GraphQLSchema) => PreparedDocument {
  const kept = new StatementCache<PreparedDocument>(keptDocuments, keptCharacters)
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]

  function prepare(text: string, schema: GraphQLSchema): PreparedDocument {
    const refused = (errors: PreparedDocument["errors"]): PreparedDocument => ({
      text,
      schema,
      operations: [],
      fragments: new Map(),
      errors,
    })
    try {
      checkText(text, limits)
      const document = parse(text, { maxTokens: limits.graphqlTokens })
      checkSize(document, limits)
      const errors = validate(schema, document, rules, { maxErrors: errorsMax })
      if (errors.length > 0) return refused(errors)
      const { definitions } = document
      return {
        text,
        schema,
        operations: definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION),
        fragments: new Map(
          definitions.flatMap((one) =>
            one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
          ),
        ),
        errors: [],
      }
    } catch (cause) {
      if (cause instanceof GraphQLError || cause instanceof UndercroftError) return refused([cause])
      throw cause
    }
  }

  return (text, key, schema) => {
    const name = `${key} ${text}`
    const found = kept.get(name)
    if (found) return found
    const made = prepare(text, schema)
    kept.set(name, made)
    return made
  }
}
