/** Takes the value of a variable that is a whole filter or order apart: what decides what is asked, and what is compared with. */
import { type GraphQLInputType, getNamedType, isEnumType, isInputObjectType } from "graphql"
import { isComparedWith, Placeholder } from "./variables.ts"

export interface Apart {
  /** What decides: which fields and operators there are, directions, how many terms. */
  readonly shape: string
  /** The value, with places where something is compared with. */
  readonly value: unknown
  /** What belongs into the places. */
  readonly operands: readonly unknown[]
}

/** Null where more decides than that, such as a `nodeId`. When in doubt it is null. */
export function takeApart(variable: string, value: unknown, type: GraphQLInputType): Apart | null {
  const operands: unknown[] = []
  let shape = ""
  let isTold = true
  const take = (one: unknown, of: GraphQLInputType, isPlace: boolean): unknown => {
    if (one === undefined || one === null) shape += one === null ? "null" : "none"
    else if (isPlace) {
      shape += "?"
      return new Placeholder(variable, operands.push(one) - 1)
    } else if (Array.isArray(one)) {
      shape += "["
      const list = one.map((each) => {
        const taken = take(each, of, false)
        shape += ","
        return taken
      })
      shape += "]"
      return list
    } else return takeNamed(one, of)
    return one
  }
  const takeNamed = (one: unknown, of: GraphQLInputType): unknown => {
    const named = getNamedType(of)
    if (isEnumType(named)) {
      shape += JSON.stringify(one)
      return one
    }
    if (!isInputObjectType(named)) {
      isTold = false
      return one
    }
    const fields = named.getFields()
    shape += "{"
    const entries = Object.entries(one as object).map(([name, each]) => {
      shape += `${name}:`
      const taken = take(each, fields[name]!.type, isComparedWith(fields[name]!))
      shape += ","
      return [name, taken] as const
    })
    shape += "}"
    return Object.fromEntries(entries)
  }
  const taken = take(value, type, false)
  return isTold ? { shape, value: taken, operands } : null
}
