/** Whether a document that was not executed goes on record: who asks for what does not exist for them may be looking for it. */
import { GraphQLError } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { type Names, typeSuffixes } from "./names.ts"

/** What of a refused document is told: the error, and the entity that it was about where that can be said. */
export interface Denial {
  readonly error: UndercroftError
  readonly about: string | null
}

/** Too much at once, and what was not registered. */
const codes: ReadonlySet<string> = new Set(["UC342", "UC350"])

/** One for all errors of a document; null where it is only written wrongly. */
export function denialOf(errors: readonly (GraphQLError | UndercroftError)[]): Denial | null {
  for (const error of errors) {
    if (error instanceof UndercroftError && codes.has(error.code)) return { error, about: null }
    // What can't be parsed has no nodes.
    if (error instanceof GraphQLError && error.nodes?.length) {
      const about = /\btype "(\w+)/.exec(error.message)?.[1] ?? null
      return { error: new UndercroftError("UC341", { why: "refused" }), about }
    }
  }
  return null
}

/** Gives the entity that a type of the schema is of. */
export function entityByType(model: Model, names: Names): (type: string | null) => EntityInfo | undefined {
  const found = new Map<string, EntityInfo>()
  for (const entity of model.entities)
    for (const suffix of [undefined, ...typeSuffixes]) found.set(names.typeOf(entity, suffix), entity)
  return (type) => (type === null ? undefined : found.get(type))
}
