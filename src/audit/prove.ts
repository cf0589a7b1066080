/** Proofs that anyone can check without the database: that an entry is in the record, that the record of then is in that of now. */
import { UndercroftError } from "../base/errors.ts"
import { allSigners, beginning, leavesBetween, oneBatch, oneEntry } from "../sql/audit-seal.ts"
import type { AuditQuery, AuditReader } from "../store/audit-database.ts"
import type { SignedHead } from "./anchor.ts"
import { readSigners, type SignerRow, signerOf } from "./signers.ts"
import { collectPath, consistencyRanges, Frontier, inclusionRanges, type LeafRange } from "./tree.ts"
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
  const [begin] = await reader.query(beginning)
  const base = frontierOf(begin)
  const path = await pathOf(reader.query, inclusionRanges(position - 1, last.head.size), {
    base,
    size: last.head.size,
  })
  const { checkpoint, key } = last
  const proof = { position, entry: String(found.canonical), path, checkpoint, key }
  return sound({ kind: "inclusion" as const, ...proof })
}

/** From a size that had a head to a later one, the last unless given. Throws like `proveEntry`. */
export async function proveConsistency(
  reader: { readonly query: AuditQuery },
  older: number,
  newer: number | null = null,
): Promise<ConsistencyProof> {
  const [from, to] = [await readHead(reader, older), await readHead(reader, newer)]
  if (older > to.head.size)
    throw new UndercroftError("UC944", { what: `head of ${newer} entries after ${older}` })
  const [begin] = await reader.query(beginning)
  if (older < Number(begin?.size ?? 0))
    throw new UndercroftError("UC944", { what: `entry after the first ${older}: the next ones were pruned` })
  const ranges = consistencyRanges(older, to.head.size)
  const path = await pathOf(reader.query, ranges, { base: from.frontier, size: to.head.size })
  const { size, root } = from.head
  return sound({
    kind: "consistency" as const,
    from: { size, root },
    path,
    checkpoint: to.checkpoint,
    key: to.key,
  })
}

/** The last head, its signature checked. Throws UC944 where nothing is sealed, and UC551. */
export async function lastHead(reader: { readonly query: AuditQuery }): Promise<SignedHead> {
  const { head, checkpoint, key } = await readHead(reader, null)
  return { size: head.size, root: head.root, checkpoint, key }
}

/** What is given away as a proof is one. */
function sound<P extends InclusionProof | ConsistencyProof>(proof: P): P {
  const problem = checkProof(proof)
  if (problem !== null) throw new UndercroftError("UC551", { why: problem })
  return proof
}

async function readHead(
  reader: { readonly query: AuditQuery },
  size: number | null,
): Promise<{ head: Head; checkpoint: string; key: string; frontier: Frontier }> {
  const [row] = await reader.query(oneBatch, [size])
  if (!row) throw new UndercroftError("UC944", { what: size === null ? "entry" : `head of ${size} entries` })
  const rows = (await reader.query(allSigners)) as unknown as readonly SignerRow[]
  try {
    const signers = readSigners(rows.map((one) => ({ ...one, since: Number(one.since) })))
    const signer = signerOf(signers, Number(row.size))
    if (!signer) throw new Error("its key is missing")
    const checkpoint = String(row.checkpoint)
    const head = readCheckpoint(checkpoint, signer.key)
    return { head, checkpoint, key: signer.key.text, frontier: frontierOf(row) }
  } catch (cause) {
    throw new UndercroftError("UC551", { why: (cause as Error).message }, { cause })
  }
}

/** What a row of `audit.batch` says of the tree; of none, a tree that begins. */
function frontierOf(row: Readonly<Record<string, unknown>> | undefined): Frontier {
  return row ? new Frontier(Number(row.size), row.frontier as Buffer) : new Frontier()
}

async function pathOf(
  query: AuditQuery,
  ranges: readonly LeafRange[],
  { base, size }: { base: Frontier; size: number },
): Promise<string[]> {
  const path = await collectPath(ranges, leavesOf(query, { from: base.size + 1, to: size }), base)
  return path.map((hash) => hash.toString("base64"))
}

const leavesAtOnce = 20_000

async function* leavesOf(
  query: AuditQuery,
  { from, to }: { from: number; to: number },
): AsyncGenerator<readonly Buffer[]> {
  for (let at = from; at <= to; at += leavesAtOnce) {
    const rows = await query(leavesBetween, [at, Math.min(to, at + leavesAtOnce - 1)])
    yield rows.map((row) => row.leaf as Buffer)
  }
}
