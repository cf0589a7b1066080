/** People at work while others are erased: each writes a visit, reads it, and keeps a rate that a practice has. */
import { setTimeout as sleep } from "node:timers/promises"
import { signToken } from "../../src/auth/jwt-sign.ts"
import { nurse, type Someone } from "./people.ts"

export const secret = "a secret of at least thirty-two bytes"

export interface Work {
  /** Written for somebody who stays. */
  readonly written: number
  /** Refused, as it must be for whoever is gone. */
  readonly refused: number
  /** What should not have been answered so. */
  readonly failures: readonly string[]
  /** Milliseconds of each write. */
  readonly took: readonly number[]
  stop(): Promise<void>
}

/** Writes for those who stay and, now and then, for one who may be gone; `perSecond` in all. */
export async function startWriters(
  url: string,
  { stay, gone }: { readonly stay: readonly Someone[]; readonly gone: readonly Someone[] },
  perSecond: number,
): Promise<Work> {
  const token = await signToken(nurse, { secret, expiresInSeconds: 36_000 })
  const work = { written: 0, refused: 0, failures: [] as string[], took: [] as number[] }
  const end = new AbortController()
  const writers = 4
  const write = async (seed: number): Promise<void> => {
    for (let n = seed; !end.signal.aborted; n += writers) {
      const isRisky = n % 5 === 0 && gone.length > 0
      const { patient } = isRisky ? gone[n % gone.length]! : stay[n % stay.length]!
      const begun = performance.now()
      const response = await fetch(`${url}/rest/visits`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ patient, remark: "written meanwhile" }),
      }).catch((cause: Error) => cause)
      if (response instanceof Error) {
        if (!end.signal.aborted) work.failures.push(response.message)
        continue
      }
      const said = await response.text()
      const ms = performance.now() - begun
      work.took.push(ms)
      if (response.status === 201) work.written++
      else if (isRisky && response.status === 409) work.refused++
      else work.failures.push(`${response.status} ${said.slice(0, 200)}`)
      await sleep(Math.max(0, (1000 * writers) / perSecond - ms))
    }
  }
  const running = Array.from({ length: writers }, (_, n) => write(n))
  return Object.assign(work, {
    async stop() {
      end.abort()
      await Promise.all(running)
    },
  })
}
