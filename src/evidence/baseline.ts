/** What was met and how things stood, as a project keeps it in `evidence.json`: what is otherwise in a later run has drifted. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import type { Finding } from "./assess.ts"
import type { Snapshot } from "./snapshot.ts"
import { snapshotParts } from "./snapshot.ts"
import type { StandardName } from "./standards.ts"

/** Numbers of requirements that were met, by standard. */
export type MetNumbers = Readonly<Partial<Record<StandardName, readonly string[]>>>

export interface Baseline {
  readonly met: MetNumbers
  readonly state: Snapshot
}

/** Something that was met and is not. */
export interface Drift {
  readonly standard: StandardName
  readonly id: string
  readonly text: string
  readonly why: readonly string[]
}

type Findings = readonly (readonly [StandardName, readonly Finding[]])[]

const fileName = "evidence.json"

/** Reads the project's baseline. Throws UC960 where there is none that can be read. */
export async function readBaseline(folder: string): Promise<Baseline> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new UndercroftError("UC960", { file: fileName, why }, { cause })
  }
  const text = await readFile(join(folder, fileName), "utf8").catch((cause) =>
    refuse("can't be read, if it is there", cause),
  )
  try {
    const { met, state } = (JSON.parse(text) ?? {}) as { met?: unknown; state?: unknown }
    if (!isObject(met)) return refuse('has no list "met"')
    const areTexts = (list: unknown): boolean =>
      Array.isArray(list) && list.every((one) => typeof one === "string")
    if (!Object.values(met).every(areTexts)) return refuse('has a list "met" of something else than numbers')
    const isWords = (words: unknown): boolean =>
      isObject(words) && Object.values(words).every((one) => typeof one === "string")
    if (!isObject(state) || !snapshotParts.every((part) => isWords(state[part])))
      return refuse('has no "state" of fields, rules, declarations and software')
    return { met: met as MetNumbers, state: state as unknown as Snapshot }
  } catch (cause) {
    if (cause instanceof UndercroftError) throw cause
    return refuse("is not JSON", cause)
  }
}

/** Writes down what is met now, and how things stand; standards that were not looked at stay as they were. */
export async function writeBaseline(folder: string, findings: Findings, state: Snapshot): Promise<void> {
  const former = await readBaseline(folder).then(
    (one) => one.met,
    () => ({}),
  )
  const met = { ...former, ...Object.fromEntries(findings.map(([name, all]) => [name, metOf(all)])) }
  await writeFile(join(folder, fileName), `${JSON.stringify({ met, state }, null, 2)}\n`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** What of the baseline is no longer met; a number that is gone from its standard's list is drift, too. */
export function findDrift(met: MetNumbers, findings: Findings): readonly Drift[] {
  return findings.flatMap(([standard, all]) =>
    (met[standard] ?? []).flatMap((id) => {
      const found = all.find((one) => one.requirement.id === id)
      if (found?.status === "met") return []
      const why = found?.open ?? ["The list of requirements does not have it any more."]
      return [{ standard, id, text: found?.requirement.text ?? "", why }]
    }),
  )
}

/** What is met and not in the baseline: it is not held to yet. */
export function newlyMet(met: MetNumbers, findings: Findings): number {
  return findings.flatMap(([name, all]) => metOf(all).filter((id) => !met[name]?.includes(id))).length
}

function metOf(findings: readonly Finding[]): readonly string[] {
  return findings.filter((one) => one.status === "met").map((one) => one.requirement.id)
}
