/** Recomputes the whole record and compares it with its heads, and with those that an anchor kept: the first bad entry is named. */
import { allSigners, strangeTables, waitingCount } from "../sql/audit-seal.ts"
import type { AnchoredHead } from "./anchored-heads.ts"
import { AnchorCheck } from "./check-anchored.ts"
import { type Cosigned, checkCosignatures } from "./check-cosignatures.ts"
import { type Finding, Findings } from "./findings.ts"
import { type Reading, scanEntries } from "./scan-entries.ts"
import { readSigners, type Signer, type SignerRow, signerOf } from "./signers.ts"

export interface Verdict {
  readonly intact: boolean
  /** How many entries were gone through. */
  readonly size: number
  /** When the last head over them was made. */
  readonly time: string | null
  /** Entries that are not sealed yet, and so not protected yet. */
  readonly waiting: number
  readonly bad: Finding | null
  /** What limits what was shown. */
  readonly notes: readonly string[]
  /** Entries up to here were pruned, as one that is there announced; 0 where none were. */
  readonly prunedThrough: number
  /** What witnesses signed. */
  readonly cosigned: readonly Cosigned[]
}

export interface VerifyOptions {
  readonly reader: Reading
  /** From a file that was opened before the reader; null where there is none. */
  readonly anchored: AsyncIterable<AnchoredHead> | null
  /** Public keys that are known to be right, from elsewhere than the database. */
  readonly keys: readonly string[]
  /** What the definition says: whoever could forge an entry that waits can't change that. */
  readonly declared?: Declared
  readonly onProgress?: (entries: number) => void
}

export interface Declared {
  /** How long entries are kept; null: for ever. */
  readonly years: number | null
  /** The keys of witnesses. */
  readonly witnesses: readonly string[]
}

/** Connections that are worth it: while PostgreSQL makes pages on both, one process goes through them. */
export const verifyConnections = 2

/** Bounded in memory, however long the record is. */
export async function verifyRecord(options: VerifyOptions): Promise<Verdict> {
  const { reader, anchored, keys } = options
  const findings = new Findings()
  const notes: string[] = []
  if (anchored === null && keys.length === 0)
    notes.push(
      "Neither an anchor nor a key was given: whoever rewrites all, heads and keys too, goes unnoticed.",
    )
  const end = (said: Pick<Verdict, "size" | "time" | "waiting"> & Partial<Verdict>): Verdict => {
    const bad = findings.first()
    return { prunedThrough: 0, cosigned: [], ...said, intact: bad === null, bad, notes }
  }

  const [strange] = await reader.query(strangeTables)
  if (strange) {
    findings.at(1, `audit.${strange.name} is not the table that Undercroft made`)
    return end({ size: 0, time: null, waiting: 0 })
  }
  const waiting = Number((await reader.query(waitingCount))[0]?.waiting)
  const signers = await loadSigners(reader, findings)
  if (signers === null) return end({ size: 0, time: null, waiting })

  const anchor = new AnchorCheck(anchored, signers, findings)
  await anchor.start()
  const onProgress = options.onProgress ?? (() => undefined)
  const scanned = await scanEntries({ reader, signers, anchor, findings, onProgress })
  const problem = keyProblem(keys, signers, scanned.size)
  if (problem !== null) findings.within(1, scanned.size, problem)
  const { cosigned, notes: said } = await checkCosignatures(
    { reader, findings },
    options.declared?.witnesses ?? null,
  )
  notes.push(...anchor.notes, ...said, ...pruningNotes(scanned, options.declared))
  const { size, time, prunedThrough } = scanned
  return end({ size, time, prunedThrough, waiting, cosigned })
}

async function loadSigners(reader: Reading, findings: Findings): Promise<readonly Signer[] | null> {
  try {
    const rows = (await reader.query(allSigners)) as unknown as readonly SignerRow[]
    return readSigners(rows.map((row) => ({ ...row, since: Number(row.since) })))
  } catch (cause) {
    findings.at(1, `the keys in the database: ${(cause as Error).message}`)
    return null
  }
}

/** A key that is known to be right must have signed the last head, or announced, through others, the one that did. */
function keyProblem(keys: readonly string[], signers: readonly Signer[], size: number): string | null {
  const last = signerOf(signers, size)
  if (keys.length === 0 || last === undefined || size === 0) return null
  const until = signers.slice(0, signers.indexOf(last) + 1)
  if (until.some(({ key }) => keys.includes(key.text))) return null
  return "no head is signed by a key that was given: all of it may have been rewritten"
}

/** An announcement may be forged before it is sealed: then it says less than the definition does. */
function pruningNotes(
  { prunedThrough, prunedYears }: { prunedThrough: number; prunedYears: number },
  declared: Declared | undefined,
): readonly string[] {
  if (!declared || prunedThrough === 0 || (declared.years ?? Number.POSITIVE_INFINITY) <= prunedYears)
    return []
  const kept = declared.years === null ? "for ever" : `${declared.years} years`
  return [
    `Entries 1 to ${prunedThrough} were pruned as older than ${prunedYears} ${prunedYears === 1 ? "year" : "years"}, and the definition keeps them ${kept}: unless it said otherwise then, somebody else had them pruned.`,
  ]
}
