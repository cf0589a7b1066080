/** Brings a postmaster up on data that nobody else serves any more. */
import type { ClientConfig } from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Place } from "./embedded-place.ts"
import { type Postmaster, spawnPostmaster, stopPostmaster, untilReady } from "./embedded-postmaster.ts"
import { endPredecessor } from "./embedded-predecessor.ts"
import type { Programs } from "./embedded-programs.ts"

export interface LaunchParts {
  readonly place: Place
  readonly programs: Programs
  readonly settings: readonly string[]
  readonly connection: ClientConfig
  readonly onProgress: (step: string) => void
}

const triesMax = 5

/** Gives the version, and each postmaster as soon as it is started. Throws UC507, UC509 when none runs. */
export async function launchPostmaster(
  parts: LaunchParts,
  onSpawn: (postmaster: Postmaster) => void,
): Promise<string> {
  const { place, programs } = parts
  for (let tries = 1; ; tries++) {
    const postmaster = await spawnPostmaster(place, programs, parts.settings)
    onSpawn(postmaster)
    try {
      const version = await untilReady(postmaster, place, parts.connection, parts.onProgress)
      postmaster.hold(false)
      return version
    } catch (cause) {
      await stopPostmaster(postmaster, programs)
      if (tries === triesMax || !wasPreceded(cause)) throw cause
      await endPredecessor(place.data, place.log)
    }
  }
}

/** A predecessor that was killed while it started PostgreSQL: the child becomes one after we have looked. */
function wasPreceded(cause: unknown): boolean {
  return cause instanceof UndercroftError && /lock file ".*" already exists/.test(cause.message)
}
