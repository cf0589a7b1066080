/** A witness of other records: of each it keeps the last head, and cosigns one that goes on from it (C2SP tlog-witness). */
import { UndercroftError } from "../base/errors.ts"
import {
  alertEntry,
  keepWitnessed,
  lockWitnessed,
  noteWitnessed,
  witnessedHead,
} from "../sql/audit-anchors.ts"
import type { AuditDatabase, AuditQuery } from "../store/audit-database.ts"
import { cosign } from "./cosignature.ts"
import type { SigningKey } from "./signing-key.ts"
import { type Head, isConsistent, type NoteKey, parseKey, readCheckpoint } from "./verifier.mts"

/** Declared, or there is no witness. */
export interface WitnessSettings {
  /** The public keys of the records that it knows, `name+0123abcd+AQ…`; a record whose key was changed has several. */
  readonly logs: readonly string[]
}

export interface Witness {
  /** Throws UC971 to UC973; gives the size that it knows where the request went on from another. */
  addCheckpoint(request: string): Promise<{ readonly cosignature: string } | { readonly known: number }>
  /** A line of an anchor's file with the last head of a record. Throws UC972. */
  lastHead(origin: string): Promise<string>
}

interface Request {
  readonly old: number
  readonly path: readonly Buffer[]
  readonly checkpoint: string
}

interface Known {
  readonly size: number
  readonly root: string | null
}

export function createWitness({
  database,
  signing,
  settings,
}: {
  database: AuditDatabase
  signing: SigningKey
  settings: WitnessSettings
}): Witness {
  const logs = settings.logs.map(parseKey)
  return {
    async addCheckpoint(text) {
      const request = readRequest(text)
      const { head, key } = readHead(request.checkpoint, logs)
      if (head.size < 1 || request.old > head.size)
        throw new UndercroftError("UC971", { why: "its sizes are no step forward" })
      // What is refused is on record, too: the transaction ends before it is told.
      const problem = await database.transaction(async (query) => {
        const known = await lock(query, head.origin)
        if (known.size !== request.old) return { known: known.size }
        const why = problemOf(request, known, head)
        if (why !== null) {
          const [noted] = await query(noteWitnessed, [head.origin])
          const detail = { alert: "witness", origin: head.origin, size: head.size, known: known.size, why }
          if (noted) await query(alertEntry, [JSON.stringify(detail)])
          return { why, isSame: known.size === head.size, known: known.size }
        }
        await query(keepWitnessed, [head.origin, head.size, head.root, request.checkpoint, key.text])
        return null
      })
      if (problem === null)
        return { cosignature: cosign(signing, request.checkpoint, Math.floor(Date.now() / 1000)) }
      if (!("why" in problem) || problem.isSame) return { known: problem.known }
      throw new UndercroftError("UC973", { why: problem.why })
    },
    async lastHead(origin) {
      const [row] = await database.transaction((query) => query(witnessedHead, [origin]))
      if (!row || !logs.some(({ name }) => name === origin)) throw new UndercroftError("UC972/origin")
      return `${JSON.stringify({ key: row.key, checkpoint: row.checkpoint })}\n`
    },
  }
}

/** One request after the other, of each record. */
async function lock(query: AuditQuery, origin: string): Promise<Known> {
  await query("insert into audit.witnessed (origin) values ($1) on conflict do nothing", [origin])
  const [row] = await query(lockWitnessed, [origin])
  return { size: Number(row?.size ?? 0), root: (row?.root as string | null) ?? null }
}

/** What keeps a head from being cosigned, or null. */
function problemOf({ path }: Request, known: Known, head: Head): string | null {
  if (known.size === 0) return path.length === 0 ? null : "there is nothing that it could go on from"
  const root = (base64: string): Buffer => Buffer.from(base64, "base64")
  const from = { size: known.size, root: root(known.root ?? "") }
  if (isConsistent(from, { size: head.size, root: root(head.root) }, path)) return null
  return known.size === head.size
    ? "two heads of one size: a fork"
    : "it does not go on from the head that is known"
}

function readRequest(text: string): Request {
  const end = text.indexOf("\n\n")
  const [first = "", ...hashes] = text.slice(0, Math.max(0, end)).split("\n")
  const old = /^old (0|[1-9]\d{0,14})$/.exec(first)?.[1]
  if (old === undefined || hashes.length > 63 || !hashes.every((one) => /^[A-Za-z0-9+/]{43}=$/.test(one)))
    throw new UndercroftError("UC971", { why: "it does not begin with an old size and a proof" })
  return {
    old: Number(old),
    path: hashes.map((one) => Buffer.from(one, "base64")),
    checkpoint: text.slice(end + 2),
  }
}

function readHead(checkpoint: string, logs: readonly NoteKey[]): { head: Head; key: NoteKey } {
  const origin = checkpoint.slice(0, Math.max(0, checkpoint.indexOf("\n")))
  const known = logs.filter(({ name }) => name === origin)
  if (known.length === 0) throw new UndercroftError("UC972/origin")
  for (const key of known) {
    try {
      return { head: readCheckpoint(checkpoint, key), key }
    } catch {}
  }
  throw new UndercroftError("UC972")
}
