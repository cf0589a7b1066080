/** Statements beyond a caller's rights, in the caller's own transaction: sealed here, believed by the database alone from here. */
import { createHash } from "node:crypto"
import { stepName, stepSealPrefix } from "../sql/system-steps.ts"
import type { StatementResult, Transaction } from "./transactions.ts"

export interface SystemStatement {
  /** The tables that it may touch. */
  readonly tables: readonly string[]
  /** One statement that gives rows, its values in it. */
  readonly text: string
}

/** One step as it is put on record. */
export interface StepRecord {
  readonly reason: string
  readonly statements: readonly {
    readonly kind: string
    readonly entities: readonly string[]
    rows: number
  }[]
}

export interface StepsRecord {
  readonly action: string
  /** Null for an anonymous caller. */
  readonly actor: string | null
  readonly steps: readonly StepRecord[]
}

/** The system steps of one transaction. What is not used costs nothing. */
export class SystemSteps {
  private readonly transaction: Transaction
  private readonly key: Buffer
  private place: { readonly pid: unknown; readonly transaction: unknown } | null = null
  private n = 0

  constructor(transaction: Transaction, key: Buffer) {
    this.transaction = transaction
    this.key = key
  }

  /** The rows, with values as any other statement gives them. */
  run(statement: SystemStatement): Promise<StatementResult["rows"]> {
    // Nobody else's statement finds the cursor open.
    return this.transaction.inOneGo(async (send) => {
      await send(
        "select undercroft.run_as_system($1, $2)",
        await this.seal({ do: "run", ...statement }, send),
      )
      const rows = `"${stepName(this.n)}"`
      const found = await send(`fetch all from ${rows}`, [])
      await send(`close ${rows}`, [])
      return found.rows
    })
  }

  /** Puts what was done on record, in this transaction. */
  record(record: StepsRecord): Promise<void> {
    return this.transaction.inOneGo(async (send) => {
      const sealed = await this.seal({ do: "record", tables: [], ...record }, send)
      await send("select undercroft.record_steps($1, $2)", sealed)
    })
  }

  private async seal(step: object, send: Transaction["query"]): Promise<[step: string, seal: string]> {
    this.place ??= await askPlace(send)
    const text = JSON.stringify({ ...step, ...this.place, n: ++this.n })
    const inner = createHash("sha256").update(this.key).update(`${stepSealPrefix}${text}`).digest()
    return [text, createHash("sha256").update(this.key).update(inner).digest("hex")]
  }
}

/** Session and transaction, as the database will compare them. */
async function askPlace(send: Transaction["query"]): Promise<{ pid: unknown; transaction: unknown }> {
  const text =
    'select pg_catalog.pg_backend_pid()::text as "pid", pg_catalog.pg_current_xact_id()::text as "transaction"'
  const [row] = (await send(text, [])).rows
  return { pid: row?.["pid"], transaction: row?.["transaction"] }
}
