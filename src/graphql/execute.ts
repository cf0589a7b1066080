/** Executes one operation of a document: each root field is an operation of the engine, and its JSON is not looked into. */
import {
  executeSync,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
} from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Answer, Engine } from "../engine/engine.ts"
import type { Operation } from "../query/operation.ts"
import { type CollectedField, collectFields } from "./collect.ts"
import type { PreparedDocument } from "./documents.ts"
import { meaningOf } from "./meaning.ts"
import { type ToldError, tellError } from "./tell-error.ts"
import type { Budget } from "./to-filter.ts"
import { type OperationContext, toOperation } from "./to-operation.ts"

export interface ExecuteParts {
  readonly engine: Engine
  readonly caller: Caller
  readonly prepared: PreparedDocument
  readonly limits: OperationContext["limits"]
  readonly rowOf: OperationContext["rowOf"]
}

/** `data` is JSON text; null where nothing was executed, or all of it was undone. */
export interface Executed {
  readonly data: string | null
  readonly errors: readonly ToldError[]
  /** Nothing was executed: the request itself is at fault. */
  readonly isRefused: boolean
}

interface AskedRoot {
  readonly key: string
  readonly operation: Operation
  readonly isRow: boolean
}

/** A root field: its JSON, or what is to be asked of the engine. */
type Root = AskedRoot | { readonly key: string; readonly text: string }

function refused(errors: readonly (GraphQLError | UndercroftError)[]): Executed {
  return { data: null, errors: errors.map((one) => tellError(one)), isRefused: true }
}

/** Throws what is no answer to the document, such as UC690. */
export async function execute(
  operation: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
  parts: ExecuteParts,
): Promise<Executed> {
  const { schema } = parts.prepared
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], inputs, { maxErrors: 5 })
  if (coerced.errors) return refused(coerced.errors)
  const isMutation = operation.operation === "mutation"
  const type = (isMutation ? schema.getMutationType() : schema.getQueryType())!
  const context: OperationContext = {
    schema,
    fragments: parts.prepared.fragments,
    variables: coerced.variableValues,
    limits: parts.limits,
    rowOf: parts.rowOf,
  }
  let roots: readonly Root[]
  try {
    const fields = collectFields([operation.selectionSet], type, context)
    const budget: Budget = { cost: fields.length, conditions: 0 }
    roots = fields.map((field) => toRoot(field, type, context, budget, operation))
    checkCost(roots, budget, parts.limits)
  } catch (cause) {
    if (cause instanceof GraphQLError || cause instanceof UndercroftError) return refused([cause])
    throw cause
  }
  return isMutation ? write(roots, parts) : read(roots, parts)
}

function toRoot(
  field: CollectedField,
  type: GraphQLObjectType,
  context: OperationContext,
  budget: Budget,
  operation: OperationDefinitionNode,
): Root {
  const { key, node } = field
  const name = node.name.value
  if (name === "__typename") return { key, text: JSON.stringify(type.name) }
  if (name.startsWith("__")) return { key, text: introspect(field, context, operation) }
  const definition = type.getFields()[name]!
  const asked = toOperation(field, definition, context, budget)
  if (asked === null) return { key, text: "null" }
  return { key, operation: asked, isRow: meaningOf(definition).kind === "node" }
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
  limits: ExecuteParts["limits"],
): void {
  const { graphqlCost, graphqlStatements, graphqlConditions } = limits
  const statements = roots.filter((one) => "operation" in one).length
  const refuse = (what: string, found: number, max: number, setting: string): UndercroftError =>
    new UndercroftError("UC342", { what, cost: found, max, setting })
  if (cost > graphqlCost) throw refuse("cost", cost, graphqlCost, "graphqlCost")
  if (conditions > graphqlConditions)
    throw refuse("number of conditions", conditions, graphqlConditions, "graphqlConditions")
  if (statements > graphqlStatements)
    throw refuse("number of root fields", statements, graphqlStatements, "graphqlStatements")
}

/** All in one flight; where one can't be answered, each is asked by itself, so that the others are. */
async function read(roots: readonly Root[], { engine, caller }: ExecuteParts): Promise<Executed> {
  const asked = roots.flatMap((one) => ("operation" in one ? [one] : []))
  const texts = new Map<string, string>()
  const errors: ToldError[] = []
  const together =
    asked.length < 2
      ? null
      : await engine.runTogether(
          asked.map((one) => one.operation),
          caller,
        )
  if (together && "answers" in together)
    for (const [at, { key, isRow }] of asked.entries()) texts.set(key, textOf(together.answers[at]!, isRow))
  else
    for (const { key, text, error } of await Promise.all(
      asked.map((root) => readAlone(root, engine, caller)),
    )) {
      texts.set(key, text)
      // In the order of the document, whichever was first to fail.
      if (error) errors.push(error)
    }
  const entries = roots.map(
    (one) => `${JSON.stringify(one.key)}:${"text" in one ? one.text : texts.get(one.key)}`,
  )
  return { data: `{${entries.join(",")}}`, errors, isRefused: false }
}

async function readAlone(
  { key, operation, isRow }: AskedRoot,
  engine: Engine,
  caller: Caller,
): Promise<{ readonly key: string; readonly text: string; readonly error?: ToldError }> {
  try {
    return { key, text: textOf(await engine.run(operation, caller), isRow) }
  } catch (cause) {
    if (!(cause instanceof UndercroftError) || isOfTheRequest(cause)) throw cause
    return { key, text: "null", error: tellError(cause, [key]) }
  }
}

/** One transaction: of several writes none is left when one fails. */
async function write(roots: readonly Root[], { engine, caller }: ExecuteParts): Promise<Executed> {
  const asked = roots.flatMap((one) => ("operation" in one ? [one] : []))
  const result =
    asked.length === 0
      ? { answers: [] }
      : await engine.runTogether(
          asked.map((one) => one.operation),
          caller,
        )
  if ("error" in result) {
    if (isOfTheRequest(result.error)) throw result.error
    return { data: null, errors: [tellError(result.error, [asked[result.failed]!.key])], isRefused: false }
  }
  const texts = new Map(asked.map(({ key, isRow }, at) => [key, textOf(result.answers[at]!, isRow)]))
  const entries = roots.map(
    (one) => `${JSON.stringify(one.key)}:${"text" in one ? one.text : texts.get(one.key)}`,
  )
  return { data: `{${entries.join(",")}}`, errors: [], isRefused: false }
}

/** A token that is no longer good, or a server that can't answer, is said by the status of the whole answer. */
function isOfTheRequest({ status, code }: UndercroftError): boolean {
  return status >= 500 || code.startsWith("PGRST30")
}

/** One row comes in a list. */
function textOf({ body, rows }: Answer, isRow: boolean): string {
  if (!isRow) return body ?? "null"
  return rows === 0 || body === null ? "null" : body.slice(1, -1)
}
