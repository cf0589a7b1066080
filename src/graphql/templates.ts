/** Operations of documents that were read before: only the values of their variables are read anew. */
import { createHash } from "node:crypto"
import type { OperationDefinitionNode } from "graphql"
import { StatementCache } from "../engine/statement-cache.ts"
import type { Variables } from "./collect.ts"
import { type Root, toRoots } from "./roots.ts"
import { type Apart, takeApart } from "./take-apart.ts"
import type { OperationContext } from "./to-operation.ts"
import { Placeholder, Unbound, type VariableUse, variableUse } from "./variables.ts"

/** Reads the root fields of an operation. Throws `GraphQLError` and `UndercroftError`. */
export type ReadRoots = (operation: OperationDefinitionNode, context: OperationContext) => readonly Root[]

/** Root fields for all values of what is bound; `text` is as long as what is kept. */
interface Template {
  readonly text: string
  readonly roots: readonly Root[]
}

const keptTemplates = 2000
const keptCharacters = 5_000_000

/** Reads operations, and remembers them by the variables that decide what they ask. */
export function createRootReader(): ReadRoots {
  const kept = new StatementCache<Template>(keptTemplates, keptCharacters)
  const uses = new WeakMap<
    OperationDefinitionNode,
    { readonly id: number; readonly use: VariableUse | null }
  >()
  let count = 0

  function usedIn(operation: OperationDefinitionNode, { fragments, schema }: OperationContext) {
    const found = uses.get(operation)
    if (found) return found
    const made = { id: count++, use: variableUse(operation, fragments.values(), schema) }
    uses.set(operation, made)
    return made
  }

  return (operation, context) => {
    const { id, use } = usedIn(operation, context)
    if (use === null) return toRoots(operation, context)
    const { coerced } = context.variables
    const apart = takeAllApart(use, coerced)
    if (apart === null) return toRoots(operation, context)
    const key = `${id} ${keyOf(use, coerced, apart)}`
    let template = kept.get(key)
    if (!template) {
      template = createTemplate(operation, context, use, apart)
      kept.set(key, template)
    }
    const valueAt = ({ variable, operand }: Placeholder): unknown =>
      operand === null ? coerced[variable] : apart.get(variable)!.operands[operand]
    return template.roots.map((one) => bind(one, valueAt))
  }
}

type Coerced = Variables["coerced"]
type AllApart = ReadonlyMap<string, Apart>

const nothingApart: AllApart = new Map()

/** Null where the value of one can't be told apart. */
function takeAllApart({ mixed }: VariableUse, coerced: Coerced): AllApart | null {
  if (mixed.length === 0) return nothingApart
  const all = new Map<string, Apart>()
  for (const { name, type } of mixed) {
    const apart = takeApart(name, coerced[name], type)
    if (apart === null) return null
    all.set(name, apart)
  }
  return all
}

/** What decides, and of what is bound whether it is there at all. */
function keyOf({ bound, deciding }: VariableUse, coerced: Coerced, apart: AllApart): string {
  let key = ""
  for (const name of deciding) key += `${JSON.stringify(coerced[name]) ?? ""},`
  for (const name of bound) key += coerced[name] === undefined ? "-" : coerced[name] === null ? "0" : "1"
  for (const { shape } of apart.values()) key += ` ${shape}`
  return key
}

/** Reads the operation once, with places in place of values. */
function createTemplate(
  operation: OperationDefinitionNode,
  context: OperationContext,
  { bound }: VariableUse,
  apart: AllApart,
): Template {
  const { sources, coerced: values } = context.variables
  const coerced: Record<string, unknown> = Object.assign(Object.create(null), values)
  for (const name of bound)
    if (values[name] !== undefined && values[name] !== null) coerced[name] = new Placeholder(name)
  for (const [name, { value }] of apart) if (value !== undefined) coerced[name] = value
  const shapes: string[] = []
  const roots = toRoots(operation, { ...context, variables: { sources, coerced } }).map((one) => {
    if (one.kind !== "operation") return one
    const shape = JSON.stringify({ ...one.operation, values: null })
    shapes.push(shape)
    const digest = createHash("sha256").update(shape).digest("base64url")
    return { ...one, operation: { ...one.operation, shape: `graphql ${digest}` } }
  })
  return { text: shapes.join(), roots }
}

function bind(root: Root, valueAt: (place: Placeholder) => unknown): Root {
  if (root.kind !== "operation" || !root.operation.values.some((one) => one instanceof Unbound)) return root
  const values = root.operation.values.map((one) =>
    one instanceof Unbound ? one.read(valueAt(one.place)) : one,
  )
  return { ...root, operation: { ...root.operation, values } }
}
