/** One world on one target, from its first request to its last: differential first, then noninterference. */
import type { CaseDescription, Rows } from "./description.ts"
import { checkErrorText } from "./error-text.ts"
import { bytesOf, changeUnseen, mayDiffer } from "./noninterference.ts"
import { Random } from "./random.ts"
import { ValuePool } from "./random-value.ts"
import { toRequest } from "./rest-request.ts"
import { type Finding, honestLoading, Session, type Step } from "./session.ts"
import { entityOf } from "./shape.ts"
import type { Loading, Target } from "./target.ts"
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
  readonly failure: Failure | null
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
    const step = { caller, operation }
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
  const answers: string[][] = []
  for (const rows of [description.rows, otherRows]) {
    const found: string[] = []
    await target.fill(rows)
    for (const { caller, operation } of steps) {
      const said = description.callers[caller]
      if (!said) throw new Error(`there is no caller ${caller}`)
      const request = toRequest(operation, entityOf(shapes, operation.entity).collection)
      const answer = await target.request(said, request, operation)
      const told = checkErrorText(oracle.view(rows, said), request, answer)
      if (told)
        return {
          ...told,
          kase: { ...description, rows, about: told.message, steps: [{ caller, operation }] },
        }
      found.push(bytesOf(answer))
      if (operation.kind !== "read") await target.fill(rows)
    }
    answers.push(found)
  }
  for (const [at, step] of steps.entries()) {
    const [left, right] = [answers[0]?.[at], answers[1]?.[at]]
    const said = description.callers[step.caller]
    if (left === right || !said) continue
    const [a, b] = [description.rows, otherRows].map((rows) =>
      oracle.expect(oracle.view(rows, said), step.operation),
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
