/** Puts what a caller is about to do on record, in a transaction of its own: what can't be written is not done. */
import { recordText, recordValues, type ToldEntry } from "../sql/circumstances.ts"
import type { FlightPool } from "../store/pool.ts"
import type { Caller } from "./caller.ts"
import { explainLookupError } from "./database-error.ts"

export interface RecordParts {
  readonly pool: FlightPool
  /** Seals what the process says. */
  readonly key: Buffer
}

export async function recordEntry(
  { pool, key }: RecordParts,
  caller: Caller,
  entry: ToldEntry,
): Promise<void> {
  const values = recordValues(entry, key)
  try {
    await pool.send({
      name: "undercroft_record",
      text: recordText,
      values,
      caller: caller.sealed,
      isRecorded: true,
    })
  } catch (cause) {
    throw explainLookupError(cause)
  }
}
