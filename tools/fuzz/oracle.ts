/** The answer that a request must get, worked out from the model, all rows and the caller, without a database. */
import type { Policies } from "../../src/policy/policies.ts"
import { CallerView } from "./caller-view.ts"
import type { CallerDescription, OperationDescription, Rows } from "./description.ts"
import { embedsUnreadable, isNever, queryProblems, readRows } from "./oracle-read.ts"
import { OpenQuestion } from "./oracle-search.ts"
import { writeRows } from "./oracle-write.ts"
import { policyCode } from "./semantics.ts"
import { entityOf, type ModelShape } from "./shape.ts"

export interface ExpectedAnswer {
  readonly status: number
  /** Undefined where no body is sent. */
  readonly body: unknown
  /** `Content-Range`, where it is known. */
  readonly range: string | null
}

export interface Expected {
  /** Null where the request can't succeed. */
  readonly answer: ExpectedAnswer | null
  /** The codes that a refusal may have; beside an answer either is right. */
  readonly refusals: ReadonlySet<string>
  /** The rows after a success; a refusal changes nothing. */
  readonly rows: Rows
  /** How many rows a write changes. */
  readonly affected: number
  readonly open: string | null
}

export type MakeView = (
  policies: Policies,
  shapes: ModelShape,
  rows: Rows,
  caller: CallerDescription,
  now: string,
) => CallerView

export class Oracle {
  readonly policies: Policies
  readonly shapes: ModelShape
  private readonly makeView: MakeView

  constructor(
    policies: Policies,
    shapes: ModelShape,
    makeView: MakeView = (...known) => new CallerView(...known),
  ) {
    this.policies = policies
    this.shapes = shapes
    this.makeView = makeView
  }

  view(rows: Rows, caller: CallerDescription): CallerView {
    return this.makeView(this.policies, this.shapes, rows, caller, new Date().toISOString())
  }

  expect(view: CallerView, operation: OperationDescription): Expected {
    try {
      return operation.kind === "read" ? this.expectRead(view, operation) : this.expectWrite(view, operation)
    } catch (cause) {
      if (!(cause instanceof OpenQuestion)) throw cause
      return { answer: null, refusals: new Set(), rows: view.rows, affected: 0, open: cause.message }
    }
  }

  private expectRead(view: CallerView, operation: OperationDescription): Expected {
    const shape = entityOf(this.shapes, operation.entity)
    const base = { rows: view.rows, affected: 0, open: null }
    const problems = queryProblems(view, shape, operation.query)
    // Where no one may read, a missing privilege may refuse as well as no row fit.
    const refusals = new Set(problems)
    if (isNever(view.policy(shape.name).read) || embedsUnreadable(view, shape, operation.query))
      refusals.add(policyCode)
    if (problems.size > 0) return { ...base, answer: null, refusals }
    const { json, total } = readRows(
      view,
      shape,
      view.readable(shape.name).map((one) => one.seen),
      operation.query,
    )
    const offset = operation.query.offset ?? 0
    // PostgREST refuses an offset behind the last row where rows are counted; that the last row is there it tells anyway.
    if (operation.count && offset > 0 && offset >= total) refusals.add("PGRST103")
    if (operation.single && json.length !== 1) refusals.add("PGRST116")
    if (operation.count && offset > total && total > 0) return { ...base, answer: null, refusals }
    if (operation.single && json.length !== 1) return { ...base, answer: null, refusals: refusals }
    const isPart = operation.count && json.length < total
    const body = operation.head ? undefined : operation.single ? json[0] : json
    return {
      ...base,
      answer: {
        status: isPart ? 206 : 200,
        body,
        range: rangeOf(offset, json.length, operation.count ? total : null),
      },
      refusals,
    }
  }

  private expectWrite(view: CallerView, asked: OperationDescription): Expected {
    // What nobody asks back is not in the request.
    const operation =
      asked.returning === "representation" ? asked : { ...asked, query: { ...asked.query, select: [] } }
    const { done, refusals, open } = writeRows(view, operation)
    // Too many rows may be refused before what else is wrong with them.
    if (!done && asked.maxAffected !== undefined && refusals.size > 0)
      return {
        answer: null,
        refusals: new Set([...refusals, "PGRST124"]),
        rows: view.rows,
        affected: 0,
        open,
      }
    if (!done) return { answer: null, refusals, rows: view.rows, affected: 0, open }
    const isWhole = operation.returning === "representation"
    const isMerged = operation.conflict === "merge" && !done.isNew
    const status = operation.kind === "insert" ? (isMerged ? 200 : 201) : isWhole ? 200 : 204
    const body = !isWhole ? undefined : operation.single ? done.json[0] : done.json
    const { count, kind, maxAffected } = operation
    if (maxAffected !== undefined && done.affected > maxAffected)
      return {
        answer: null,
        refusals: new Set([...refusals, "PGRST124"]),
        rows: view.rows,
        // How many it would have been is told.
        affected: done.affected,
        open,
      }
    const given = isWhole ? done.json.length : done.affected
    const range = rangeOf(0, kind === "update" ? given : 0, done.affected)
    return {
      answer: { status, body, range: count ? range : null },
      refusals,
      rows: done.rows,
      affected: done.affected,
      open,
    }
  }
}

/** `Content-Range` as PostgREST writes it. */
function rangeOf(offset: number, count: number, total: number | null): string {
  return `${count === 0 ? "*" : `${offset}-${offset + count - 1}`}/${total ?? "*"}`
}
