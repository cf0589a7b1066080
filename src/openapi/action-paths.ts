/** The operations of one action: what it takes, what it gives, and how it refuses. */
import type { Knowledge } from "../engine/knowledge.ts"
import type { JsonSchema } from "../model/json-schema.ts"
import { type ApiOperation, componentOf, type Parameter, type PathItem, withoutContent } from "./document.ts"
import { refusals } from "./responses.ts"

/** No collection can have this name. */
export const actionsTag = "actions"

/** What documents tell of an action. */
export interface DescribedAction {
  readonly name: string
  readonly description: string | null
  readonly isReadOnly: boolean
  readonly input: JsonSchema
  readonly output: JsonSchema
}

/** `open` is what an anonymous caller could do: all else needs a token. */
export function actionPath(action: DescribedAction, open: Knowledge): PathItem {
  const { name, description, isReadOnly, input, output } = action
  const summary = description ?? `Call ${name}`
  const common = {
    tags: [actionsTag],
    ...(open.mayCall(name) ? {} : { security: [{ bearer: [] }] }),
    responses: {
      200: { description: "It was done.", content: { "application/json": { schema: output } } },
      ...refusals(400, 401, 403, 404, 405, 406, 409, 413, ...(isReadOnly ? [] : [422 as const]), 500, 503),
    },
  }
  const post: ApiOperation = {
    ...common,
    operationId: `actions.${name}`,
    summary,
    ...(isReadOnly ? {} : { parameters: [componentOf("parameters", "idempotencyKey")] }),
    requestBody: { required: true, content: { "application/json": { schema: input } } },
  }
  if (!isReadOnly) return { post }
  const get: ApiOperation = {
    ...common,
    operationId: `actions.${name}.get`,
    summary: `${summary}, by GET`,
    parameters: parametersOf(input),
  }
  const head: ApiOperation = {
    ...get,
    operationId: `actions.${name}.head`,
    summary: `${summary}, without the answer`,
    responses: withoutContent(common.responses),
  }
  return { get, head, post }
}

/** The input's properties, as parameters of the address. */
function parametersOf({ properties = {}, required = [] }: JsonSchema): Parameter[] {
  return Object.entries(properties as Readonly<Record<string, JsonSchema>>).map(([name, schema]) => ({
    name,
    in: "query",
    description: String(schema["description"] ?? `The action's ${name}.`),
    required: (required as readonly string[]).includes(name),
    schema,
  }))
}
