/** Passwords: argon2id, with OWASP's parameters, a few at a time. */
import { availableParallelism } from "node:os"
import { type Algorithm, hash, verify } from "@node-rs/argon2"
import { APIError } from "better-auth/api"
import { createHashQueue, QueueFull } from "./hash-queue.ts"

/** 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Of libuv's four threads at least one is left to others. A hash takes some 25 ms: who waits longest waits two seconds. */
const queue = createHashQueue(Math.min(3, availableParallelism()), 100)

/** How long a password is good that was given to somebody (ASVS 6.4.1). */
export const givenPasswordMs: number = 24 * 3_600_000

/** After the hash of a password that somebody was given: epoch seconds until which it is good. The next one has none. */
const ending = /\$until=(\d{1,12})$/

/** What is stored of a password, which is good `until` then. The same text counts as the same password however its characters are composed. */
export async function hashPassword(password: string, until?: Date): Promise<string> {
  const stored = await inTurn(() => hash(password.normalize("NFKC"), parameters))
  return until ? `${stored}$until=${Math.floor(until.getTime() / 1000)}` : stored
}

/** Whether a password is the one of a hash, and still good, which takes as long to find out; what is no hash fits nothing. */
export async function verifyPassword({
  hash: stored,
  password,
}: {
  hash: string
  password: string
}): Promise<boolean> {
  const until = ending.exec(stored)?.[1]
  const own = stored.replace(ending, "")
  const fits = await inTurn(() => verify(own, password.normalize("NFKC")).catch(() => false))
  return fits && (until === undefined || Date.now() < Number(until) * 1000)
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await queue(work)
  } catch (cause) {
    if (!(cause instanceof QueueFull)) throw cause
    throw new APIError(
      "SERVICE_UNAVAILABLE",
      { code: "TOO_BUSY", message: "Too many people sign in just now: try again in a moment" },
      { "retry-after": "2" },
    )
  }
}
