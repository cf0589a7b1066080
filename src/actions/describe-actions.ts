/** What doors and documents need to know of actions. */
import type { JsonSchema } from "../model/json-schema.ts"
import { Action, type AnyAction } from "./action.ts"
import { toJsonSchema } from "./schema.ts"

export interface ToldAction {
  readonly name: string
  readonly description: string | null
  readonly isReadOnly: boolean
  readonly input: JsonSchema
  readonly output: JsonSchema
}

/** By name. */
export function describeActions(
  actions: Readonly<Record<string, AnyAction>>,
): ReadonlyMap<string, ToldAction> {
  return new Map(
    Object.entries(actions)
      // What is none is told of when the backend is built.
      .filter(([, one]) => one instanceof Action)
      .map(([name, { definition }]) => [
        name,
        {
          name,
          description: definition.description ?? null,
          isReadOnly: definition.readOnly ?? false,
          input: toJsonSchema(definition.input, "input"),
          output: toJsonSchema(definition.output, "output"),
        },
      ]),
  )
}
