/** One world on one target, from its first request to its last: differential first, then noninterference. */
import { actionQuestion, toActionInput } from "./action-question.ts"
import type { CallerView } from "./caller-view.ts"
import type { CallerDescription, CaseDescription, OperationDescription, Rows } from "./description.ts"
import { checkErrorText } from "./error-text.ts"
import { askGraphql } from "./graphql-ask.ts"
import { graphqlQuestion } from "./graphql-question.ts"
import { bytesOf, changeUnseen, mayDiffer } from "./noninterference.ts"
import { Random } from "./random.ts"
import { ValuePool } from "./random-value.ts"
import { type RestRequest, toRequest } from "./rest-request.ts"
import {
  actionRequest,
  askerOf,
  type Finding,
  honestLoading,
  restLike,
  Session,
  type Step,
} from "./session.ts"
import { entityOf, type ModelShape } from "./shape.ts"
import type { Loading, RestAnswer, Target } from "./target.ts"
import { OperationSource, openWorld, type World } from "./world.ts"

export interface TrialSize {
  /** Requests that are compared with the oracle. */
  readonly requests: number
  /** One request in so many writes. */
  readonly writeEvery: number
  /** Callers for whom a second world is made, and requests that both answer. */
  readonly twins: number
  readonly twinRequests: number
}

export interface TrialResult {
  readonly comparisons: number
  readonly interferences: number
  readonly open: number
  /** Of the comparisons, those through other doors than REST, and questions that can't be said there. */
  readonly doors: DoorCounts
  readonly failure: Failure | null
}

export interface DoorCounts {
  readonly graphql: number
  readonly action: number
  readonly unsaid: number
}

/** What went wrong, and all that is needed to see it again. */
export interface Failure {
  readonly kind: Finding["kind"] | "interference" | "broken"
  readonly message: string
  readonly expected: unknown
  readonly actual: unknown
  readonly kase: CaseDescription
}

/** Runs a world until something fails. Throws where the target does not load the model. */
export async function runTrial(
  target: Target,
  world: World,
  size: TrialSize,
  loading: Loading = honestLoading(world),
): Promise<TrialResult> {
  const session = new Session(world, target)
  await session.start(loading)
  const source = new OperationSource(world, new Random(`${world.description.seed}/operations`))
  const steps: Step[] = []
  let interferences = 0
  const done = (failure: Failure | null): TrialResult => ({
    comparisons: session.comparisons,
    interferences,
    open: session.open,
    doors: { ...session.doors, unsaid: session.unsaid },
    failure,
  })
  const failed = (finding: Finding): TrialResult =>
    done({ ...finding, kase: { ...world.description, about: finding.message, steps: [finding.step] } })
  if (await target.believesForgery?.()) {
    return done({
      kind: "leak",
      message: "a forged caller is believed",
      expected: false,
      actual: true,
      kase: { ...world.description, about: "forgery", steps: [] },
    })
  }
  for (const caller of world.description.callers.keys()) {
    const finding = await session.peek(caller)
    if (finding) return failed(finding)
  }
  for (let at = 0; at < size.requests; at++) {
    const caller = source.pickCaller()
    const operation = source.next(session.view(caller), at % size.writeEvery === size.writeEvery - 1)
    const step: Step = { caller, operation, door: source.pickDoor() }
    if (operation.kind !== "read" || at === 0) steps.push(step)
    const finding = await session.step(step)
    if (finding) {
      const before = steps.filter((one) => one !== step)
      return done({
        ...finding,
        kase: { ...world.description, about: finding.message, steps: [...before, step] },
      })
    }
  }
  await session.reset()
  for (let at = 0; at < size.twins; at++) {
    const random = new Random(`${world.description.seed}/twin ${at}`)
    const caller = random.below(world.description.callers.length)
    const otherRows = makeTwin(random, world, caller)
    if (otherRows === null) continue
    const operations = Array.from(
      { length: size.twinRequests },
      (_, number): Step => ({
        caller,
        operation: source.next(session.view(caller), number % size.writeEvery === size.writeEvery - 1, true),
        door: source.pickDoor(),
      }),
    )
    const failure = await compareTwins(target, world, otherRows, operations)
    interferences += operations.length
    if (failure) return done(failure)
  }
  return done(null)
}

