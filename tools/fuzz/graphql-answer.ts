/** Reads a GraphQL answer as the REST door would have given it, so that one comparison serves both. */
import type { OperationDescription, QueryDescription, SelectDescription } from "./description.ts"
import { isGrouped } from "./oracle-aggregate.ts"
import { outputName } from "./output-name.ts"
import { type EntityShape, entityOf, type ModelShape } from "./shape.ts"
import type { RestAnswer } from "./target.ts"

type Json = Readonly<Record<string, unknown>>

interface Told {
  readonly data?: Json | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
}

/** The code of a document that names what its schema does not have. */
export const unknownCode = "UC341"

export interface PageInfo {
  readonly startCursor: string | null
  readonly endCursor: string | null
}

/** The page of the first root field. */
export function pageOf({ body }: RestAnswer): PageInfo | null {
  const answer = (JSON.parse(body) as Told).data?.["answer0"] as { pageInfo?: PageInfo } | undefined
  return answer?.pageInfo ?? null
}

/** Where several copies were asked, and differ, the answer is a list of them. */
export function fromGraphql(
  shapes: ModelShape,
  operation: OperationDescription,
  answer: RestAnswer,
  isReversed = false,
): RestAnswer {
  const { data, errors } = JSON.parse(answer.body) as Told
  if (errors || !data) {
    const code = errors?.[0]?.extensions?.code ?? "(none)"
    const status = Math.max(answer.status, 400)
    return { ...answer, status, headers: {}, body: JSON.stringify({ code, errors }) }
  }
  const [first, ...others] = Object.values(data) as Json[]
  if (!first || others.some((one) => JSON.stringify(one) !== JSON.stringify(first)))
    return { ...answer, body: JSON.stringify(Object.values(data)) }
  const shape = entityOf(shapes, operation.entity)
  return operation.kind === "read"
    ? readAnswer(shapes, shape, operation, first, isReversed)
    : writeAnswer(shapes, shape, operation, first)
}

function readAnswer(
  shapes: ModelShape,
  shape: EntityShape,
  { query, count }: OperationDescription,
  told: Json,
  isReversed: boolean,
): RestAnswer {
  const rows = rowsOf(shapes, shape, query, told)
  if (isReversed) rows.reverse()
  const total = count ? Number(told["totalCount"]) : null
  return {
    status: total !== null && rows.length < total ? 206 : 200,
    headers: { "content-range": rangeOf(query.offset ?? 0, rows.length, total) },
    body: JSON.stringify(rows),
  }
}

function writeAnswer(
  shapes: ModelShape,
  shape: EntityShape,
  { kind, query, returning }: OperationDescription,
  told: Json,
): RestAnswer {
  const affected = Number(told["affectedCount"])
  const isWhole = returning === "representation"
  const rows = isWhole ? (told["records"] as Json[]).map((row) => rowOf(shapes, shape, query, row)) : []
  const given = kind === "update" ? (isWhole ? rows.length : affected) : 0
  return {
    status: kind === "insert" ? 201 : isWhole ? 200 : 204,
    headers: { "content-range": rangeOf(0, given, affected) },
    body: isWhole ? JSON.stringify(rows) : "",
  }
}

function rangeOf(offset: number, count: number, total: number | null): string {
  return `${count === 0 ? "*" : `${offset}-${offset + count - 1}`}/${total ?? "*"}`
}

function rowsOf(shapes: ModelShape, shape: EntityShape, query: QueryDescription, told: Json): Json[] {
  if (isGrouped(query)) return [aggregatesOf(shape, query, told["aggregate"] as Json)]
  return (told["edges"] as { readonly node: Json }[]).map(({ node }) => rowOf(shapes, shape, query, node))
}

function aggregatesOf(shape: EntityShape, { select }: QueryDescription, told: Json): Json {
  return Object.fromEntries(
    select.map((item, at) => {
      const value = told[`a${at}`]
      const name = outputName(item as Exclude<SelectDescription, { all: true }>)
      if (!("aggregate" in item)) return [name, value]
      const { v } = value as { readonly v: unknown }
      const isNumber = item.aggregate === "sum" || item.aggregate === "avg"
      return [name, v !== null && isNumber ? Number(v) : plainNumber(shape, item.field, v)]
    }),
  )
}

function rowOf(shapes: ModelShape, shape: EntityShape, { select }: QueryDescription, row: Json): Json {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const item = select.find((one) => !("all" in one) && outputName(one) === name)
      if (item && "field" in item) return [name, plainNumber(shape, item.field, value)]
      if (!item || !("embed" in item) || value === null) return [name, value]
      const relation = shape.relations.find((one) => one.name === item.embed)!
      const to = entityOf(shapes, relation.to)
      return [
        name,
        relation.many
          ? rowsOf(shapes, to, item.query, value as Json)
          : rowOf(shapes, to, item.query, value as Json),
      ]
    }),
  )
}

/** GraphQL sends whole numbers of 64 bits as texts; REST as numbers, where JavaScript holds them. */
function plainNumber(shape: EntityShape, name: string, value: unknown): unknown {
  const isBig = shape.fields.find((one) => one.name === name)?.kind.type === "bigint"
  return isBig && typeof value === "string" && Number.isSafeInteger(Number(value)) ? Number(value) : value
}
