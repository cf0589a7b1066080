/** The scalars beyond GraphQL's own, named as pg_graphql names them; the values themselves are checked by their fields. */
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from "graphql"

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === "string"
const isNumeral: Check = (value) => typeof value === "string" || typeof value === "number"

function scalar(name: string, description: string, check: Check): GraphQLScalarType {
  const coerce = (value: unknown): unknown => {
    if (!check(value)) throw new GraphQLError(`${name} cannot represent a value of this kind.`)
    return value
  }
  return new GraphQLScalarType({
    name,
    description,
    coerceOutputValue: coerce,
    coerceInputValue: coerce,
    // A number keeps its digits: JavaScript would round it.
    coerceInputLiteral: (node: ValueNode) =>
      coerce(
        name !== "JSON" && (node.kind === Kind.INT || node.kind === Kind.FLOAT)
          ? numberText(node.value, check)
          : valueFromASTUntyped(node),
      ),
  })
}

function numberText(text: string, check: Check): unknown {
  return check === isNumeral ? text : Number(text)
}

export const UUID: GraphQLScalarType = scalar("UUID", "A universally unique identifier.", isText)
export const DateScalar: GraphQLScalarType = scalar("Date", "A day, such as 2026-02-28.", isText)
export const Datetime: GraphQLScalarType = scalar(
  "Datetime",
  "A moment with its offset, such as 2026-02-28T08:30:00Z.",
  isText,
)
export const Time: GraphQLScalarType = scalar("Time", "A time of day, such as 08:30:00.", isText)
export const BigInt64: GraphQLScalarType = scalar(
  "BigInt",
  "A whole number of up to 64 bits, as a string, so that no client rounds it.",
  isNumeral,
)
export const BigFloat: GraphQLScalarType = scalar(
  "BigFloat",
  "A decimal number as a string, so that no client rounds it.",
  isNumeral,
)
export const JsonScalar: GraphQLScalarType = scalar("JSON", "Any JSON value, as it is.", () => true)
export const Cursor: GraphQLScalarType = scalar(
  "Cursor",
  "Where a row stands in the order of its list.",
  isText,
)
export const Opaque: GraphQLScalarType = scalar(
  "Opaque",
  "A text of a kind that has no scalar of its own, such as a range or a duration.",
  isText,
)
