/** How the variables of an operation are used: as values that are bound, as what decides what is asked, or as both. */
import {
  type FragmentDefinitionNode,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  type TypeNode,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from "graphql"
import { type InputMeaning, inputMeaningOf, meaningOf } from "./meaning.ts"

/** Names of variables; each stands in one of the lists. */
export interface VariableUse {
  /** Their values are compared with, and change nothing else: operands of filters, and cursors. */
  readonly bound: readonly string[]
  /** Few are their values, and they decide what is asked: sizes of pages, conditions, directions. */
  readonly deciding: readonly string[]
  /** Whole filters and orders, of which a part decides and the rest is bound. */
  readonly mixed: readonly { readonly name: string; readonly type: GraphQLInputType }[]
}

/** Stands for the value of a variable, or for one of its operands, while an operation is read for all of its values. */
export class Placeholder {
  readonly variable: string
  readonly operand: number | null

  constructor(variable: string, operand: number | null = null) {
    this.variable = variable
    this.operand = operand
  }
}

/** Stands among an operation's values, until the variable's value is known. */
export class Unbound {
  readonly place: Placeholder
  readonly read: (value: unknown) => unknown

  constructor(place: Placeholder, read: (value: unknown) => unknown) {
    this.place = place
    this.read = read
  }
}

/** Reads a value, or says how to read it when it is known. */
export function readOrLeave(value: unknown, read: (value: unknown) => unknown): unknown {
  return value instanceof Placeholder ? new Unbound(value, read) : read(value)
}

/** Null where what is asked can't be told apart from the values. When in doubt it is null. */
export function variableUse(
  operation: OperationDefinitionNode,
  fragments: Iterable<FragmentDefinitionNode>,
  schema: GraphQLSchema,
): VariableUse | null {
  if (operation.operation !== "query") return null
  const bound = new Set<string>()
  const deciding = new Set<string>()
  let isTold = true
  for (const part of [operation, ...fragments]) {
    const info = new TypeInfo(schema)
    const visitor = visitWithTypeInfo(info, {
      Field({ name }) {
        const field = info.getFieldDef()
        const isOwn = name.value === "__typename"
        if (!isOwn && (!field || name.value.startsWith("__") || meaningOf(field)?.kind === "action"))
          isTold = false
      },
      VariableDefinition: () => false,
      Variable({ name }, _, parent) {
        ;(isOperand(info, parent) ? bound : deciding).add(name.value)
      },
    })
    visit(part, visitor)
  }
  const types = new Map(operation.variableDefinitions?.map((one) => [one.variable.name.value, one.type]))
  const names = [...types.keys()]
  const mixed = names.flatMap((name) => {
    const type = deciding.has(name) ? typeFromAST(schema, types.get(name)!) : undefined
    return isInputObjectType(getNamedType(type)) ? [{ name, type: type as GraphQLInputType }] : []
  })
  const decides = names.filter((name) => deciding.has(name) && !mixed.some((one) => one.name === name))
  if (!isTold || !decides.every((name) => hasFewValues(types.get(name)!, schema))) return null
  return { bound: names.filter((name) => bound.has(name) && !deciding.has(name)), deciding: decides, mixed }
}

/** Whether a variable stands where a value alone can stand. */
function isOperand(info: TypeInfo, parent: unknown): boolean {
  const { kind, name } = parent as { readonly kind?: string; readonly name?: { readonly value: string } }
  if (kind === Kind.ARGUMENT) return String(info.getInputType()) === "Cursor"
  const object = getNamedType(info.getParentInputType())
  if (kind !== Kind.OBJECT_FIELD || !isInputObjectType(object)) return false
  return isComparedWith(object.getFields()[name!.value]!)
}

/** Whether the field of an input takes a value alone, which is read by `readOrLeave`. */
export function isComparedWith(field: GraphQLInputField): boolean {
  // A nodeId is taken apart: its type's field has no meaning of its own.
  const meaning = inputMeaningOf(field) as InputMeaning | undefined
  return meaning?.kind === "operator" && meaning.operator !== "is"
}

function hasFewValues(type: TypeNode, schema: GraphQLSchema): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return hasFewValues(type.type, schema)
  if (type.kind !== Kind.NAMED_TYPE) return false
  const { value } = type.name
  return value === "Int" || value === "Boolean" || isEnumType(schema.getType(value))
}
