/** Turns what an author writes over `row` and `me` into the tree of `expression.ts`, by proxies that remember names. */
import type { Entity } from "./entity.ts"
import { Condition, type Node, nodeOf, type ScopeName, toNode } from "./expression.ts"
import type { Field, FieldOf, Many } from "./field.ts"
import type { Range } from "./fields/range.ts"

/** A value in a rule, or the expression of one. */
export type Operand<T> = T | Expr<T>

/** A list of values that the database finds: a fact of the caller. */
export interface ListExpr<T> {
  readonly [nodeOf]: Node
  /** Never present; carries the type of an item. */
  readonly item?: T
}

/** A value of a row, the caller or the clock, and what a rule can ask of it. A kind that can't answer refuses at build. */
export interface Expr<T> {
  readonly [nodeOf]: Node
  is(other: Operand<T>): Condition
  isNot(other: Operand<T>): Condition
  in(list: ListExpr<T> | readonly T[]): Condition
  isNull(): Condition
  isPresent(): Condition
  above(other: Operand<T>): Condition
  atLeast(other: Operand<T>): Condition
  below(other: Operand<T>): Condition
  atMost(other: Operand<T>): Condition
  before(other: Operand<T>): Condition
  after(other: Operand<T>): Condition
  startsWith(other: Operand<T>): Condition
  endsWith(other: Operand<T>): Condition
  contains(other: Operand<T>): Condition
  /** A moment this much later or earlier: an ISO 8601 duration such as `P7D`. */
  plus(duration: string): Expr<T>
  minus(duration: string): Expr<T>
}

/** A reference: its key as a value, the fields of its row, and whether the caller may read that row. */
export type RefExpr<T, E> = Expr<T> &
  (E extends Entity<string, infer F, infer O> ? RowExpr<FieldOf<F, O>> : unknown) & {
    visible(): Condition
  }

/** A range, and its sides: null where it is unbounded. */
export type RangeExpr<V> = Expr<Range<V>> & { readonly from: Expr<V>; readonly to: Expr<V> }

/** What every row, and the caller, can be asked. */
export interface ConsentExpr {
  /** Whether the person whose data this is consents to a purpose now, as the register of consents says. */
  consentsTo(purpose: string): Condition
}

/** Related rows. */
export interface ManyExpr<E> {
  some(
    where?: (row: E extends Entity<string, infer F, infer O> ? RowExpr<FieldOf<F, O>> : never) => Condition,
  ): Condition
  none(
    where?: (row: E extends Entity<string, infer F, infer O> ? RowExpr<FieldOf<F, O>> : never) => Condition,
  ): Condition
}

/** A row in a rule. */
export type RowExpr<F> = ConsentExpr & {
  readonly [K in keyof F]: F[K] extends Many<infer E>
    ? ManyExpr<E>
    : F[K] extends Field<infer T, string, infer E>
      ? [E] extends [null]
        ? "of" extends keyof T
          ? RangeExpr<T extends Range<infer V> ? V : never>
          : Expr<T>
        : RefExpr<T, E>
      : never
}

/** A row in a rule that stands inside the entity's own literal, where its type is not known yet; names are checked at build. */
export type LooseRow = Readonly<Record<string, any>>

/** The caller, as far as every backend knows one. */
export interface BaseMe extends ConsentExpr {
  /** The caller's identifier; null for an anonymous caller, and nothing equals null. */
  readonly id: Expr<string>
  readonly signedIn: Condition
  /** Whether the caller has a role. */
  has(role: string): Condition
  /** How well the caller proved who they are. */
  readonly assurance: { atLeast(level: Assurance): Condition }
  /** Whether the caller proved it in this time. */
  authenticatedWithin(period: { readonly minutes: number }): Condition
  /** Whether the caller broke the glass for the person whose data `row` is, as the register of overrides says. */
  overrides(kind: string): Condition
  /** Whether the caller is a member of an organization. */
  in(organization: Operand<string>): Condition
}

/** How well somebody proved who they are, the weakest first. */
const assurances = ["one-factor", "two-factor"] as const
export type Assurance = (typeof assurances)[number]

