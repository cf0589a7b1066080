/** Seals what waits, in one transaction: entries get their positions, the tree grows, and its head is signed. */
import { UndercroftError } from "../base/errors.ts"
import { eraseAlone, insertBatch, insertSigner, sealEntries, sealState } from "../sql/audit-seal.ts"
import type { AuditDatabase, AuditQuery } from "../store/audit-database.ts"
import type { SignedHead } from "./anchor.ts"
import { readSigners, type SignerRow, signerOf } from "./signers.ts"
import type { KeyHolder, SigningKey } from "./signing-key.ts"
import { Frontier, isFrontier } from "./tree.ts"
import { readCheckpoint } from "./verifier.mts"

export interface SealOptions {
  readonly keys: KeyHolder
  /** A head that is known to be there: the record never goes on from an earlier one. */
  readonly known?: SignedHead | null
  /** For tests: as of when, in place of the database's clock. */
  readonly at?: Date
}

export interface Sealed {
  readonly count: number
  /** The last head, whoever sealed it. */
  readonly head: SignedHead | null
  /** There may be more than what was taken. */
  readonly isMore: boolean
}

const batchSize = 5_000

interface State {
  readonly leads: boolean
  readonly waits: boolean
  readonly now: Date
  readonly size: string | null
  readonly sealed_at: Date | null
  readonly frontier: Buffer | null
  readonly checkpoint: string | null
  readonly signers: readonly SignerRow[]
}

/** How long it waits for an erasure; a longer one is left to the next look. */
const patience = "set local lock_timeout = '5s'"

/** Throws UC550 and UC551, and what PostgreSQL says; then nothing is done. */
export async function sealBatch(database: AuditDatabase, options: SealOptions): Promise<Sealed> {
  try {
    return await sealAll(database, options)
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "55P03") throw cause
    return { count: 0, head: options.known ?? null, isMore: false }
  }
}

function sealAll(database: AuditDatabase, options: SealOptions): Promise<Sealed> {
  return database.transaction(async (query) => {
    const [state] = (await query(sealState)) as unknown as [State]
    const head = checkState(state, options.known ?? null)
    if (!state.leads || !state.waits) return { count: 0, head, isMore: false }
    await query(patience)
    await query(eraseAlone)
    const active = state.signers.at(-1) ?? null
    const signing = await options.keys.find(active?.key ?? null)
    if (active === null) await query(insertSigner, [1, signing.key.text, 0, null])
    return sealInto(query, {
      state: { ...state, now: options.at ?? state.now },
      signing,
    })
  })
}

async function sealInto(
  query: AuditQuery,
  { state, signing }: { state: State; signing: SigningKey },
): Promise<Sealed> {
  const tree = new Frontier(Number(state.size ?? 0), state.frontier ?? undefined)
  const first = tree.size + 1
  // A clock that went back does not make a batch older than the one before it.
  const at = new Date(Math.max(state.now.getTime(), state.sealed_at?.getTime() ?? 0))
  await query("select audit.prepare_partition($1)", [at])
  const [taken] = (await query(sealEntries, [tree.size, at, batchSize])) as unknown as [
    { count: number; leaves: Buffer | null },
  ]
  const { count, leaves } = taken
  if (leaves === null || leaves.length !== count * 32) throw new Error(`${count} entries were not all hashed`)
  for (let at = 0; at < count; at++) tree.push(leaves.subarray(at * 32, at * 32 + 32))
  const root = tree.root().toString("base64")
  const checkpoint = signing.note(`${signing.key.name}\n${tree.size}\n${root}\ntime ${at.toISOString()}\n`)
  await query(insertBatch, [tree.size, first, at, tree.toBytes(), signing.key.id, checkpoint])
  const head = { size: tree.size, root, checkpoint, key: signing.key.text }
  return { count, head, isMore: count === batchSize }
}

/** What the tree is gone on with must be what was signed: otherwise a changed record would get a good head. */
function checkState(state: State, known: SignedHead | null): SignedHead | null {
  const refuse = (why: string): never => {
    throw new UndercroftError("UC551", { why })
  }
  if (state.size === null || state.checkpoint === null) {
    if (known) refuse(`it has no head, and one of ${known.size} entries is known`)
    return null
  }
  const size = Number(state.size)
  const frontier = state.frontier ?? Buffer.alloc(0)
  let head: SignedHead
  try {
    const signer = signerOf(readSigners(state.signers), size)
    if (!signer) throw new Error("its key is missing")
    const said = readCheckpoint(state.checkpoint, signer.key)
    head = { size: said.size, root: said.root, checkpoint: state.checkpoint, key: signer.key.text }
  } catch (cause) {
    return refuse(`its last head: ${(cause as Error).message}`)
  }
  const isTree =
    isFrontier(size, frontier) && new Frontier(size, frontier).root().toString("base64") === head.root
  if (head.size !== size || !isTree) refuse(`its last head does not fit what it is gone on with`)
  if (known && (known.size > size || (known.size === size && known.root !== head.root)))
    refuse(`it ends with ${size} entries, and another head of ${known.size} entries is known`)
  return head
}
