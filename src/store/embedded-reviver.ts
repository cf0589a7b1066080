/** Starts the postmaster again, at the same address, whenever it ends by itself; until it is told to stop. */
import { setTimeout as sleep } from "node:timers/promises"
import type { ClientConfig } from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Place } from "./embedded-place.ts"
import {
  type Postmaster,
  prepareEndpoint,
  spawnPostmaster,
  stopPostmaster,
  untilReady,
} from "./embedded-postmaster.ts"
import { endPredecessor } from "./embedded-predecessor.ts"
import type { Programs } from "./embedded-programs.ts"
import type { Endpoint } from "./embedded-settings.ts"

export interface ReviverParts {
  readonly place: Place
  readonly programs: Programs
  readonly endpoint: Endpoint
  readonly settings: readonly string[]
  readonly connection: ClientConfig
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
      // Not in a circle without a pause, should it die of what it does first.
      waitMs = Date.now() - startedAt > longLifeMs ? 0 : Math.min(waitMs * 2 + 50, waitMsMax)
      do await sleep(waitMs, undefined, { ref: false })
      while (!this.isStopping && !(await this.start()))
    }
  }

  /** Whether it runs. */
  private async start(): Promise<boolean> {
    const { place, programs, endpoint, settings, connection, onEnd } = this.parts
    try {
      await endPredecessor(place.data, place.log)
      if (!endpoint.listensOnTcp) await prepareEndpoint(place)
      this.postmaster = await spawnPostmaster(place, programs, settings)
      if (this.isStopping) await stopPostmaster(this.postmaster, programs)
      else await untilReady(this.postmaster, place, connection, () => undefined)
      this.postmaster.hold(false)
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
