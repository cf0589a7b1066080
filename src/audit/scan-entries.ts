/** Goes through all entries in order, and through the heads in the database and of the anchor beside them. */
import { allBatches, erasures, strayPositions } from "../sql/audit-seal.ts"
import type { AuditReader } from "../store/audit-database.ts"
import type { AnchorCheck } from "./check-anchored.ts"
import { type Batch, BatchCheck } from "./check-batches.ts"
import { type EntryRow, entryProblem } from "./check-entry.ts"
import { passPruned } from "./check-pruned.ts"
import type { Findings } from "./findings.ts"
import { readEntries } from "./read-entries.ts"
import type { Signer } from "./signers.ts"
import type { Frontier } from "./tree.ts"

/** Reads within one moment of the record. */
export type Reading = Pick<AuditReader, "query" | "stream" | "queries">

export interface Scan {
  readonly reader: Reading
  readonly signers: readonly Signer[]
  readonly anchor: AnchorCheck
  readonly findings: Findings
  readonly onProgress: (entries: number) => void
}

/** How far it came: all of it, or to the end of the batch where the first finding is. */
export async function scanEntries(
  scan: Scan,
): Promise<{ size: number; time: string | null; prunedThrough: number; prunedYears: number }> {
  const batches = new BatchCheck(scan.reader.stream(allBatches), scan.signers)
  const begins = await passPruned(scan, batches)
  const walk = new Walk(scan, batches, { tree: begins.tree, erased: await readErasures(scan.reader) })
  if (scan.findings.first() !== null) return { size: 0, time: null, prunedThrough: 0, prunedYears: 0 }
  for await (const rows of readEntries(scan.reader)) {
    const isGood = await walk.take(rows)
    scan.onProgress(walk.tree.size)
    if (!isGood) break
  }
  if (scan.findings.first() === null) await walk.end()
  return {
    size: walk.tree.size,
    time: batches.last?.time ?? null,
    prunedThrough: begins.through,
    prunedYears: begins.years,
  }
}

class Walk {
  readonly tree: Frontier
  readonly #scan: Scan
  readonly #batches: BatchCheck
  readonly #erased: ReadonlyMap<string, number>
  readonly #first: number
  #batch: Batch | null = null

  constructor(
    scan: Scan,
    batches: BatchCheck,
    { tree, erased }: { tree: Frontier; erased: ReadonlyMap<string, number> },
  ) {
    this.#scan = scan
    this.#batches = batches
    this.#erased = erased
    this.tree = tree
    this.#first = tree.size + 1
  }

  /** Whether to go on. */
  async take(rows: readonly EntryRow[]): Promise<boolean> {
    for (const row of rows) {
      const batch = this.#isNext(row) ? (this.#batch ?? (await this.#batchOf(row))) : null
      if (batch === null) return false
      const position = Number(row.position)
      const problem = entryProblem(row, { batch, erased: this.#erased })
      if (problem !== null) this.#scan.findings.at(position, problem, row.id)
      this.tree.push(row.leaf)
      if (this.tree.size >= this.#scan.anchor.next) await this.#scan.anchor.compare(this.tree)
      if (this.tree.size === batch.size && !this.#endBatch(batch)) return false
    }
    return true
  }

  #isNext({ position: text, id }: EntryRow): boolean {
    const position = Number(text)
    const { findings } = this.#scan
    if (position === this.tree.size + 1) return true
    if (position > this.tree.size) findings.at(this.tree.size + 1, "it is missing")
    else findings.at(position, position < 1 ? "it was inserted" : "it is there more than once", id)
    return false
  }

  async #batchOf(row: EntryRow): Promise<Batch | null> {
    const batch = await this.#batches.next()
    const none = "it is under no head: it was inserted, or its head is gone"
    const problem = batch === null ? none : this.#batches.problem(batch, this.tree.size)
    if (problem !== null) this.#scan.findings.at(this.tree.size + 1, problem, row.id)
    this.#batch = problem === null ? batch : null
    return this.#batch
  }

  #endBatch(batch: Batch): boolean {
    this.#batch = null
    const problem = this.#batches.rootProblem(batch, this.tree)
    if (problem !== null) this.#scan.findings.within(batch.first, batch.size, problem)
    return this.#scan.findings.first() === null
  }

  /** What should have followed the last entry. */
  async end(): Promise<void> {
    const { findings, anchor, reader } = this.#scan
    const { size } = this.tree
    const next = this.#batch ?? (await this.#batches.next())
    if (next !== null) {
      const problem = this.#batch === null ? this.#batches.problem(next, size) : null
      findings.at(size + 1, problem ?? `it is missing, with all up to ${next.size}, which a head covers`)
    }
    await anchor.end(size)
    const [stray] = await reader.query(strayPositions, [size, this.#first])
    if (stray)
      findings.at(
        Number(stray.position),
        `audit.${stray.place} has something for it, and there is no such entry`,
      )
  }
}

/** Of each person whose personal values were erased, the last entry that says so. */
async function readErasures(reader: Reading): Promise<ReadonlyMap<string, number>> {
  const rows = await reader.query(erasures)
  return new Map(rows.map(({ subject, position }) => [String(subject), Number(position)]))
}
