/**
 * Puts on record what was refused, and what failed in the database, in a transaction of its own: that of the request is undone.
 * The first of its kind is written before it is answered; those that follow within a second are counted, and written as one.
 */
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo } from "../model/model.ts"
import { type Circumstances, recordText, recordValues, type ToldEntry } from "../sql/circumstances.ts"
import { currentCircumstances, under } from "../store/circumstances.ts"
import { type FlightPool, isDatabaseError } from "../store/pool.ts"
import type { Caller } from "./caller.ts"

export interface RefusedRequest {
  readonly caller: Caller | null
  readonly entity?: EntityInfo | undefined
  /** An action that there is: whatever ends its call otherwise than well goes on record. */
  readonly action?: string | undefined
  /** What of its input was given. */
  readonly fields?: readonly string[] | undefined
  /** It is a refusal whatever its code: whoever tells of it knows. */
  readonly isDenied?: boolean
  /** What of it may be told, such as the verb. */
  readonly verb?: string
}

export interface Refusals {
  /** Told of every error that a request is answered with; gives it back when what has to be is on record. */
  note<E>(error: E, request: RefusedRequest): Promise<E>
  /** A refusal in somebody else's words: that of the accounts. */
  noteAnswer(refused: { readonly result: string; readonly route: string }, caller: Caller): Promise<void>
  /** A connection that ended before it was a request: broken HTTP, headers that never end, a client that went away. */
  noteConnection(error: UndercroftError, address: string | null): void
  /** Writes what is counted. */
  close(): Promise<void>
}

export interface RefusalParts {
  readonly pool: FlightPool
  readonly key: Buffer
  /** Told where nothing can be written; it is tried again with the next. */
  readonly tell: (error: UndercroftError) => void
}

interface Window {
  readonly circumstances: Circumstances
  readonly caller: Caller | null
  readonly entry: ToldEntry
  /** Those that are not written yet. */
  count: number
}

const windowMs = 1000
/** Beyond as many kinds in a second callers and addresses are not told apart. */
const mostWindows = 200

export function createRefusals({ pool, key, tell }: RefusalParts): Refusals {
  const windows = new Map<string, Window>()
  let timer: NodeJS.Timeout | undefined

  async function write({ circumstances, caller, entry }: Window, count: number): Promise<void> {
    const told = count === 1 ? entry : { ...entry, detail: { ...(entry.detail as object), count } }
    const send = (sealed: Caller["sealed"], one: ToldEntry): Promise<unknown> =>
      under(circumstances, () => {
        const values = recordValues(one, key)
        return pool.send({
          name: "undercroft_record",
          text: recordText,
          values,
          caller: sealed,
          isRecorded: true,
        })
      })
    const anyway: ToldEntry = { ...told, ...(caller?.id ? { actor: `user:${caller.id}` } : {}) }
    try {
      // Whoever may no longer enter is told by what they were known as.
      await send(caller?.sealed ?? null, told).catch((cause) => {
        if (!isDatabaseError(cause)) throw cause
        return send(null, anyway)
      })
    } catch (cause) {
      tell(new UndercroftError("UC690", {}, { cause }))
      throw cause
    }
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const due = [...windows]
    windows.clear()
    for (const [name, window] of due) {
      const { count } = window
      if (count > 0) await write(window, count).catch(() => keep(name, window, count))
    }
    if (windows.size > 0) schedule()
  }

  /** Nothing is lost for being written late. */
  function keep(name: string, window: Window, count: number): void {
    const found = windows.get(name)
    if (found) found.count += count
    else windows.set(name, { ...window, count })
  }

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), windowMs).unref()
  }

  async function count<E>(error: E, entry: ToldEntry, request: RefusedRequest): Promise<E> {
    const circumstances = currentCircumstances()
    const { door, address } = circumstances
    const own = JSON.stringify([request.caller?.id, door, address, entry])
    const isMany = windows.size >= mostWindows && !windows.has(own)
    const name = isMany ? JSON.stringify([door, entry]) : own
    const found = windows.get(name)
    if (found || isMany) {
      const window = {
        circumstances: { ...circumstances, request: null, address: null },
        caller: null,
        entry,
        count: 0,
      }
      keep(name, window, 1)
      schedule()
      return error
    }
    const window = { circumstances, caller: request.caller, entry, count: 0 }
    windows.set(name, window)
    schedule()
    try {
      await write(window, 1)
    } catch {
      keep(name, window, 1)
    }
    return error
  }

  return {
    async note(error, request) {
      const entry = entryOf(error, request)
      return entry === null ? error : count(error, entry, request)
    },
    async noteAnswer({ result, route }, caller) {
      await count(null, { kind: "denied", result, detail: { route } }, { caller })
    },
    noteConnection({ code }, address) {
      const circumstances = { door: "http", request: null, address, purpose: null }
      const entry = { kind: "denied", result: code }
      void under(circumstances, () => count(null, entry, { caller: null }))
    },
    close: flush,
  }
}

/** A field that is read or written, or a relation, which there is not, or not for this caller. */
const unknowns: ReadonlySet<string> = new Set(["42703", "PGRST200", "PGRST204"])

/** Null for what is no refusal, and nothing that the database has seen: a mistake in writing, or nothing there. */
function entryOf(error: unknown, request: RefusedRequest): ToldEntry | null {
  if (!(error instanceof UndercroftError)) return null
  const { entity, action, fields, verb } = request
  const { code, status } = error
  // Nothing was done, and it is done again.
  if (code === "UC610") return null
  const isDenied =
    request.isDenied === true ||
    (action !== undefined && status === 403) ||
    code === "42501" ||
    code.startsWith("PGRST30") ||
    (code.startsWith("UC6") && status < 500) ||
    (unknowns.has(code) && entity?.audit.reads === true)
  const isFailed = isDatabaseError(error.cause) || endsCall(error, action) || missesRow(code, verb)
  if (!isDenied && !isFailed) return null
  const detail = { ...(action ? { action } : {}), ...(verb ? { verb } : {}) }
  return {
    kind: isDenied ? "denied" : "failed",
    result: code,
    ...(entity ? { entity: entity.name } : {}),
    ...(fields && fields.length > 0 ? { fields } : {}),
    ...(action || verb ? { detail } : {}),
  }
}

/** A call that waits for approval has an entry of that kind; with no database there is none. */
function endsCall({ code, status }: UndercroftError, action: string | undefined): boolean {
  return action !== undefined && status >= 400 && code !== "UC691"
}

/** A write that was about one row, which there is not, or not in the version that was meant. */
function missesRow(code: string, verb: string | undefined): boolean {
  return (code === "UC308" || code === "PGRST116") && verb !== "read"
}
