/** Many worlds on one target: kept cases first, then new ones, until enough was compared or something failed. */
import type { CaseDescription, WorldDescription } from "./description.ts"
import type { PlantedBug } from "./planted.ts"
import { checkRules } from "./rule-check.ts"
import { honestLoading } from "./session.ts"
import { shrinkCase } from "./shrink.ts"
import type { Target } from "./target.ts"
import { type DoorCounts, type Failure, Replayer, runTrial, type TrialSize } from "./trial.ts"
import { describeWorld, openWorld } from "./world.ts"

export interface CampaignResult {
  readonly seed: string
  readonly worlds: number
  readonly comparisons: number
  /** Of these, answers of two worlds that a caller can't tell apart. */
  readonly interferences: number
  /** Rules that were evaluated in two ways, without a database. */
  readonly rules: number
  readonly open: number
  readonly doors: DoorCounts
  readonly failures: readonly Failure[]
  readonly seconds: number
}

export interface CampaignOptions {
  readonly seed: string
  readonly comparisons: number
  readonly requests: number
  readonly failures: number
  /** Tries to make a failure smaller. */
  readonly attempts: number
  readonly onProgress: (text: string) => void
}

export async function runCampaign(
  target: Target,
  { seed, comparisons, requests, failures: most, attempts, onProgress }: CampaignOptions,
): Promise<CampaignResult> {
  const start = performance.now()
  const one = /^(.*\/\d+)$/.exec(seed)?.[1]
  const failures: Failure[] = []
  const sum = { comparisons: 0, interferences: 0, open: 0, rules: 0 }
  const doors = { graphql: 0, action: 0, unsaid: 0 }
  let worlds = 0
  while (sum.comparisons < comparisons && failures.length < most) {
    const name = one ?? `${seed}/${worlds}`
    worlds++
    const found = await runWorld(target, name, sizeOf(requests))
    sum.comparisons += found.comparisons + found.interferences
    sum.interferences += found.interferences
    sum.open += found.open
    sum.rules += found.rules
    doors.graphql += found.doors.graphql
    doors.action += found.doors.action
    doors.unsaid += found.doors.unsaid
    if (found.failure) {
      onProgress(`${name}: ${found.failure.kind}, making it smaller`)
      failures.push(await shrinkFailure(target, found.failure, attempts))
    }
    onProgress(`${sum.comparisons} comparisons in ${worlds} worlds, ${failures.length} failures`)
    if (one !== undefined) break
  }
  return {
    seed,
    worlds,
    ...sum,
    doors,
    failures,
    seconds: Math.round((performance.now() - start) / 100) / 10,
  }
}

function sizeOf(requests: number): TrialSize {
  return { requests, writeEvery: 3, twins: Math.max(2, Math.round(requests / 100)), twinRequests: 20 }
}

interface WorldResult {
  readonly comparisons: number
  readonly interferences: number
  readonly open: number
  readonly rules: number
  readonly doors: DoorCounts
  readonly failure: Failure | null
}

async function runWorld(target: Target, name: string, size: TrialSize): Promise<WorldResult> {
  const description = describeWorld(name)
  const doors = { graphql: 0, action: 0, unsaid: 0 }
  const nothing = { comparisons: 0, interferences: 0, open: 0, rules: 0, doors }
  try {
    const world = openWorld(description)
    const { rules, failure } = checkRules(world)
    if (failure) return { ...nothing, rules, failure }
    return { ...(await runTrial(target, world, size)), rules }
  } catch (cause) {
    return { ...nothing, failure: broken(description, cause) }
  }
}

/** The smallest case that fails in the same way. */
async function shrinkFailure(target: Target, failure: Failure, attempts: number): Promise<Failure> {
  const replayer = new Replayer(target)
  let best = failure
  const again =
    failure.kase.steps.length === 0 ? loadCase : (_: Target, kase: CaseDescription) => replayer.run(kase)
  await shrinkCase(
    failure.kase,
    async (kase) => {
      const found = await again(target, kase).catch(() => null)
      if (found === null || found.kind !== failure.kind || !isAlike(found.message, failure.message))
        return false
      best = found
      return true
    },
    attempts,
  )
  return best
}

/** Messages name rows, and statements; how they begin must be the same. */
function isAlike(left: string, right: string): boolean {
  return left.slice(0, 24) === right.slice(0, 24)
}

/** What fails before any request: a rule that means two things, or a model that does not load. */
async function loadCase(target: Target, kase: CaseDescription): Promise<Failure | null> {
  try {
    const world = openWorld(kase)
    const { failure } = checkRules(world)
    if (failure === null) await target.load(honestLoading(world))
    return failure
  } catch (cause) {
    return broken(kase, cause)
  }
}

function broken(description: WorldDescription, cause: unknown): Failure {
  const error = cause as Error & { details?: string }
  const kase: CaseDescription = { ...description, about: error.message, steps: [] }
  const actual = (error.details ?? error.stack ?? "").slice(0, 2000)
  return { kind: "broken", message: error.message, expected: "a model that loads", actual, kase }
}

export interface PlantedResult {
  readonly bug: string
  readonly layer: string
  /** How it was caught; null where it was not. */
  readonly caught: string | null
  readonly comparisons: number
}

/** Plants one bug in world after world until it is caught or enough was compared. */
export async function runPlanted(
  target: Target,
  bug: PlantedBug,
  seed: string,
  most: number,
  requests: number,
): Promise<PlantedResult> {
  let comparisons = 0
  const done = (caught: string | null): PlantedResult => ({
    bug: bug.name,
    layer: bug.layer,
    caught,
    comparisons,
  })
  for (let at = 0; comparisons < most && at < 100; at++) {
    const world = openWorld(describeWorld(`${seed}/${at}`))
    const loading = bug.plant(honestLoading(world))
    if (loading === null) continue
    try {
      const found = await runTrial(target, world, sizeOf(requests), loading)
      comparisons += found.comparisons + found.interferences
      // What fails without the bug too is no sign of it.
      if (found.failure && (await new Replayer(target).run(found.failure.kase)) === null)
        return done(`${found.failure.kind}: ${found.failure.message}`)
    } catch (cause) {
      // What can't be loaded is caught as well: the server refuses to start.
      return done(`refused to start: ${(cause as Error).message}`)
    }
  }
  return done(null)
}
