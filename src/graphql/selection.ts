/** Reads selections as what an operation asks: items of rows, and the frames around them. */
import {
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getArgumentValues,
  getNamedType,
  type SelectionSetNode,
} from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { Aggregate, Frame, FramePart, NamedFact, ReadQuery, SelectItem } from "../query/operation.ts"
import { type CollectContext, type CollectedField, collectFields } from "./collect.ts"
import { readCursor } from "./cursor.ts"
import type { GraphqlLimits } from "./limits.ts"
import { type Meaning, meaningOf } from "./meaning.ts"
import { type Draft, toFilters, toOrder } from "./to-filter.ts"
import { readOrLeave } from "./variables.ts"

type Arguments = Readonly<Record<string, unknown>>
type Field = GraphQLField<unknown, unknown>
type Sets = readonly SelectionSetNode[]

interface SelectionContext extends CollectContext {
  readonly limits: GraphqlLimits & QueryLimits
}

/** A selected field, and what it stands for; `__typename` stands for a text. */
interface Read {
  readonly as: string
  readonly sets: Sets
  readonly field: Field
  readonly of: GraphQLObjectType
  readonly node: CollectedField["node"]
  readonly meaning: Meaning
}

export class SelectionReader {
  private readonly context: SelectionContext
  private readonly draft: Draft
  /** How many rows there may be of what is read just now. */
  private rows = 1

  constructor(context: SelectionContext, draft: Draft) {
    this.context = context
    this.draft = draft
  }

  /** A page of rows, and what stands around it. */
  connection(sets: Sets, type: GraphQLObjectType, args: Arguments, field: Field): ReadQuery {
    const { values } = this.draft
    const input = (name: string): GraphQLInputObjectType =>
      getNamedType(field.args.find((one) => one.name === name)!.type) as GraphQLInputObjectType
    const cursor = (value: unknown): number | null =>
      value === undefined || value === null ? null : values.push(readOrLeave(value, readCursor)) - 1
    const { limit, fromEnd, offset } = this.page(args)
    const { filter, orderBy } = args
    const around = this.rows
    this.rows *= Math.max(limit, 1)
    const parts = this.parts(sets, type)
    this.rows = around
    const frame: Frame = {
      parts,
      fromEnd,
      after: cursor(args["after"]),
      before: cursor(args["before"]),
    }
    return {
      select: [],
      where: filter ? toFilters(filter as Arguments, input("filter"), this.draft) : [],
      order: orderBy ? toOrder(orderBy as readonly Arguments[], input("orderBy")) : [],
      limit,
      offset: offset === 0 ? null : values.push(offset) - 1,
      frame,
    }
  }

  /** What a write tells. */
  writeParts(sets: Sets, type: GraphQLObjectType): readonly FramePart[] {
    return this.parts(sets, type)
  }

  /** The fields of a row. */
  items(fields: readonly CollectedField[], type: GraphQLObjectType): readonly SelectItem[] {
    return this.read(
      fields,
      type,
      (text, as) => ({ kind: "text", alias: as, text }),
      (one) => this.item(one),
    )
  }

  private read<Made>(
    fields: readonly CollectedField[],
    type: GraphQLObjectType,
    toText: (text: string, as: string) => Made,
    toMade: (read: Read) => Made,
  ): readonly Made[] {
    this.draft.budget.cost += fields.length * this.rows
    return fields.map(({ key: as, node, selections }) => {
      if (node.name.value === "__typename") return toText(type.name, as)
      const field = type.getFields()[node.name.value]!
      const of = getNamedType(field.type) as GraphQLObjectType
      return toMade({ as, node, sets: selections, field, of, meaning: meaningOf(field) })
    })
  }

  private within(sets: Sets, type: GraphQLObjectType): readonly CollectedField[] {
    return collectFields(sets, type, this.context)
  }

