/** A running backend of posts for the tests of hooks: how it is asked, and what is in it. */
import { afterAll, beforeAll, beforeEach } from "vitest"
import type { LogEntry } from "../../src/actions/action-log.ts"
import { startTestBackend, type TestAnswer, type TestBackend, type TestCaller } from "./backend.ts"
import { boardBackend, probe } from "./board-backend.ts"

export const ann: TestCaller = { id: "ann" }
export const bob: TestCaller = { id: "bob" }
export const board = "00000000-0000-7000-8000-00000000000a"
export const id = (at: number): string => `00000000-0000-7000-8000-0000000000${10 + at}`
export const representation: Readonly<Record<string, string>> = { prefer: "return=representation" }

/** `409 UC702` */
export const brief = ({ status, json }: TestAnswer): string => `${status} ${json?.code ?? ""}`.trim()

interface Options {
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface BoardBackend {
  readonly causes: string[]
  readonly entries: LogEntry[]
  backend(): TestBackend
  /** As ann, unless another caller is named. */
  ask(method: string, path: string, options?: Options, caller?: TestCaller): Promise<TestAnswer>
  call(action: string, body: unknown): Promise<TestAnswer>
  /** The posts by their titles. */
  stored(): Promise<any[]>
  trails(): Promise<string[]>
  /** Puts a post there that no hook was shown; `more` is such as `views=50`. */
  put(at: number, title: string, more?: string): Promise<unknown>
}

/** Starts one for a file of tests, and empties it before each. */
export function useBoardBackend(): BoardBackend {
  let backend: TestBackend
  const causes: string[] = []
  const entries: LogEntry[] = []
  beforeAll(async () => {
    backend = await startTestBackend(boardBackend, {
      allowsRollback: true,
      onError: ({ cause }) => void causes.push(String((cause as Error | undefined)?.message)),
      onLog: (entry) => void entries.push(entry),
    })
  })
  afterAll(() => backend?.stop())
  beforeEach(async () => {
    for (const table of ["flags", "posts", "trails", "boards"]) await backend.sql(`delete from app.${table}`)
    await backend.sql("delete from undercroft_state.once")
    await backend.sql(
      `insert into app.boards (id, name, member) values ('${board}', 'ann''s', 'ann'), ('00000000-0000-7000-8000-00000000000b', 'bob''s', 'bob')`,
    )
    causes.length = 0
    entries.length = 0
    probe.seen = []
    probe.meet = null
  })
  const ask: BoardBackend["ask"] = (method, path, options = {}, caller = ann) =>
    backend.request(caller, method, `/rest/${path}`, options)
  return {
    causes,
    entries,
    backend: () => backend,
    ask,
    call: (name, body) => ask("POST", `rpc/${name}`, { body }),
    stored: () =>
      backend.sql(
        "select id, title, state, views, author, editor, note, version::int from app.posts order by title",
      ),
    trails: async () =>
      (await backend.sql("select what from app.trails order by what")).map((one) => one.what),
    put(at, title, more = "") {
      const [column, value] = more.split("=")
      return backend.sql(
        `insert into app.posts (id, board, title, author${more && `, ${column}`}) values ($1, $2, $3, 'ann'${more && `, ${value}`})`,
        [id(at), board, title],
      )
    },
  }
}
