/** Goes through the heads in the database: without gap or fork, each signed by the key of its time. */
import { type Signer, signerOf } from "./signers.ts"
import type { Frontier } from "./tree.ts"
import { type Head, readCheckpoint } from "./verifier.mts"

/** What was sealed at once. */
export interface Batch {
  readonly first: number
  readonly size: number
  readonly sealed: string
  readonly frontier: Buffer
  readonly signer: string
  readonly checkpoint: string
}

export class BatchCheck {
  /** The last head whose signature was found good. */
  last: Head | null = null
  readonly #rows: AsyncIterator<Batch>
  readonly #signers: readonly Signer[]

  constructor(rows: AsyncIterable<readonly Record<string, unknown>[]>, signers: readonly Signer[]) {
    this.#rows = each(rows)
    this.#signers = signers
  }

  async next(): Promise<Batch | null> {
    const { value, done } = await this.#rows.next()
    return done ? null : value
  }

  /** What is wrong with the head of a batch that should begin after so many entries, or null. */
  problem(batch: Batch | null, before: number): string | null {
    if (batch === null) return null
    if (batch.size <= before) return `there are two heads of ${batch.size} entries, or one is out of order`
    if (batch.first !== before + 1) return "the head that covers it is gone or was changed"
    try {
      const signer = signerOf(this.#signers, batch.size)
      if (!signer || signer.key.id !== batch.signer) throw new Error("it names another key")
      const head = readCheckpoint(batch.checkpoint, signer.key)
      if (head.size !== batch.size) throw new Error(`it is of ${head.size} entries`)
      if (!isSameMoment(head.time, batch.sealed)) throw new Error("it says another time")
      if (this.last && head.time < this.last.time) throw new Error("it is older than the one before it")
      this.last = head
      return null
    } catch (cause) {
      return `its head, of ${batch.size} entries: ${(cause as Error).message}`
    }
  }

  /** What is wrong with a batch that was gone through, or null. */
  rootProblem(batch: Batch, tree: Frontier): string | null {
    if (tree.root().toString("base64") !== this.last?.root)
      return `one of the entries ${batch.first} to ${batch.size}, sealed together, is not what was signed: they were rewritten`
    if (!tree.toBytes().equals(batch.frontier))
      return `what the tree is gone on with after ${batch.size} entries was changed`
    return null
  }
}

/** `2026-01-01 00:00:00.5` of the database against `2026-01-01T00:00:00.500Z` of a head. */
function isSameMoment(time: string, sealed: string): boolean {
  const moment = Date.parse(`${sealed.replace(" ", "T")}Z`)
  return moment === Date.parse(time) && !/\.\d{4}/.test(sealed)
}

async function* each(chunks: AsyncIterable<readonly Record<string, unknown>[]>): AsyncGenerator<Batch> {
  for await (const rows of chunks)
    for (const row of rows)
      yield { ...(row as unknown as Batch), first: Number(row.first), size: Number(row.size) }
}
