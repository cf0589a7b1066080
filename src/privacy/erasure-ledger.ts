/** The erasure ledger: who was erased, kept outside of the database, so that no restored backup brings them back. It has identifiers alone. */
import { readFile } from "node:fs/promises"
import { appendLine } from "../base/append-line.ts"
import { UndercroftError } from "../base/errors.ts"
import type { PersonKey } from "../store/find-subject.ts"

/** One erasure. */
export interface LedgerLine {
  readonly id: string
  readonly at: string
  readonly persons: readonly PersonKey[]
  readonly account: string | null
}

export interface ErasureLedger {
  /** Returns when it is on the disk. Throws UC991. */
  add(line: LedgerLine): Promise<void>
  /** All of them, the oldest first. Throws UC991 where a line can't be read: it would be a person who comes back. */
  read(): Promise<readonly LedgerLine[]>
}

/** A line of JSON for each erasure, added at the end and never changed. */
export function erasureLedger(path: string): ErasureLedger {
  const refuse = (why: string, cause?: unknown): UndercroftError =>
    new UndercroftError("UC991", { path, why }, { cause })
  return {
    async add(line) {
      try {
        // Half a line before it was never committed.
        await appendLine(path, line)
      } catch (cause) {
        throw refuse((cause as NodeJS.ErrnoException).code ?? "it can't be written", cause)
      }
    },
    async read() {
      const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === "ENOENT") return ""
        throw refuse(cause.code ?? "it can't be read", cause)
      })
      const lines = text.split("\n").filter((one) => one !== "")
      return lines.flatMap((one, at) => {
        const line = parseLine(one)
        if (line) return [line]
        // Half a line is what a power cut left: no JSON, and nothing was committed after it.
        if (!one.endsWith("}")) return []
        throw refuse(`line ${at + 1} is no erasure`)
      })
    },
  }
}

function parseLine(text: string): LedgerLine | null {
  try {
    const line = JSON.parse(text) as Partial<LedgerLine>
    const isLine = typeof line.id === "string" && Array.isArray(line.persons) && line.account !== undefined
    return isLine ? (line as LedgerLine) : null
  } catch {
    return null
  }
}
