/** What a call that fails throws, and how to get it without a throw. */
import type { CatalogueCode } from "../base/catalogue.ts"

type AsSent<Code extends string> = Code extends `PG:${infer State}`
  ? AsSent<State>
  : Code extends `${infer Head}/${string}`
    ? Head
    : Code

/** Codes of models, databases at their start, and the command line: no request is answered with one. */
type Unsent = `UC${1 | 2 | 5 | 9}${string}`

/** Codes that a backend answers with: those of PostgREST and PostgreSQL (SQLSTATE), and Undercroft's own. */
export type AnswerCode = AsSent<Exclude<CatalogueCode, Unsent>>

/**
 * Codes of what happens before or without an answer: `NETWORK` no connection, or a broken one; `ABORTED` by the
 * caller's signal; `TIMEOUT` later than `timeoutMs`; `ANSWER` an answer that no backend gives, as of a proxy;
 * `REQUEST` a call that says something which can't be sent.
 */
export type CallCode = "NETWORK" | "ABORTED" | "TIMEOUT" | "ANSWER" | "REQUEST"

/** Every code of a {@link ClientError}, to switch over. */
export type ErrorCode = AnswerCode | CallCode

interface ErrorParts {
  readonly status?: number
  readonly details?: string | null
  readonly hint?: string | null
  readonly retryAfterMs?: number | null
  readonly cause?: unknown
}

/**
 * A call that failed. `code` says what happened, `message` says it to a person, `hint` what to do.
 *
 * @example
 * new ClientError("23505", "another row has the same name", { status: 409 }).code // "23505"
 */
export class ClientError extends Error {
  readonly code: ErrorCode
  /** The status of the answer; 0 where there is none. */
  readonly status: number
  readonly details: string | null
  readonly hint: string | null
  /** When the backend asks to be asked again, from now. */
  readonly retryAfterMs: number | null

  constructor(code: ErrorCode, message: string, parts: ErrorParts = {}) {
    super(message, { cause: parts.cause })
    this.name = "ClientError"
    this.code = code
    this.status = parts.status ?? 0
    this.details = parts.details ?? null
    this.hint = parts.hint ?? null
    this.retryAfterMs = parts.retryAfterMs ?? null
  }
}

/** What came of a call. */
export type Attempt<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly error: ClientError }

/**
 * Waits for a call, and gives what came of it rather than throwing. What is not a `ClientError` is still thrown.
 *
 * @example
 * attempt(Promise.resolve(7))
 */
export async function attempt<T>(call: Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, data: await call }
  } catch (error) {
    if (error instanceof ClientError) return { ok: false, error }
    throw error
  }
}

/** Refuses what can't be sent. */
export function refuse(message: string): never {
  throw new ClientError("REQUEST", message)
}
