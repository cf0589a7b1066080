/** Says an operation as a GraphQL document and its variables; `graphql-question.ts` has left out what can't be said. */
import { createNames, type Names } from "../../src/graphql/names.ts"
import type { Model } from "../../src/model/model.ts"
import type {
  FilterDescription,
  OperationDescription,
  QueryDescription,
  Row,
  SelectDescription,
} from "./description.ts"
import { graphqlOperators } from "./graphql-question.ts"
import { isGrouped } from "./oracle-aggregate.ts"
import { readText } from "./oracle-filter.ts"
import { asksEmbed } from "./oracle-read.ts"
import { embedName, outputName } from "./output-name.ts"
import { type EntityShape, entityOf, type ModelShape } from "./shape.ts"

export interface GraphqlRequest {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Which rows of a list, where the operation's own limit and offset do not say it. */
export interface Page {
  readonly arguments: string
  readonly isReversed: boolean
}

type Json = Readonly<Record<string, unknown>>

/** All of a list: worlds are small. */
const all = 1000

/** The names of a model's parts, and of what a model does not have. */
export class GraphqlNames {
  private readonly names: Names
  private readonly model: Model

  constructor(model: Model) {
    this.model = model
    this.names = createNames(model)
  }

  value(entity: string, field: string): string {
    const found = this.field(entity, field)
    if (found) return this.names.valueOf(found)
    // A name that stands for a hidden field: with the ending of the hidden one.
    const hidden = this.field(entity, field.replace(/Zq$/, ""))
    return hidden ? this.names.valueOf(hidden).replace(hidden.name, field) : field
  }

  type(entity: string, suffix: "Filter" | "InsertInput" | "UpdateInput"): string {
    return this.names.typeOf(this.model.byName.get(entity)!, suffix)
  }

  private field(entity: string, name: string): Parameters<Names["valueOf"]>[0] | undefined {
    return this.model.byName.get(entity)?.fields.find((one) => one.name === name)
  }
}

/** `page` in place of the operation's limit and offset. `copies` asks the same several times in one document. */
export function toGraphql(
  names: GraphqlNames,
  shapes: ModelShape,
  operation: OperationDescription,
  page: Page | null = null,
  copies = 1,
): GraphqlRequest {
  return new Writer(names, shapes).write(operation, page, copies)
}

class Writer {
  private readonly names: GraphqlNames
  private readonly shapes: ModelShape
  private readonly variables: Record<string, unknown> = {}
  private readonly declared: string[] = []

  constructor(names: GraphqlNames, shapes: ModelShape) {
    this.names = names
    this.shapes = shapes
  }

  write(operation: OperationDescription, page: Page | null, copies: number): GraphqlRequest {
    const shape = entityOf(this.shapes, operation.entity)
    const root = operation.kind === "read" ? this.read(shape, operation, page) : this.change(shape, operation)
    const roots = Array.from({ length: copies }, (_, at) => `answer${at}: ${root}`)
    const head = this.declared.length === 0 ? "" : `(${this.declared.join(", ")})`
    const kind = operation.kind === "read" ? "query" : "mutation"
    return { query: `${kind}${head} { ${roots.join(" ")} }`, variables: this.variables }
  }

  private read(shape: EntityShape, { query, count }: OperationDescription, page: Page | null): string {
    const field = `${shape.name.charAt(0).toLowerCase()}${shape.name.slice(1)}Collection`
    const more = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    const total = count ? " totalCount" : ""
    return `${field}${this.connection(shape, query, page, isGrouped(query) ? total : `${total} ${more}`)}`
  }

  private change(shape: EntityShape, operation: OperationDescription): string {
    const { kind, query, rows = [], returning, maxAffected } = operation
    const records = returning === "representation" ? ` records { ${this.items(shape, query)} }` : ""
    const tells = `{ affectedCount${records} }`
    if (kind === "insert") {
      const type = `[${this.names.type(shape.name, "InsertInput")}!]!`
      const objects = this.variable(
        type,
        rows.map((row) => this.input(shape, row)),
      )
      return `insertInto${shape.name}Collection(objects: ${objects}) ${tells}`
    }
    const where = [...this.filterArgument(shape, query), `atMost: ${maxAffected}`]
    if (kind === "delete") return `deleteFrom${shape.name}Collection(${where.join(", ")}) ${tells}`
    const type = `${this.names.type(shape.name, "UpdateInput")}!`
    const set = this.variable(type, this.input(shape, rows[0] ?? {}))
    return `update${shape.name}Collection(${[`set: ${set}`, ...where].join(", ")}) ${tells}`
  }

