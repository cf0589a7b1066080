/** One world on one target: asks, compares, and keeps what it knows of the rows in step with the database. */
import type { ActionInput } from "./action-door.ts"
import { actionQuestion, compareActionRead, compareActionWrite, toActionInput } from "./action-question.ts"
import type { CallerView } from "./caller-view.ts"
import { compareAnswer, compareRows, type Difference } from "./compare.ts"
import { comparePeek } from "./compare-peek.ts"
import type { OperationDescription, QueryDescription, Rows, StepDescription } from "./description.ts"
import { checkErrorText } from "./error-text.ts"
import {
  askGraphql,
  compareGraphqlTwin,
  compareUnknown,
  type GraphqlAsked,
  type GraphqlAsker,
  isUnknown,
} from "./graphql-ask.ts"
import { graphqlQuestion } from "./graphql-question.ts"
import { GraphqlNames } from "./graphql-request.ts"
import { compareTwin, twinOf } from "./hidden-twin.ts"
import { type RestRequest, toRequest } from "./rest-request.ts"
import { entityOf } from "./shape.ts"
import type { Loading, Target } from "./target.ts"
import type { World } from "./world.ts"

export type Step = StepDescription

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

/** Null where the target has no such door. */
export function askerOf({ declared, shapes }: World, target: Target): GraphqlAsker | null {
  if (!target.graphql) return null
  return { target: target as GraphqlAsker["target"], names: new GraphqlNames(declared.model), shapes }
}

/** What was sent, as checks of errors look at it. */
export function restLike({ request }: GraphqlAsked): RestRequest {
  return { method: "POST", url: "/graphql", headers: {}, body: JSON.stringify(request) }
}

export function actionRequest(input: ActionInput): RestRequest {
  return { method: "POST", url: "/rest/rpc", headers: {}, body: JSON.stringify(input) }
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
  /** Of the comparisons, those through other doors than REST. */
  readonly doors = { graphql: 0, action: 0 }
  /** Questions that were for another door, and can't be said there: they were asked through REST. */
  unsaid = 0
  private readonly asker: GraphqlAsker | null

  constructor(world: World, target: Target) {
    this.world = world
    this.target = target
    this.rows = world.description.rows
    this.asker = askerOf(world, target)
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
    if (step.door === "graphql" && this.asker) {
      const question = graphqlQuestion(view, operation)
      if (question) return this.stepGraphql(step, question, this.asker)
      this.unsaid++
    }
    if (step.door === "action" && this.target.act) {
      const question = actionQuestion(view, operation)
      if (question) return this.stepAction(step, question)
      this.unsaid++
    }
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
    const moved = await this.compareTables(answer.status < 400 ? expected.rows : this.rows)
    return moved && { ...moved, step, request }
  }

  /** The rows after a write, which are kept where they are as they should be. */
  private async compareTables(due: Rows): Promise<Difference | null> {
    const rows = await this.target.dump()
    const moved = compareRows(this.world.shapes, due, rows)
    if (!moved) this.keep(rows)
    return moved
  }

  /** The same through the GraphQL door, of what can be said there. */
  private async stepGraphql(
    step: Step,
    question: OperationDescription,
    asker: GraphqlAsker,
  ): Promise<Finding | null> {
    const view = this.view(step.caller)
    const expected = this.world.oracle.expect(view, question)
    if (expected.open !== null) {
      this.open++
      return null
    }
    const asked = await askGraphql(asker, view.caller, question)
    const { answer } = asked
    const request = restLike(asked)
    this.comparisons++
    this.doors.graphql++
    const difference =
      (isUnknown(answer)
        ? compareUnknown(view, question, expected, answer)
        : compareAnswer(this.world.shapes, question, expected, answer)) ??
      checkErrorText(view, request, answer)
    if (difference) return { ...difference, step, request }
    if (question.kind === "read")
      return expected.answer ? null : this.compareToGraphqlTwin(step, question, asker, asked)
    const moved = await this.compareTables(answer.status < 400 ? expected.rows : this.rows)
    return moved && { ...moved, step, request }
  }

  /** The same through an action, of what can be told to it. */
  private async stepAction(step: Step, question: OperationDescription): Promise<Finding | null> {
    const view = this.view(step.caller)
    const isRead = question.kind === "read"
    const expected = isRead ? null : this.world.oracle.expect(view, question)
    if (expected?.open) {
      this.open++
      return null
    }
    const input = toActionInput(entityOf(this.world.shapes, question.entity), question)
    const answer = await this.target.act!(view.caller, input)
    this.comparisons++
    this.doors.action++
    const request = actionRequest(input)
    const rows = expected ? await this.target.dump() : this.rows
    const difference =
      (expected
        ? compareActionWrite(view, expected, answer, rows)
        : compareActionRead(view, question, answer)) ?? checkErrorText(view, request, answer)
    if (difference) return { ...difference, step, request }
    if (expected) this.keep(rows)
    return null
  }

  private async compareToGraphqlTwin(
    step: Step,
    question: OperationDescription,
    asker: GraphqlAsker,
    { answer }: GraphqlAsked,
  ): Promise<Finding | null> {
    const view = this.view(step.caller)
    const twin = twinOf(view, this.world.shapes, question)
    if (!twin) return null
    const other = await askGraphql(asker, view.caller, twin.operation)
    this.comparisons++
    this.doors.graphql++
    const difference = compareGraphqlTwin(twin, answer, other.answer)
    return difference && { ...difference, step, request: restLike(other) }
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
