/** Seals the record in the background, every few seconds; of several processes one at a time does it, and each tells its anchors. */
import { UndercroftError } from "../base/errors.ts"
import { alertEntry } from "../sql/audit-anchors.ts"
import type { AuditDatabase } from "../store/audit-database.ts"
import type { Anchor, SignedHead } from "./anchor.ts"
import { type SealOptions, sealBatch } from "./seal-batch.ts"

export interface SealerOptions extends Omit<SealOptions, "known"> {
  readonly database: AuditDatabase
  readonly anchors: readonly Anchor[]
  /** How long to wait after a look, in milliseconds; 2,000 unless given. */
  readonly everyMs?: number | undefined
  readonly tell: (error: UndercroftError) => void
  /** Done after each look, with how many entries this process sealed. */
  readonly onSealed?: ((count: number) => Promise<void>) | undefined
}

export interface Sealer {
  /** Seals all that waits now; what fails is told, and not thrown. */
  sealNow(): Promise<void>
  /** Seals what waits, and ends. */
  stop(): Promise<void>
}

/** Begins at once. What fails is told, once until it changes, and tried again: entries wait as long as it takes. */
export function startSealer(options: SealerOptions): Sealer {
  const { database, anchors } = options
  const anchored = new Map<Anchor, SignedHead | null>()
  const failing = new Set<Anchor>()
  let known: SignedHead | null = null
  let told = ""
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  function tell(error: UndercroftError): void {
    if (error.message === told) return
    told = error.message
    options.tell(error)
  }

  /** What an anchor knows from before this process counts like what the process has seen. */
  async function askAnchors(): Promise<void> {
    for (const anchor of anchors) {
      if (anchored.has(anchor)) continue
      const last = (await anchor.last?.()) ?? null
      if (last && last.size > (known?.size ?? 0)) known = last
      anchored.set(anchor, last)
    }
  }

  async function giveAnchors(head: SignedHead): Promise<boolean> {
    let isDone = true
    for (const anchor of anchors) {
      if (anchored.get(anchor)?.checkpoint === head.checkpoint) continue
      try {
        await anchor.put(head)
        anchored.set(anchor, head)
        failing.delete(anchor)
      } catch (cause) {
        isDone = false
        if (!failing.has(anchor)) await recordOutage(anchor, cause as NodeJS.ErrnoException)
        failing.add(anchor)
        tell(new UndercroftError("UC553", { name: anchor.name, why: (cause as Error).message }, { cause }))
      }
    }
    return isDone
  }

  /** Once an outage, in each process whose anchor it is. */
  async function recordOutage({ name }: Anchor, { code, message }: NodeJS.ErrnoException): Promise<void> {
    const detail = JSON.stringify({ alert: "anchor", anchor: name, why: code ?? message })
    await database.transaction((query) => query(alertEntry, [detail])).catch(() => undefined)
  }

  async function round(): Promise<void> {
    let sealed = 0
    try {
      await askAnchors()
      for (;;) {
        const { count, head, isMore } = await sealBatch(database, { ...options, known })
        known = head ?? known
        sealed += count
        const isGiven = head === null || (await giveAnchors(head))
        if (isMore) continue
        if (isGiven) told = ""
        await options.onSealed?.(sealed)
        return
      }
    } catch (cause) {
      // PostgreSQL's own words may quote a value.
      const why = (cause as { code?: string }).code ?? (cause as Error).message
      tell(cause instanceof UndercroftError ? cause : new UndercroftError("UC552", { why }, { cause }))
    }
  }

  /** One round after the other, however many ask. */
  function sealNow(): Promise<void> {
    running = running.then(round)
    return running
  }

  function plan(): void {
    if (isStopped) return
    timer = setTimeout(() => void sealNow().then(plan), options.everyMs ?? 2_000)
    timer.unref()
  }

  void sealNow().then(plan)
  return {
    sealNow,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await sealNow()
      await database.close()
    },
  }
}