  private item({ as: alias, sets, field, of, node, meaning }: Read): SelectItem {
    switch (meaning.kind) {
      case "value":
        return valueItem(alias, meaning, null)
      case "node-id":
      case "cursor":
        return { kind: meaning.kind, alias }
      case "edge-node":
        return { kind: "object", alias, items: this.items(this.within(sets, of), of) }
      case "one":
      case "many": {
        const query =
          meaning.kind === "many"
            ? this.connection(sets, of, getArgumentValues(field, node, this.context.variables), field)
            : {
                select: this.items(this.within(sets, of), of),
                where: [],
                order: [],
                limit: null,
                offset: null,
              }
        const { relation } = meaning
        return { kind: "embed", relation, alias, hint: null, inner: false, spread: false, query }
      }
      default:
        throw new Error(`${field.name} is not a part of a row`)
    }
  }

  private parts(sets: Sets, type: GraphQLObjectType): readonly FramePart[] {
    return this.read<FramePart>(
      this.within(sets, type),
      type,
      (text, as) => ({ kind: "text", as, text }),
      ({ as, sets: inner, field, of, meaning }) => {
        switch (meaning.kind) {
          case "edges":
          case "records":
            return { kind: "rows", as, items: this.items(this.within(inner, of), of) }
          case "affected":
            return { kind: "count", as, of: "answer" }
          case "total":
            return { kind: "count", as, of: "all" }
          case "page-info":
            return { kind: "page", as, facts: this.facts(inner, of) }
          case "aggregate":
            return { kind: "aggregate", as, items: this.aggregates(inner, of, null) }
          default:
            throw new Error(`${field.name} is not a part of a list`)
        }
      },
    )
  }

  private facts(sets: Sets, type: GraphQLObjectType): readonly NamedFact[] {
    return this.read<NamedFact>(
      this.within(sets, type),
      type,
      (text, as) => ({ as, fact: { text } }),
      ({ as, field, meaning }) => {
        if (meaning.kind !== "page-fact") throw new Error(`${field.name} says nothing of a page`)
        return { as, fact: meaning.fact }
      },
    )
  }

  private aggregates(
    sets: Sets,
    type: GraphQLObjectType,
    aggregate: Aggregate | null,
  ): readonly SelectItem[] {
    return this.read<SelectItem>(
      this.within(sets, type),
      type,
      (text, as) => ({ kind: "text", alias: as, text }),
      ({ as, sets: inner, field, of, meaning }) => {
        if (meaning.kind === "count") return { kind: "count", alias: as, cast: null }
        if (meaning.kind === "value") return valueItem(as, meaning, aggregate)
        if (meaning.kind !== "aggregates") throw new Error(`${field.name} is not an aggregate`)
        return { kind: "object", alias: as, items: this.aggregates(inner, of, meaning.of) }
      },
    )
  }

  /** The size of a page, and where it begins. */
  private page(args: Arguments): {
    readonly limit: number
    readonly fromEnd: boolean
    readonly offset: number
  } {
    const { rows, graphqlPage } = this.context.limits
    const refuse = (argument: string, why: string, mend: string): UndercroftError =>
      new UndercroftError("UC344", { argument, why, mend })
    const number = (name: string): number | null => {
      const value = args[name] as number | null | undefined
      if (typeof value === "number" && value < 0) throw refuse(name, "is negative", "Give a number of rows.")
      return value ?? null
    }
    const [first, last, offset] = [number("first"), number("last"), number("offset")]
    if (first !== null && last !== null)
      throw refuse("first", "stands beside last", "Ask for one of the two.")
    const limit = first ?? last ?? Math.min(graphqlPage, rows)
    if (limit > rows)
      throw new UndercroftError("UC301", { what: "rows in a page", max: rows, setting: "rows" })
    return { limit, fromEnd: last !== null, offset: offset ?? 0 }
  }
}

function valueItem(
  alias: string,
  { field, asText }: Extract<Meaning, { kind: "value" }>,
  aggregate: Aggregate | null,
): SelectItem {
  const text = asText ? "text" : null
  const path = { name: field.name, json: [] }
  const casts = aggregate ? { cast: null, aggregateCast: text } : { cast: text, aggregateCast: null }
  return { kind: "field", path, alias, aggregate, ...casts }
}
