/** Brings the last head to anchors across a network: beside the sealing, again after a failure, and known in the database until it is there. */
import { UndercroftError } from "../base/errors.ts"
import {
  alertEntry,
  delayDelivery,
  endDelivery,
  keepCosignature,
  makeDelivery,
  takeDelivery,
} from "../sql/audit-anchors.ts"
import type { AuditDatabase } from "../store/audit-database.ts"
import type { RemoteAnchor } from "./anchor.ts"
import { lastHead, proveConsistency } from "./prove.ts"

export interface CourierOptions {
  readonly database: AuditDatabase
  readonly anchors: readonly RemoteAnchor[]
  /** How long to wait after a look, in milliseconds; 2,000 unless given. */
  readonly everyMs?: number | undefined
  readonly tell: (error: UndercroftError) => void
}

export interface Courier {
  /** Brings what is due now; what fails is told, and not thrown. */
  deliverNow(): Promise<void>
  /** Waits for what is under way. */
  stop(): Promise<void>
}

/** A head covers all before it, so that what was missed in an outage is made up for by one. */
export function startCourier({ database, anchors, everyMs = 2_000, tell }: CourierOptions): Courier {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function deliver(anchor: RemoteAnchor): Promise<void> {
    const task = await database.transaction(async (query) => {
      await query(makeDelivery, [anchor.name])
      const [taken] = await query(takeDelivery, [anchor.name])
      return taken ? { failures: Number(taken.failures), head: await lastHead({ query }) } : null
    })
    if (task === null) return
    const { head, failures } = task
    try {
      const cosigned = await anchor.put(head, async (older) => {
        const proof = await database.transaction((query) => proveConsistency({ query }, older, head.size))
        return proof.path
      })
      await database.transaction(async (query) => {
        if (cosigned) await query(keepCosignature, [head.size, cosigned.witness, cosigned.line])
        await query(endDelivery, [anchor.name, head.size, anchor.everySeconds])
      })
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
      await database.transaction(async (query) => {
        await query(delayDelivery, [anchor.name])
        if (failures === 0)
          await query(alertEntry, [JSON.stringify({ alert: "anchor", anchor: anchor.name, why })])
      })
      if (failures === 0) tell(new UndercroftError("UC553", { name: anchor.name, why }, { cause }))
    }
  }

  async function round(): Promise<void> {
    for (const anchor of anchors) {
      // A database that does not answer is told by the sealer.
      if (!isStopped) await deliver(anchor).catch(() => undefined)
    }
  }

  function deliverNow(): Promise<void> {
    running = running.then(round)
    return running
  }

  function plan(): void {
    if (isStopped) return
    timer = setTimeout(() => void deliverNow().then(plan), everyMs)
    timer.unref()
  }

  plan()
  return {
    deliverNow,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
      await database.close()
    },
  }
}
