/** Picks out of an action's answer what a document selects. */
import {
  type GraphQLOutputType,
  isListType,
  isNonNullType,
  isObjectType,
  type SelectionSetNode,
} from "graphql"
import { UndercroftError } from "../base/errors.ts"
import { type CollectContext, collectFields } from "./collect.ts"
import type { Budget } from "./to-filter.ts"

/** From an answer's JSON to the JSON of what is selected of it. Throws UC315, and UC690 where it is not of its type. */
export type Pick = (json: string) => string

type PickValue = (value: unknown) => string

/** `answerBytes` bounds what is picked: the same part may be selected under many names. */
export function createPick(
  type: GraphQLOutputType,
  sets: readonly SelectionSetNode[],
  context: CollectContext,
  budget: Budget,
  answerBytes: number,
): Pick {
  let left = answerBytes
  const spend = (text: string): string => {
    left -= text.length
    if (left < 0)
      throw new UndercroftError("UC315", {}, { details: `An answer has at most ${answerBytes} bytes.` })
    return text
  }

  function pickOf(of: GraphQLOutputType, within: readonly SelectionSetNode[]): PickValue {
    if (isNonNullType(of)) {
      const pick = pickOf(of.ofType, within)
      return (value) => (isNothing(value) ? misfit(of) : pick(value))
    }
    if (isListType(of)) {
      const pick = pickOf(of.ofType, within)
      return orNull((value) => (Array.isArray(value) ? `[${value.map(pick).join(",")}]` : misfit(of)))
    }
    if (!isObjectType(of)) return orNull((value) => spend(JSON.stringify(value)))
    const fields = collectFields(within, of, context)
    budget.cost += fields.length
    const typename: PickValue = () => spend(JSON.stringify(of.name))
    const picks = fields.map(({ key, node, selections }) => {
      const name = node.name.value
      const pick = name === "__typename" ? typename : pickOf(of.getFields()[name]!.type, selections)
      return { start: `${JSON.stringify(key)}:`, name, pick }
    })
    return orNull((value) => {
      if (typeof value !== "object" || Array.isArray(value)) return misfit(of)
      const row = value as Row
      const parts = picks.map(
        ({ start, name, pick }) => spend(start) + pick(Object.hasOwn(row, name) ? row[name] : null),
      )
      return `{${parts.join(",")}}`
    })
  }

  const pick = pickOf(type, sets)
  return (json) => {
    left = answerBytes
    return pick(JSON.parse(json))
  }
}

type Row = Readonly<Record<string, unknown>>

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

function orNull(pick: PickValue): PickValue {
  return (value) => (isNothing(value) ? "null" : pick(value))
}

/** The action's mistake, or its schema's, which no caller is told. */
function misfit(type: GraphQLOutputType): never {
  throw new UndercroftError("UC690", {}, { cause: new Error(`the action's output is no ${String(type)}`) })
}
