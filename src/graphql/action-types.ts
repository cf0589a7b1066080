/** The types of actions in GraphQL, from the JSON Schemas of their input and output; what has no type of its own is JSON. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLNullableType,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
  type GraphQLType,
} from "graphql"
import type { JsonSchema } from "../model/json-schema.ts"
import { DateScalar, Datetime, JsonScalar, Time, UUID } from "./scalars.ts"
import { isEnumName } from "./value-types.ts"

const byFormat: Readonly<Record<string, GraphQLNullableType>> = {
  uuid: UUID,
  "date-time": Datetime,
  date: DateScalar,
  time: Time,
}

/** Gives a type the name that is wanted, or one like it. */
export type ClaimName = (wanted: string) => string

/** Both ends of an action. */
export class ActionTypes {
  private readonly action: string
  private readonly claim: ClaimName

  constructor(action: string, claim: ClaimName) {
    this.action = capital(action)
    this.claim = claim
  }

  /** A field or argument for each property; null where the input is no object that GraphQL can have. */
  inputs(schema: JsonSchema): Readonly<Record<string, GraphQLInputType>> | null {
    const properties = propertiesOf(schema)
    if (!properties && !isEmptyObject(schema)) return null
    return this.fields(schema, properties ?? [], "", "Input") as Record<string, GraphQLInputType>
  }

  output(schema: JsonSchema): GraphQLOutputType {
    return this.type(schema, "", "Result") as GraphQLOutputType
  }

  private type(asked: unknown, path: string, side: "Input" | "Result"): GraphQLType {
    const { schema, isNullable } = withoutNull(asked)
    const type = this.bare(schema, path, side)
    return isNullable ? type : new GraphQLNonNull(type)
  }

  private bare(schema: JsonSchema, path: string, side: "Input" | "Result"): GraphQLNullableType {
    switch (schema["type"]) {
      case "boolean":
        return GraphQLBoolean
      case "number":
        return GraphQLFloat
      case "integer":
        return isInt(schema) ? GraphQLInt : GraphQLFloat
      case "string":
        return this.text(schema, path, side)
      case "array":
        return isObject(schema["items"]) && !schema["prefixItems"]
          ? new GraphQLList(this.type(schema["items"], path, side))
          : JsonScalar
      case "object":
        return this.object(schema, path, side)
      default:
        return JsonScalar
    }
  }

  private text(schema: JsonSchema, path: string, side: "Input" | "Result"): GraphQLNullableType {
    const words = schema["enum"]
    if (Array.isArray(words) && words.length > 0 && words.every(isEnumName)) {
      const name = this.claim(`${this.action}${path}${side === "Input" ? "" : side}Choice`)
      return new GraphQLEnumType({ name, values: Object.fromEntries(words.map((word) => [word, {}])) })
    }
    return (words ? undefined : byFormat[String(schema["format"])]) ?? GraphQLString
  }

  private object(schema: JsonSchema, path: string, side: "Input" | "Result"): GraphQLNullableType {
    const properties = propertiesOf(schema)
    if (!properties) return JsonScalar
    const name = this.claim(`${this.action}${path}${side}`)
    const types = this.fields(schema, properties, path, side)
    const described = properties.map(([key, { description }]) => [
      key,
      { type: types[key], ...(typeof description === "string" ? { description } : {}) },
    ])
    const fields = Object.fromEntries(described)
    return side === "Input"
      ? new GraphQLInputObjectType({ name, fields })
      : new GraphQLObjectType({ name, fields })
  }

  private fields(
    { required }: JsonSchema,
    properties: Properties,
    path: string,
    side: "Input" | "Result",
  ): Readonly<Record<string, GraphQLType>> {
    const needed = new Set(Array.isArray(required) ? required : [])
    return Object.fromEntries(
      properties.map(([key, schema]) => {
        const type = this.type(schema, path + capital(key), side)
        return [key, needed.has(key) || !(type instanceof GraphQLNonNull) ? type : type.ofType]
      }),
    )
  }
}

type Properties = readonly (readonly [name: string, schema: JsonSchema])[]

/** Of an object all of whose properties are known, and have names that GraphQL allows. */
function propertiesOf(schema: JsonSchema): Properties | null {
  const { type, properties, additionalProperties = false, patternProperties } = schema
  if (type !== "object" || !isObject(properties) || additionalProperties !== false || patternProperties)
    return null
  const entries = Object.entries(properties)
  if (entries.length === 0) return null
  return entries.every(([name, one]) => isName(name) && isObject(one))
    ? (entries as unknown as Properties)
    : null
}

function isEmptyObject({ type, properties, additionalProperties = false }: JsonSchema): boolean {
  return type === "object" && additionalProperties === false && Object.keys(properties ?? {}).length === 0
}

function withoutNull(asked: unknown): { readonly schema: JsonSchema; readonly isNullable: boolean } {
  if (!isObject(asked)) return { schema: {}, isNullable: true }
  const { type, anyOf, oneOf, enum: words, const: only } = asked
  const branches = anyOf ?? oneOf
  if (Array.isArray(branches) && type === undefined) {
    const others = branches.filter((one) => !isObject(one) || one["type"] !== "null")
    if (others.length === 1 && others.length < branches.length)
      return { schema: withoutNull(others[0]).schema, isNullable: true }
    return { schema: {}, isNullable: true }
  }
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== "null")
    const isNullable = others.length < type.length
    if (others.length !== 1) return { schema: {}, isNullable }
    const rest = Array.isArray(words) ? { enum: words.filter((one) => one !== null) } : {}
    return { schema: { ...asked, type: others[0], ...rest }, isNullable }
  }
  return { schema: asked, isNullable: type === undefined || type === "null" || only === null }
}

/** GraphQL's Int has 32 bits; a whole number that may be larger is a Float, which holds those of JSON. */
function isInt({ minimum, maximum }: JsonSchema): boolean {
  const max = 2 ** 31 - 1
  return typeof minimum === "number" && typeof maximum === "number" && minimum >= -max - 1 && maximum <= max
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isName(name: string): boolean {
  return /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
