/** Asks a question through the GraphQL door: in one document, or, where it begins behind the first row, along cursors. */
import type { CallerView } from "./caller-view.ts"
import type { Difference } from "./compare.ts"
import type { OperationDescription, QueryDescription } from "./description.ts"
import { fromGraphql, pageOf, unknownCode } from "./graphql-answer.ts"
import { type GraphqlNames, type GraphqlRequest, toGraphql } from "./graphql-request.ts"
import { compareTwin, type Twin } from "./hidden-twin.ts"
import type { Expected } from "./oracle.ts"
import { isGrouped } from "./oracle-aggregate.ts"
import { type EntityShape, entityOf, type ModelShape } from "./shape.ts"
import type { RestAnswer, Target } from "./target.ts"

export interface GraphqlAsker {
  readonly target: Target & { readonly graphql: NonNullable<Target["graphql"]> }
  readonly names: GraphqlNames
  readonly shapes: ModelShape
}

export interface GraphqlAsked {
  /** The last document. */
  readonly request: GraphqlRequest
  /** As the REST door would have answered. */
  readonly answer: RestAnswer
  /** All answers as they came. */
  readonly raw: readonly RestAnswer[]
}

export async function askGraphql(
  { target, names, shapes }: GraphqlAsker,
  caller: CallerView["caller"],
  operation: OperationDescription,
): Promise<GraphqlAsked> {
  const { query, kind } = operation
  const raw: RestAnswer[] = []
  const send = async (request: GraphqlRequest): Promise<RestAnswer> => {
    const answer = await target.graphql(caller, request, operation)
    raw.push(answer)
    return answer
  }
  const walks = kind === "read" && query.offset !== null && query.order.length > 0 && !isGrouped(query)
  if (!walks) {
    // Several root fields are one flight, which is another way through the engine.
    const copies = kind === "read" && query.select.length % 2 === 1 ? 2 : 1
    const request = toGraphql(names, shapes, operation, null, copies)
    return { request, answer: fromGraphql(shapes, operation, await send(request)), raw }
  }
  const isReversed = query.order[0]!.descending
  const size = isReversed ? "last" : "first"
  const page = (text: string): GraphqlRequest =>
    toGraphql(names, shapes, operation, { arguments: text, isReversed })
  const before = page(`${size}: ${query.offset}`)
  const skipped = await send(before)
  const info = pageOf(skipped)
  const cursor = isReversed ? info?.startCursor : info?.endCursor
  // Of no row, or in an error, there is no cursor.
  if (!cursor && query.offset! > 0)
    return { request: before, answer: fromGraphql(shapes, operation, skipped), raw }
  const rest = `${size}: ${query.limit ?? 1000}`
  const request = page(cursor ? `${rest}, ${isReversed ? "before" : "after"}: "${cursor}"` : rest)
  return { request, answer: fromGraphql(shapes, operation, await send(request), isReversed), raw }
}

/** Whether the answer says that the schema lacks what the document names. */
export function isUnknown({ status, body }: RestAnswer): boolean {
  return status >= 400 && (JSON.parse(body) as { code?: string }).code === unknownCode
}

/** A schema lacks what its caller could never see or do: then there is nothing to see, or it would be refused. */
export function compareUnknown(
  view: CallerView,
  operation: OperationDescription,
  expected: Expected,
  answer: RestAnswer,
): Difference | null {
  const isVain = operation.kind === "read" ? false : expected.affected === 0
  if (expected.answer === null || isVain) return null
  const shape = entityOf(view.shapes, operation.entity)
  if (setsUnsettable(shape, operation) || namesUnseen(view, shape, operation.query)) return null
  return {
    kind: "denial",
    message: "the schema lacks what the caller may see",
    expected: expected.answer,
    actual: answer.body,
  }
}

/** Whether a write names a field that only some may set: to the value that it has REST lets everyone set it. */
function setsUnsettable({ fields }: EntityShape, { rows = [] }: OperationDescription): boolean {
  const ruled = fields.filter(({ said }) => said?.writableBy ?? said?.visibleTo)
  return ruled.some(({ name }) => rows.some((row) => Object.hasOwn(row, name)))
}

/** Whether some entity of a query has no row for the caller. */
function namesUnseen(view: CallerView, shape: EntityShape, { select }: QueryDescription): boolean {
  return (
    view.readable(shape.name).length === 0 ||
    select.some((item) => {
      const relation = "embed" in item && shape.relations.find((one) => one.name === item.embed)
      return "embed" in item && relation && namesUnseen(view, entityOf(view.shapes, relation.to), item.query)
    })
  )
}

/** Two refusals, apart from the name, from where it stands, and from what is like it. */
export function compareGraphqlTwin(twin: Twin, hidden: RestAnswer, absent: RestAnswer): Difference | null {
  const plain = ({ body }: RestAnswer): string =>
    body
      .replaceAll(/"locations":\[[^\]]*\],?/g, "")
      .replaceAll(/[.,]?( Did you mean [^?]*\?)?( [Ff]ound: ([^"\\]|\\.)*)?"/g, '"')
  return compareTwin(twin, plain(hidden), plain(absent))
}
