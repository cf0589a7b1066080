/** `npm run fuzz`: the differential harness. Prints its seed, keeps what fails, and exits with 1 then. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type CampaignResult, type PlantedResult, runCampaign, runPlanted } from "./campaign.ts"
import type { CaseDescription } from "./description.ts"
import { help, type Options, readOptions } from "./options.ts"
import { OracleTarget } from "./oracle-target.ts"
import { PgTarget } from "./pg-target.ts"
import { plantedBugs } from "./planted.ts"
import type { Target } from "./target.ts"
import { type Failure, Replayer } from "./trial.ts"

const found = fileURLToPath(new URL("found", import.meta.url))

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options.help) {
    process.stdout.write(help)
    return 0
  }
  const target: Target = options.imitation
    ? new OracleTarget()
    : await PgTarget.start(options.database ?? undefined)
  try {
    if (options.replay !== null) return await replayOne(target, options.replay)
    return options.planted ? await plantAll(target, options) : await compareAll(target, options)
  } finally {
    await target.close()
  }
}

async function replayOne(target: Target, path: string): Promise<number> {
  const failure = await new Replayer(target).run(readCase(path))
  if (failure) printFailure(failure)
  else console.log("nothing fails")
  return failure ? 1 : 0
}

/** Kept cases first: what was wrong once must stay mended. */
async function compareAll(target: Target, options: Options): Promise<number> {
  const returned: Failure[] = []
  const replayer = new Replayer(target)
  for (const path of keptCases()) {
    const failure = await replayer.run(readCase(path))
    if (failure) returned.push(failure)
  }
  if (!options.json) console.log(`seed ${options.seed}`)
  const result = await runCampaign(target, { ...options, onProgress: progress(options) })
  const failures = [...returned, ...result.failures]
  if (options.keep) for (const failure of result.failures) keepCase(failure)
  if (options.json) console.log(JSON.stringify({ ...result, failures }, null, 2))
  else printResult(result, failures)
  return failures.length === 0 ? 0 : 1
}

async function plantAll(target: Target, options: Options): Promise<number> {
  const results: PlantedResult[] = []
  const bugs = plantedBugs.filter((bug) =>
    options.bug === null ? !options.imitation || bug.layer === "rule" : bug.name === options.bug,
  )
  if (bugs.length === 0)
    throw new Error(
      `no planted bug is called ${options.bug}; there are ${plantedBugs.map((bug) => bug.name).join(", ")}`,
    )
  for (const bug of bugs) {
    const result = await runPlanted(target, bug, options.seed, options.comparisons, options.requests)
    results.push(result)
    if (!options.json)
      console.log(
        `${result.caught === null ? "NOT CAUGHT" : "caught    "} ${bug.name.padEnd(22)} after ${String(result.comparisons).padStart(5)}  ${result.caught?.slice(0, 90) ?? bug.about}`,
      )
  }
  const missed = results.filter((one) => one.caught === null)
  if (options.json) console.log(JSON.stringify({ seed: options.seed, results }, null, 2))
  else
    console.log(
      `${results.length - missed.length} of ${results.length} planted bugs were caught (seed ${options.seed})`,
    )
  return missed.length === 0 ? 0 : 1
}

function keptCases(): readonly string[] {
  try {
    return readdirSync(found)
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .map((name) => join(found, name))
  } catch {
    return []
  }
}

function readCase(path: string): CaseDescription {
  return JSON.parse(readFileSync(path, "utf8")) as CaseDescription
}

function keepCase({ kind, kase }: Failure): void {
  mkdirSync(found, { recursive: true })
  const path = join(found, `${kind}-${kase.seed.replaceAll(/[^\w]+/g, "-")}.json`)
  writeFileSync(path, `${JSON.stringify(kase, null, 2)}\n`)
  console.error(`kept ${path}`)
}

function printFailure({ kind, message, expected, actual, kase }: Failure): void {
  console.log(`${kind}: ${message} (seed ${kase.seed})`)
  const last = kase.steps.at(-1)
  if (last)
    console.log(
      `caller   ${JSON.stringify(kase.callers[last.caller])}\nasks     ${last.door ?? "rest"} ${JSON.stringify(last.operation)}`,
    )
  console.log(`expected ${show(expected)}\nactual   ${show(actual)}`)
}

function show(value: unknown): string {
  return (typeof value === "string" ? value : JSON.stringify(value))?.slice(0, 2000) ?? "nothing"
}

function printResult(result: CampaignResult, failures: readonly Failure[]): void {
  for (const failure of failures) printFailure(failure)
  const count = (kind: Failure["kind"]): number => failures.filter((one) => one.kind === kind).length
  console.log(
    `${result.comparisons} comparisons (${result.interferences} of noninterference) and ${result.rules} rules in ${result.worlds} worlds, ` +
      `${result.seconds} s: ${count("leak")} leaks, ${count("denial")} wrong denials, ${count("interference")} interferences, ` +
      `${count("wrong") + count("broken")} other differences; ${result.open} requests whose answer is left open; ` +
      `${result.doors.graphql} comparisons through GraphQL, ${result.doors.action} through actions, ${result.doors.unsaid} questions that can't be said there`,
  )
}

/** One line that is written over, where somebody looks. */
function progress({ json }: Options): (text: string) => void {
  if (json || !process.stderr.isTTY) return () => undefined
  return (text) => process.stderr.write(`\r\u001b[K${text}`)
}

process.exitCode = await main()
