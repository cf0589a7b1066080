/** What the command line of the harness takes. */
import { randomBytes } from "node:crypto"
import { parseArgs } from "node:util"

export interface Options {
  readonly help: boolean
  readonly seed: string
  readonly comparisons: number
  readonly requests: number
  readonly planted: boolean
  readonly bug: string | null
  readonly imitation: boolean
  readonly replay: string | null
  readonly database: string | null
  readonly json: boolean
  readonly keep: boolean
  readonly failures: number
  readonly attempts: number
}

export const help: string = `Compares the engine with the naive predicate over all rows, on random models.

  npm run fuzz                              as CI does: 50,000 comparisons, kept cases first
  npm run fuzz -- --comparisons 1000000     as long as you like
  npm run fuzz -- --seed 7f3a               the same worlds again
  npm run fuzz -- --seed 7f3a/12            one world of a seed
  npm run fuzz -- --replay tools/fuzz/found/leak-7f3a-12.json
  npm run fuzz -- --planted                 plants bugs, each of which must be caught

  --seed <text>          where the randomness starts; printed, and random by default
  --comparisons <n>      answers to compare; with --planted the most for each bug
  --requests <n>         requests to each world
  --failures <n>         failures to shrink before it stops (1)
  --attempts <n>         tries to make a failure smaller (150)
  --no-keep              failures are printed and not kept in tools/fuzz/found
  --replay <file>        runs one kept case
  --planted              plants bugs instead
  --bug <name>           plants only this one
  --imitation            answers from the oracle instead of PostgreSQL, to try the harness itself
  --database <url>       an administrator's URL instead of the embedded server; it makes and drops the database "fuzz"
  --json                 prints the result as JSON
`

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      seed: { type: "string" },
      comparisons: { type: "string" },
      requests: { type: "string", default: "600" },
      failures: { type: "string", default: "1" },
      attempts: { type: "string", default: "150" },
      planted: { type: "boolean", default: false },
      bug: { type: "string" },
      imitation: { type: "boolean", default: false },
      replay: { type: "string" },
      database: { type: "string" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: true },
    },
    allowNegative: true,
  })
  const planted = values.planted || values.bug !== undefined
  return {
    ...values,
    planted,
    bug: values.bug ?? null,
    replay: values.replay ?? null,
    database: values.database ?? null,
    seed: values.seed ?? randomBytes(4).toString("hex"),
    comparisons: readCount("comparisons", values.comparisons ?? (planted ? "5000" : "50000")),
    requests: readCount("requests", values.requests),
    failures: readCount("failures", values.failures),
    attempts: readCount("attempts", values.attempts),
  }
}

function readCount(name: string, text: string): number {
  const count = Number(text.replaceAll(/[_,]/g, ""))
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${name} must be a whole number from 1`)
  return count
}
