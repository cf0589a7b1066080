/** Sends one call: headers, the time it may take, what is sent again and when. */
import { ClientError, type ErrorCode } from "./client-error.ts"

/** What a client is made with. */
export interface ClientOptions {
  /** Where the backend is, such as `http://127.0.0.1:4000`. */
  readonly url: string
  /** The bearer token, or what gives one: it is asked before each request. Without one the caller is anonymous. */
  readonly token?: string | (() => string | null | undefined | Promise<string | null | undefined>)
  /** Sends a request; the platform's own unless given. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** How long a call may take, with all that is sent again; 30,000 unless given, 0 for no end. */
  readonly timeoutMs?: number
  /** How often a call is sent again that met a broken connection or a busy server; 2 unless given. */
  readonly retries?: number
}

/** A request to come. */
export interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE"
  /** After the backend's address. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  readonly idempotencyKey?: string | undefined
}

/** The answer's JSON; undefined where it is empty. Throws `ClientError`. */
export type Send = (call: Call) => Promise<unknown>

/** Whether a call may be sent again, and under which key. */
interface Repeat {
  isSafe: boolean
  readonly key: string | undefined
}

const firstWaitMs = 200
const longestWaitMs = 30_000
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504])

export function createSend(options: ClientOptions): Send {
  const { timeoutMs = 30_000, retries = 2 } = options
  const base = options.url.replace(/\/+$/, "")
  // As a variable: a browser's fetch refuses to be another object's method.
  const { fetch: request = globalThis.fetch } = options

  async function sendOnce(call: Call, repeat: Repeat, signal: AbortSignal): Promise<unknown> {
    const token = typeof options.token === "function" ? await options.token() : options.token
    signal.throwIfAborted()
    const headers = new Headers(options.headers)
    headers.set("accept", "application/json")
    if (call.body !== undefined) headers.set("content-type", "application/json")
    if (token) headers.set("authorization", `Bearer ${token}`)
    // Keys belong to callers: what nobody signed in for is sent once.
    const key = call.idempotencyKey ?? (headers.has("authorization") ? repeat.key : undefined)
    if (key !== undefined) headers.set("idempotency-key", key)
    repeat.isSafe ||= key !== undefined
    for (const [name, value] of Object.entries(call.headers ?? {})) headers.set(name, value)
    const body = call.body === undefined ? null : JSON.stringify(call.body)
    let response: Response
    let text: string
    try {
      // A backend sends nobody elsewhere; a proxy that does must not get the body a second time.
      const init: RequestInit = { method: call.method, headers, body, signal, redirect: "error" }
      response = await request(base + call.path, init)
      text = await response.text()
    } catch (cause) {
      throw new ClientError("NETWORK", "the backend can't be reached", { cause })
    }
    return readAnswer(response, text)
  }

  return async (call) => {
    const deadline = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined
    const signal = AbortSignal.any([call.signal, deadline].filter((one) => one !== undefined))
    const isSafe = call.method === "GET" || call.method === "DELETE"
    const repeat: Repeat = {
      isSafe,
      key: isSafe || retries === 0 ? undefined : globalThis.crypto.randomUUID?.(),
    }
    try {
      for (let retry = 0; ; retry++) {
        try {
          return await until(signal, sendOnce(call, repeat, signal))
        } catch (error) {
          if (!(error instanceof ClientError)) throw error
          // The row that was to go is gone: by the try before, whose answer was lost.
          if (retry > 0 && call.method === "DELETE" && error.code === "PGRST116") return undefined
          const waitMs = repeat.isSafe && retry < retries ? waitBefore(error, retry) : null
          if (waitMs === null) throw error
          await pause(waitMs, signal)
        }
      }
    } catch (cause) {
      if (call.signal?.aborted) throw new ClientError("ABORTED", "the call was aborted", { cause })
      if (deadline?.aborted) throw new ClientError("TIMEOUT", "the call took too long", { cause })
      throw cause
    }
  }
}

/** The promise, or the signal's reason as soon as there is one. */
async function until<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener("abort", stop)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener("abort", stop)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await until(signal, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))))
  } finally {
    clearTimeout(timer)
  }
}

/** Milliseconds, or null for what would fail again, or is to be sent again so late that nobody waits. */
function waitBefore({ code, status, retryAfterMs }: ClientError, retry: number): number | null {
  if (code !== "NETWORK" && !passing.has(status)) return null
  if (retryAfterMs !== null) return retryAfterMs <= longestWaitMs ? retryAfterMs : null
  // With jitter, so that clients which failed together do not come back together.
  return Math.min(longestWaitMs, firstWaitMs * 2 ** retry) * (0.5 + Math.random() / 2)
}

function readAnswer(response: Response, text: string): unknown {
  const { status } = response
  let body: unknown
  try {
    body = text === "" ? undefined : JSON.parse(text)
  } catch {
    body = null
  }
  // 202: nothing was done yet, somebody else has to approve it.
  const isDone = response.ok && status !== 202
  if (isDone && (body !== null || text === "null")) return body
  const retryAfterMs = readRetryAfter(response.headers.get("retry-after"))
  const { code, message, details, hint } = (body ?? {}) as Readonly<Record<string, string | undefined>>
  if (isDone || typeof code !== "string" || typeof message !== "string")
    throw new ClientError("ANSWER", `the answer (${status}) is not a backend's`, { status, retryAfterMs })
  throw new ClientError(code as ErrorCode, message, {
    status,
    details: details ?? null,
    hint: hint ?? null,
    retryAfterMs,
  })
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function readRetryAfter(header: string | null): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
