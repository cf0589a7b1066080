/** Passwords: argon2id, with OWASP's parameters, a few at a time. */
import { availableParallelism } from "node:os"
import { type Algorithm, hash, verify } from "@node-rs/argon2"
import { APIError } from "better-auth/api"
import { createHashQueue, QueueFull } from "./hash-queue.ts"

/** 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Of libuv's four threads at least one is left to others. A hash takes some 25 ms: who waits longest waits two seconds. */
const queue = createHashQueue(Math.min(3, availableParallelism()), 100)

/** What is stored of a password. The same text counts as the same password however its characters are composed. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize("NFKC"), parameters))
}

/** Whether a password is the one of a hash; what is no hash fits nothing. */
export function verifyPassword({
  hash: stored,
  password,
}: {
  hash: string
  password: string
}): Promise<boolean> {
  return inTurn(() => verify(stored, password.normalize("NFKC")).catch(() => false))
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
