/** Starts the postmaster again, at the same address, whenever it ends by itself; until it is told to stop. */
import { setTimeout as sleep } from "node:timers/promises"
import { UndercroftError } from "../base/errors.ts"
import { type LaunchParts, launchPostmaster } from "./embedded-launch.ts"
import { type Postmaster, prepareEndpoint, stopPostmaster } from "./embedded-postmaster.ts"
import { endPredecessor } from "./embedded-predecessor.ts"
import type { Endpoint } from "./embedded-settings.ts"

export interface ReviverParts extends LaunchParts {
  readonly endpoint: Endpoint
  /** Told of each end, UC510, and of each start that failed. */
  readonly onEnd: (error: UndercroftError) => void
}

const longLifeMs = 60_000
const waitMsMax = 5_000

export class Reviver {
  private postmaster: Postmaster
  private readonly parts: ReviverParts
  private readonly watching: Promise<void>
  private isStopping = false

  constructor(postmaster: Postmaster, parts: ReviverParts) {
    this.postmaster = postmaster
    this.parts = parts
    this.watching = this.watch()
  }

  /** Stops PostgreSQL, and gives the last postmaster. */
  async stop(): Promise<Postmaster> {
    this.isStopping = true
    await stopPostmaster(this.postmaster, this.parts.programs)
    await this.watching
    return this.postmaster
  }

  private async watch(): Promise<void> {
    for (let waitMs = 0; ; ) {
      const startedAt = Date.now()
      const { code, signal } = await this.postmaster.ended
      if (this.isStopping) return
      this.parts.onEnd(
        new UndercroftError("UC510", { how: signal ?? `code ${code}`, log: this.parts.place.log }),
      )
      if (Date.now() - startedAt > longLifeMs) waitMs = 0
      do {
        await sleep(waitMs, undefined, { ref: false })
        // Not in a circle without a pause, should it die, or not start, for a reason that stays.
        waitMs = Math.min(waitMs * 2 + 50, waitMsMax)
      } while (!this.isStopping && !(await this.start()))
    }
  }

  /** Whether it runs. */
  private async start(): Promise<boolean> {
    const { place, programs, endpoint, onEnd } = this.parts
    try {
      await endPredecessor(place.data, place.log)
      if (!endpoint.listensOnTcp) await prepareEndpoint(place)
      await launchPostmaster(this.parts, (spawned) => (this.postmaster = spawned))
      if (this.isStopping) await stopPostmaster(this.postmaster, programs)
      return true
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "unknown"
      const error =
        cause instanceof UndercroftError
          ? cause
          : new UndercroftError("UC507", { why, log: place.log }, { cause })
      if (!this.isStopping) onEnd(error)
      return false
    }
  }
}