/** What a rule inside an entity's literal is given. */
export interface LooseScope {
  readonly row: LooseRow
  readonly me: BaseMe
}

const compareNames: ReadonlyMap<string, "is" | "isNot" | "above" | "atLeast" | "below" | "atMost"> = new Map([
  ["is", "is"],
  ["isNot", "isNot"],
  ["above", "above"],
  ["after", "above"],
  ["atLeast", "atLeast"],
  ["below", "below"],
  ["before", "below"],
  ["atMost", "atMost"],
])
const textNames: ReadonlySet<string> = new Set(["startsWith", "endsWith", "contains"])

/** Names that an expression answers itself, and that no field may have. */
export const reservedNames: ReadonlySet<string> = new Set([
  ...compareNames.keys(),
  ...textNames,
  "in",
  "isNull",
  "isPresent",
  "plus",
  "minus",
  "some",
  "none",
  "visible",
  "consentsTo",
  "then",
  "constructor",
  "prototype",
  "__proto__",
  "toString",
  "valueOf",
  "toJSON",
  "hasOwnProperty",
])

/** The expression of a value node; `path` continues into relations where the node is a field. */
export function valueExpr(node: Node): any {
  return new Proxy(() => undefined, {
    get(_, name) {
      if (name === nodeOf) return node
      if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined
      return (
        methodOf(node, name) ??
        (node.kind === "field" ? fieldExpr(node.scope, [...node.path, name]) : undefined)
      )
    },
  })
}

function fieldExpr(scope: ScopeName, path: readonly string[]): unknown {
  return valueExpr({ kind: "field", scope, path })
}

function methodOf(node: Node, name: string): unknown {
  const compare = compareNames.get(name)
  if (compare)
    return (other: unknown) =>
      new Condition({ kind: "compare", operator: compare, left: node, right: toNode(other) })
  if (textNames.has(name)) {
    const operator = name as "startsWith"
    return (other: unknown) => new Condition({ kind: "text", operator, left: node, right: toNode(other) })
  }
  switch (name) {
    case "in":
      return (list: unknown) =>
        new Condition({ kind: "in", left: node, right: Array.isArray(list) ? list : toNode(list) })
    case "isNull":
      return () => new Condition({ kind: "null", of: node })
    case "isPresent":
      return () => new Condition({ kind: "not", term: { kind: "null", of: node } })
    case "plus":
    case "minus":
      return (by: string) => valueExpr({ kind: "shift", of: node, by, back: name === "minus" })
    case "visible":
      return () => new Condition({ kind: "visible", ...place(node) })
    case "consentsTo":
      return (purpose: string) => consentsTo(place(node), purpose)
    case "some":
      return (where?: (row: unknown) => Condition) => some(node, where)
    case "none":
      return (where?: (row: unknown) => Condition) =>
        new Condition({ kind: "not", term: some(node, where).node })
    default:
      return undefined
  }
}

function place(node: Node): { scope: ScopeName; path: readonly string[] } {
  return node.kind === "field" ? { scope: node.scope, path: node.path } : { scope: "", path: [] }
}

function consentsTo(of: { scope: ScopeName | null; path: readonly string[] }, purpose: string): Condition {
  return new Condition({ kind: "consent", ...of, purpose })
}

/** How many `some` are being captured, one in another: each has a row of its own name. */
let depth = 0

function some(node: Node, where: ((row: unknown) => Condition) | undefined): Condition {
  const { scope, path } = place(node)
  const inner = `inner${++depth}`
  try {
    const condition = where ? toNode(where(captureRow(inner))) : anyone.node
    return new Condition({ kind: "some", scope, path, inner, where: condition })
  } finally {
    depth--
  }
}

/** A row whose every property is remembered as a field's name. */
export function captureRow(scope: ScopeName): any {
  return new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined
        if (name === "consentsTo") return (purpose: string) => consentsTo({ scope, path: [] }, purpose)
        return fieldExpr(scope, [name])
      },
    },
  )
}

/** The actor that every caller is; `actor.ts` says how its facts are found. */
export const baseFacts: object = {}

function ofCaller(name: string): any {
  return valueExpr({ kind: "fact", actor: baseFacts, name })
}

