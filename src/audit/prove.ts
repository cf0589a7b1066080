/** Proofs that anyone can check without the database: that an entry is in the record, that the record of then is in that of now. */
import { UndercroftError } from "../base/errors.ts"
import { allSigners, leavesBetween, oneBatch, oneEntry } from "../sql/audit-seal.ts"
import type { AuditReader } from "../store/audit-database.ts"
import { readSigners, type SignerRow, signerOf } from "./signers.ts"
import { collectPath, consistencyRanges, inclusionRanges, type LeafRange } from "./tree.ts"
import {
  type ConsistencyProof,
  checkProof,
  type Head,
  type InclusionProof,
  readCheckpoint,
} from "./verifier.mts"

/** For an entry by its position or identifier. Throws UC944 where it is not sealed, and UC551 where the record contradicts itself. */
export async function proveEntry(reader: AuditReader, which: string): Promise<InclusionProof> {
  const [found] = await reader.query(oneEntry, [which])
  if (!found) throw new UndercroftError("UC944", { what: `entry ${which}` })
  const last = await readHead(reader, null)
  const position = Number(found.position)
  const path = await pathOf(reader, inclusionRanges(position - 1, last.head.size), last.head.size)
  const { checkpoint, key } = last
  const proof = { position, entry: String(found.canonical), path, checkpoint, key }
  return sound({ kind: "inclusion" as const, ...proof })
}

/** From a size that had a head to a later one, the last unless given. Throws like `proveEntry`. */
export async function proveConsistency(
  reader: AuditReader,
  older: number,
  newer: number | null = null,
): Promise<ConsistencyProof> {
  const [from, to] = [await readHead(reader, older), await readHead(reader, newer)]
  if (older > to.head.size)
    throw new UndercroftError("UC944", { what: `head of ${newer} entries after ${older}` })
  const path = await pathOf(reader, consistencyRanges(older, to.head.size), to.head.size)
  const { size, root } = from.head
  return sound({
    kind: "consistency" as const,
    from: { size, root },
    path,
    checkpoint: to.checkpoint,
    key: to.key,
  })
}

/** What is given away as a proof is one. */
function sound<P extends InclusionProof | ConsistencyProof>(proof: P): P {
  const problem = checkProof(proof)
  if (problem !== null) throw new UndercroftError("UC551", { why: problem })
  return proof
}

async function readHead(
  reader: AuditReader,
  size: number | null,
): Promise<{ head: Head; checkpoint: string; key: string }> {
  const [row] = await reader.query(oneBatch, [size])
  if (!row) throw new UndercroftError("UC944", { what: size === null ? "entry" : `head of ${size} entries` })
  const rows = (await reader.query(allSigners)) as unknown as readonly SignerRow[]
  try {
    const signers = readSigners(rows.map((one) => ({ ...one, since: Number(one.since) })))
    const signer = signerOf(signers, Number(row.size))
    if (!signer) throw new Error("its key is missing")
    const checkpoint = String(row.checkpoint)
    return { head: readCheckpoint(checkpoint, signer.key), checkpoint, key: signer.key.text }
  } catch (cause) {
    throw new UndercroftError("UC551", { why: (cause as Error).message }, { cause })
  }
}

async function pathOf(reader: AuditReader, ranges: readonly LeafRange[], size: number): Promise<string[]> {
  const path = await collectPath(ranges, leavesOf(reader, size))
  return path.map((hash) => hash.toString("base64"))
}

async function* leavesOf(reader: AuditReader, size: number): AsyncGenerator<readonly Buffer[]> {
  for await (const rows of reader.stream(leavesBetween, [1, size]))
    yield rows.map((row) => row.leaf as Buffer)
}
