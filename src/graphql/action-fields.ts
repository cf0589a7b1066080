/** Actions as fields of Query and Mutation: made once for all callers, and given to those who could call them. */
import {
  type GraphQLFieldConfig,
  type GraphQLFieldConfigArgumentMap,
  GraphQLNonNull,
  getNullableType,
} from "graphql"
import type { JsonSchema } from "../model/json-schema.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import { ActionTypes } from "./action-types.ts"
import { type Meaning, means } from "./meaning.ts"
import { createNames } from "./names.ts"
import { JsonScalar } from "./scalars.ts"

/** What the door needs to know of an action. */
export interface GraphqlAction {
  readonly name: string
  readonly description: string | null
  readonly isReadOnly: boolean
  readonly input: JsonSchema
  readonly output: JsonSchema
}

export interface ActionField {
  readonly isReadOnly: boolean
  readonly config: GraphQLFieldConfig<unknown, unknown>
}

/** By the actions' names. */
export type ActionFields = ReadonlyMap<string, ActionField>

type Clash = (action: string, name: string) => void

/** Makes the fields; `onClash` is told of names that something else has. */
export function createActionFields(
  model: Model,
  actions: Iterable<GraphqlAction>,
  onClash: Clash = () => undefined,
): ActionFields {
  const taken = new Set(createNames(model).taken)
  return new Map(
    [...actions].map((action) => {
      const own = new Set<string>()
      const claim = (wanted: string): string => {
        let name = wanted
        while (own.has(name)) name += "_"
        own.add(name)
        if (taken.has(name)) onClash(action.name, name)
        return name
      }
      const config = fieldOf(action, new ActionTypes(action.name, claim))
      for (const name of own) taken.add(name)
      return [action.name, { isReadOnly: action.isReadOnly, config }]
    }),
  )
}

/** An input that is no object with names stands in one argument. */
function fieldOf(action: GraphqlAction, types: ActionTypes): ActionField["config"] {
  const { name, description, isReadOnly } = action
  const inputs = types.inputs(action.input)
  const type = types.output(action.output)
  const args: GraphQLFieldConfigArgumentMap = inputs
    ? Object.fromEntries(
        Object.entries(inputs).map(([key, of]) => [key, { type: of, description: told(action, key) }]),
      )
    : { input: { type: new GraphQLNonNull(JsonScalar) } }
  return {
    // Of several questions one may go wrong; of several writes none is left then.
    type: isReadOnly ? getNullableType(type) : type,
    description,
    args,
    extensions: means<Meaning>({ kind: "action", name, isWrapped: inputs === null }),
  }
}

function told({ input }: GraphqlAction, name: string): string | null {
  const properties = input["properties"] as Readonly<Record<string, JsonSchema>>
  const description = properties[name]?.["description"]
  return typeof description === "string" ? description : null
}

/** Names of fields at the root that a model's entities have. */
function rootNames({ entities }: Model): ReadonlySet<string> {
  return new Set(["node", ...entities.flatMap((one) => [collectionField(one), ...writeFields(one)])])
}

/** `Patient` → `patientCollection`. */
export function collectionField({ name }: EntityInfo): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}Collection`
}

function writeFields({ name }: EntityInfo): readonly string[] {
  return ["insertInto", "update", "deleteFrom"].map((verb) => `${verb}${name}Collection`)
}

/** An action has its name at the root, and its types have theirs beside those of entities: nothing else may have them. */
export function checkActionNames(
  model: Model,
  actions: Iterable<GraphqlAction>,
  problems: ProblemList,
): void {
  const clash: Clash = (action, name) => problems.add("UC116", `actions.${action}`, { name })
  const named = [...actions].filter((one) => /^[A-Za-z][A-Za-z0-9]*$/.test(one.name))
  const roots = rootNames(model)
  for (const { name } of named) if (roots.has(name)) clash(name, name)
  createActionFields(model, named, clash)
}
