/** One world on one target: asks, compares, and keeps what it knows of the rows in step with the database. */
import type { CallerView } from "./caller-view.ts"
import { compareAnswer, compareRows, type Difference } from "./compare.ts"
import { comparePeek } from "./compare-peek.ts"
import type { OperationDescription, QueryDescription, Rows } from "./description.ts"
import { checkErrorText } from "./error-text.ts"
import { compareTwin, twinOf } from "./hidden-twin.ts"
import { type RestRequest, toRequest } from "./rest-request.ts"
import { entityOf } from "./shape.ts"
import type { Loading, Target } from "./target.ts"
import type { World } from "./world.ts"

export interface Step {
  readonly caller: number
  readonly operation: OperationDescription
}

export interface Finding extends Difference {
  readonly step: Step
  readonly request: RestRequest
}

/** How a model is loaded when nothing is planted. */
export function honestLoading({ declared }: World): Loading {
  return {
    declared,
    ddlPolicies: declared.policies,
    planPolicies: declared.policies,
    editStatements: (all) => all,
    faults: new Set(),
  }
}

const everything: QueryDescription = {
  select: [{ all: true }],
  where: [],
  order: [],
  limit: null,
  offset: null,
}

export class Session {
  readonly world: World
  private readonly target: Target
  private rows: Rows
  private readonly views = new Map<number, CallerView>()
  /** Answers that were compared. */
  comparisons = 0
  /** Requests whose answer the model does not settle; they were not sent. */
  open = 0

  constructor(world: World, target: Target) {
    this.world = world
    this.target = target
    this.rows = world.description.rows
  }

  async start(loading: Loading = honestLoading(this.world)): Promise<void> {
    await this.target.load(loading)
    await this.reset()
  }

  /** The rows as they were at first. */
  async reset(rows: Rows = this.world.description.rows): Promise<void> {
    await this.target.fill(rows)
    this.keep(rows)
  }

  view(caller: number): CallerView {
    const known = this.views.get(caller)
    if (known) return known
    const said = this.world.description.callers[caller]
    if (!said) throw new Error(`there is no caller ${caller}`)
    const view = this.world.oracle.view(this.rows, said)
    this.views.set(caller, view)
    return view
  }

  /** What SQL of the API role's own could read, without the engine: no more than the caller may. */
  async peek(caller: number): Promise<Finding | null> {
    const view = this.view(caller)
    for (const shape of this.world.shapes.values()) {
      const peek = await this.target.peek?.(view.caller, shape.name)
      if (!peek) return null
      this.comparisons++
      const difference = comparePeek(view, shape, peek)
      const operation: OperationDescription = {
        kind: "read",
        entity: shape.name,
        query: everything,
        count: false,
        single: false,
      }
      if (difference)
        return { ...difference, step: { caller, operation }, request: this.requestOf(operation) }
    }
    return null
  }

  /** Asks one thing and compares the answer and, after a write, the rows. */
  async step(step: Step): Promise<Finding | null> {
    const { operation, caller } = step
    const view = this.view(caller)
    const expected = this.world.oracle.expect(view, operation)
    if (expected.open !== null) {
      this.open++
      return null
    }
    const request = this.requestOf(operation)
    const answer = await this.target.request(view.caller, request, operation)
    this.comparisons++
    const difference =
      compareAnswer(this.world.shapes, operation, expected, answer) ?? checkErrorText(view, request, answer)
    if (difference) return { ...difference, step, request }
    if (operation.kind === "read") return expected.answer ? null : this.compareToTwin(step, view, answer.body)
    const due = answer.status < 400 ? expected.rows : this.rows
    const rows = await this.target.dump()
    const moved = compareRows(this.world.shapes, due, rows)
    if (moved) return { ...moved, step, request }
    this.keep(rows)
    return null
  }

  /** What is hidden must be refused as what never existed is. */
  private async compareToTwin(step: Step, view: CallerView, body: string): Promise<Finding | null> {
    const twin = twinOf(view, this.world.shapes, step.operation)
    if (!twin) return null
    const request = this.requestOf(twin.operation)
    const answer = await this.target.request(view.caller, request, twin.operation)
    this.comparisons++
    const difference = compareTwin(twin, body, answer.body)
    return difference && { ...difference, step, request }
  }

  private requestOf(operation: OperationDescription): RestRequest {
    return toRequest(operation, entityOf(this.world.shapes, operation.entity).collection)
  }

  private keep(rows: Rows): void {
    this.rows = rows
    this.views.clear()
  }
}