/** The caller without facts. */
export const baseMe: BaseMe = {
  id: valueExpr({ kind: "me-id" }),
  signedIn: new Condition({ kind: "signed-in" }),
  has: (role) => new Condition({ kind: "role", name: role }),
  assurance: {
    atLeast: (level) => ofCaller("assurance").in(assurances.slice(assurances.indexOf(level))),
  },
  authenticatedWithin: ({ minutes }) =>
    ofCaller("authenticatedAt").atLeast(
      valueExpr({ kind: "shift", of: { kind: "now" }, by: `PT${minutes}M`, back: true }),
    ),
  overrides: (name) => new Condition({ kind: "override", name }),
  consentsTo: (purpose) => consentsTo({ scope: null, path: [] }, purpose),
  in: (organization) =>
    new Condition({ kind: "in", left: toNode(organization), right: toNode(ofCaller("memberOf")) }),
}

/** Everyone, signed in or not. */
export const anyone: Condition = new Condition({ kind: "and", terms: [] })
/** No one. */
export const nobody: Condition = new Condition({ kind: "or", terms: [] })
/** Every caller who is signed in. */
export const signedIn: Condition = baseMe.signedIn

/**
 * All of these hold; an empty list holds.
 *
 * @example
 * allOf(signedIn, anyone)
 */
export function allOf(...terms: readonly Condition[]): Condition {
  return new Condition({ kind: "and", terms: terms.map((term) => toNode(term)) })
}

/**
 * At least one of these holds; an empty list denies.
 *
 * @example
 * anyOf(nobody, signedIn)
 */
export function anyOf(...terms: readonly Condition[]): Condition {
  return new Condition({ kind: "or", terms: terms.map((term) => toNode(term)) })
}

/**
 * The opposite; where the condition is unknown because of a null, so is its opposite, and unknown denies.
 *
 * @example
 * not(signedIn)
 */
export function not(term: Condition): Condition {
  return new Condition({ kind: "not", term: toNode(term) })
}

/** The moment of the statement. */
export const now: Expr<string> = valueExpr({ kind: "now" })
/** The day of the statement, in UTC. */
export const today: Expr<string> = valueExpr({ kind: "today" })

/**
 * Texts joined to one; null counts as empty.
 *
 * @example
 * generated(text(), ({ row }) => concat(row.first, " ", row.last))
 */
export function concat(...parts: readonly Operand<string>[]): Expr<string> {
  return valueExpr({ kind: "call", name: "concat", of: parts.map(toNode) })
}

/**
 * Text in lower case.
 *
 * @example
 * generated(text(), ({ row }) => lower(row.code))
 */
export function lower(of: Operand<string>): Expr<string> {
  return valueExpr({ kind: "call", name: "lower", of: [toNode(of)] })
}
/**
 * Text in upper case.
 *
 * @example
 * generated(text(), ({ row }) => upper(row.code))
 */
export function upper(of: Operand<string>): Expr<string> {
  return valueExpr({ kind: "call", name: "upper", of: [toNode(of)] })
}

/**
 * The sum of two numbers, for generated fields and views.
 *
 * @example
 * generated(integer(), ({ row }) => add(row.adults, row.children))
 */
export function add<T>(left: Operand<T>, right: Operand<T>): Expr<T> {
  return valueExpr({ kind: "call", name: "add", of: [toNode(left), toNode(right)] })
}
/**
 * The difference of two numbers, for generated fields and views.
 *
 * @example
 * generated(integer(), ({ row }) => subtract(row.seats, row.booked))
 */
export function subtract<T>(left: Operand<T>, right: Operand<T>): Expr<T> {
  return valueExpr({ kind: "call", name: "subtract", of: [toNode(left), toNode(right)] })
}
/**
 * The product of two numbers, for generated fields and views.
 *
 * @example
 * generated(integer(), ({ row }) => multiply(row.count, row.price))
 */
export function multiply<T>(left: Operand<T>, right: Operand<T>): Expr<T> {
  return valueExpr({ kind: "call", name: "multiply", of: [toNode(left), toNode(right)] })
}