  private connection(shape: EntityShape, query: QueryDescription, page: Page | null, more: string): string {
    const order = query.order.map(({ field, descending, nulls }) => {
      const isDown = descending !== (page?.isReversed ?? false)
      const isFirst = (nulls === null ? descending : nulls === "first") !== (page?.isReversed ?? false)
      const direction = `${isDown ? "Desc" : "Asc"}Nulls${isFirst ? "First" : "Last"}`
      return `{${this.names.value(shape.name, field)}: ${direction}}`
    })
    const rows = page
      ? [page.arguments]
      : [`first: ${query.limit ?? all}`, ...(query.offset === null ? [] : [`offset: ${query.offset}`])]
    const given = [
      ...this.filterArgument(shape, query),
      ...(order.length === 0 ? [] : [`orderBy: [${order.join(", ")}]`]),
      ...(isGrouped(query) ? [] : rows),
    ]
    const asked = isGrouped(query)
      ? `aggregate { ${this.aggregates(shape, query)} }`
      : `edges { node { ${this.items(shape, query)} } }`
    return `${given.length === 0 ? "" : `(${given.join(", ")})`} { ${asked}${more} }`
  }

  private aggregates(shape: EntityShape, { select }: QueryDescription): string {
    return select
      .map((item, at) =>
        "aggregate" in item
          ? `a${at}: ${item.aggregate} { v: ${this.names.value(shape.name, item.field)} }`
          : `a${at}: count`,
      )
      .join(" ")
  }

  private items(shape: EntityShape, query: QueryDescription): string {
    return query.select
      .map((item) => {
        if ("embed" in item) return this.embed(shape, item)
        const { field } = item as Extract<SelectDescription, { field: string }>
        return `${outputName(item as Extract<SelectDescription, { field: string }>)}: ${this.names.value(shape.name, field)}`
      })
      .join(" ")
  }

  private embed(shape: EntityShape, item: Extract<SelectDescription, { embed: string }>): string {
    const relation = shape.relations.find((one) => one.name === item.embed)!
    const to = entityOf(this.shapes, relation.to)
    const asked = relation.many
      ? this.connection(to, item.query, null, "")
      : ` { ${this.items(to, item.query)} }`
    return `${embedName(item)}: ${item.embed}${asked}`
  }

  private filterArgument(shape: EntityShape, query: QueryDescription): readonly string[] {
    const terms = this.conditions(shape, query)
    if (terms.length === 0) return []
    const value = terms.length === 1 ? terms[0] : { and: terms }
    return [`filter: ${this.variable(this.names.type(shape.name, "Filter"), value)}`]
  }

  /** What a query's rows must fit, inner embeds too. */
  private conditions(shape: EntityShape, query: QueryDescription): readonly Json[] {
    const inner = query.select.filter((item) => "embed" in item && item.inner)
    return [
      ...query.where.map((one) => this.filter(shape, query, one)),
      ...inner.map((item) => this.hasRows(shape, item as Extract<SelectDescription, { embed: string }>)),
    ]
  }

  private hasRows(shape: EntityShape, { embed, query }: Extract<SelectDescription, { embed: string }>): Json {
    const relation = shape.relations.find((one) => one.name === embed)!
    const fits = { and: this.conditions(entityOf(this.shapes, relation.to), query) }
    return { [embed]: relation.many ? { some: fits } : fits }
  }

  private filter(shape: EntityShape, query: QueryDescription, filter: FilterDescription): Json {
    const plain = this.plainFilter(shape, query, filter)
    return filter.negated ? { not: plain } : plain
  }

  private plainFilter(shape: EntityShape, query: QueryDescription, filter: FilterDescription): Json {
    if ("logic" in filter)
      return { [filter.logic]: filter.terms.map((one) => this.filter(shape, query, one)) }
    if (asksEmbed(query, filter)) {
      const item = query.select.find((one) => "embed" in one && embedName(one) === filter.field)
      const has = this.hasRows(shape, item as Extract<SelectDescription, { embed: string }>)
      return "is" in filter && filter.is === "null" ? { not: has } : has
    }
    const name = this.names.value(shape.name, filter.field)
    if ("is" in filter) return { [name]: { is: filter.is === "null" ? "NULL" : "NOT_NULL" } }
    const value = (text: string): unknown => operand(shape, filter.field, filter.operator, text)
    const given =
      typeof filter.value === "string" ? value(filter.value) : filter.value.map((one) => value(one))
    return { [name]: { [graphqlOperators[filter.operator]!]: given } }
  }

  private input(shape: EntityShape, row: Row): Json {
    return Object.fromEntries(
      Object.entries(row).map(([name, value]) => [this.names.value(shape.name, name), value]),
    )
  }

  private variable(type: string, value: unknown): string {
    const name = `$v${this.declared.length}`
    this.declared.push(`${name}: ${type}`)
    this.variables[name.slice(1)] = value
    return name
  }
}

/** A filter's text as a JSON value of the field's type; what is none stays a text, and is refused. */
function operand(shape: EntityShape, name: string, operator: string, text: string): unknown {
  if (operator.endsWith("like")) return text.replaceAll("*", "%")
  // A name that stands for a hidden field is asked for as that is.
  const kind = shape.fields.find((one) => one.name === name.replace(/Zq$/, ""))?.kind
  if (!kind || !["integer", "boolean", "json", "list"].includes(kind.type)) return text
  const read = readText(kind, text)
  return typeof read === "symbol" ? text : read
}