function makeTwin(random: Random, world: World, caller: number): Rows | null {
  const said = world.description.callers[caller]
  if (!said) return null
  const pool = new ValuePool(new Random(world.description.seed).branch("model").branch("values"))
  return changeUnseen(random, world.oracle, world.description.rows, said, pool)
}

/** Asks the same of two worlds that the caller can't tell apart. */
async function compareTwins(
  target: Target,
  world: World,
  otherRows: Rows,
  steps: readonly Step[],
): Promise<Failure | null> {
  const { description, shapes, oracle } = world
  const asker = askerOf(world, target)
  const answers: string[][] = []
  for (const rows of [description.rows, otherRows]) {
    const found: string[] = []
    await target.fill(rows)
    for (const step of steps) {
      const { caller, operation } = step
      const said = description.callers[caller]
      if (!said) throw new Error(`there is no caller ${caller}`)
      const view = oracle.view(rows, said)
      // What exists for a caller, and so what can be said, is the same in both worlds.
      const question = step.door === "graphql" && asker ? graphqlQuestion(view, operation) : null
      const { request, answer, raw } =
        question && asker
          ? await askGraphql(asker, said, question).then((asked) => ({ ...asked, request: restLike(asked) }))
          : step.door === "action" && operation.kind === "read" && target.act
            ? await askAction(target, view, operation)
            : await askRest(target, shapes, said, operation)
      const told = checkErrorText(view, request, answer)
      if (told)
        return {
          ...told,
          kase: { ...description, rows, about: told.message, steps: [step] },
        }
      found.push(raw.map(bytesOf).join("\n"))
      if (operation.kind !== "read") await target.fill(rows)
    }
    answers.push(found)
  }
  for (const [at, step] of steps.entries()) {
    const [left, right] = [answers[0]?.[at], answers[1]?.[at]]
    const said = description.callers[step.caller]
    if (left === right || !said) continue
    const [a, b] = [description.rows, otherRows].map((rows) =>
      oracle.expect(
        oracle.view(rows, said),
        (step.door === "graphql" && asker && graphqlQuestion(oracle.view(rows, said), step.operation)) ||
          step.operation,
      ),
    )
    if (a && b && mayDiffer(shapes, step.operation, a, b)) continue
    const message = "what the caller can't see changes the answer"
    return {
      kind: "interference",
      message,
      expected: left,
      actual: right,
      kase: { ...description, about: message, steps: [step], otherRows },
    }
  }
  return null
}

interface Asked {
  readonly request: RestRequest
  readonly answer: RestAnswer
  readonly raw: readonly RestAnswer[]
}

async function askAction(target: Target, view: CallerView, operation: OperationDescription): Promise<Asked> {
  const input = toActionInput(
    entityOf(view.shapes, operation.entity),
    actionQuestion(view, operation) ?? operation,
  )
  const answer = await target.act!(view.caller, input)
  return { request: actionRequest(input), answer, raw: [answer] }
}

async function askRest(
  target: Target,
  shapes: ModelShape,
  caller: CallerDescription,
  operation: OperationDescription,
): Promise<Asked> {
  const request = toRequest(operation, entityOf(shapes, operation.entity).collection)
  const answer = await target.request(caller, request, operation)
  return { request, answer, raw: [answer] }
}

/** Runs kept cases, and cases that are being made smaller; a model that is loaded already is not loaded again. */
export class Replayer {
  private readonly target: Target
  private readonly plant: (loading: Loading) => Loading | null
  private loaded = ""

  constructor(target: Target, plant: (loading: Loading) => Loading | null = (one) => one) {
    this.target = target
    this.plant = plant
  }

  /** Null where nothing fails. */
  async run(kase: CaseDescription): Promise<Failure | null> {
    const world = openWorld(kase)
    const session = new Session(world, this.target)
    const model = JSON.stringify(kase.model)
    if (this.loaded !== model) {
      const loading = this.plant(honestLoading(world))
      if (loading === null) return null
      this.loaded = ""
      await this.target.load(loading)
      this.loaded = model
    }
    await session.reset()
    if (kase.otherRows) return compareTwins(this.target, world, kase.otherRows, kase.steps)
    for (const [at, step] of kase.steps.entries()) {
      const finding = (await session.step(step)) ?? (at === 0 ? await session.peek(step.caller) : null)
      if (finding) return { ...finding, kase: { ...kase, steps: kase.steps.slice(0, at + 1) } }
    }
    return null
  }
}
