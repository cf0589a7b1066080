/** What is sent again, when, and what ends a call: against a server that fails as it is told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { studioBackend } from "../../test/support/studio.ts"
import { attempt, type Client, type ClientOptions, createClient } from "./client.ts"

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let server: Server
let answers: Answer[] = []
let seen: IncomingMessage[] = []

/** Answers in turn; the last one for all that comes after. */
beforeEach(async () => {
  seen = []
  server = createServer((request, response) => {
    seen.push(request)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    request.resume().on("end", () => answer?.(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function client(options: Partial<ClientOptions> = {}): Client<typeof studioBackend> {
  const { port } = server.address() as AddressInfo
  return createClient<typeof studioBackend>({ url: `http://127.0.0.1:${port}/`, ...options })
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(JSON.stringify(body))
const refusal = (code: string): object => ({ code, message: "no", details: null, hint: "wait" })
const rows = json(200, [])
const one = json(201, { id: "x" })
const broken: Answer = (request) => request.socket.destroy()
const silent: Answer = () => undefined

async function codeOf(call: Promise<unknown>): Promise<string> {
  const came = await attempt(call)
  return came.ok ? "no error" : came.error.code
}

describe("sends again", () => {
  test.each([
    ["a broken connection", broken],
    ["429", json(429, refusal("UC691"), { "retry-after": "0" })],
    ["502 of a proxy", json(502, "<html>", { "retry-after": "0" })],
    ["503", json(503, refusal("UC691"), { "retry-after": "0" })],
    ["504", json(504, null, { "retry-after": "0" })],
  ])("what met %s", async (_, failure) => {
    answers = [failure, failure, rows]
    expect(await client().films.list()).toEqual([])
    expect(seen).toHaveLength(3)
  })

  test("not more often than it was told, and then with the last error", async () => {
    answers = [json(503, refusal("UC691"), { "retry-after": "0" })]
    expect(await attempt(client({ retries: 1 }).films.list())).toMatchObject({
      ok: false,
      error: { code: "UC691", status: 503, hint: "wait" },
    })
    expect(seen).toHaveLength(2)
    expect(await codeOf(client({ retries: 0 }).films.list())).toBe("UC691")
    expect(seen).toHaveLength(3)
  })

  test.each([
    ["400", json(400, refusal("PGRST100")), "PGRST100"],
    ["401", json(401, refusal("PGRST301")), "PGRST301"],
    ["409", json(409, refusal("23505")), "23505"],
    ["500", json(500, refusal("UC690")), "UC690"],
  ])("never what was refused with %s", async (_, failure, code) => {
    answers = [failure, rows]
    expect(await codeOf(client().films.list())).toBe(code)
    expect(seen).toHaveLength(1)
  })

  test("writes under one key, made for the call or given; without retries there is none", async () => {
    answers = [broken, one]
    const token = "t"
    await client({ token }).films.create({ studio: "a", title: "b" })
    const [first, second] = seen.map(({ headers }) => headers["idempotency-key"])
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).toBe(first)
    await client().films.create({ studio: "a", title: "b" }, { idempotencyKey: "mine" })
    await client({ token }).films.update("x", { title: "c" })
    await client({ token, retries: 0 }).films.create({ studio: "a", title: "b" })
    await client({ token }).films.list()
    const [given, updated, none, read] = seen.slice(2).map(({ headers }) => headers["idempotency-key"])
    expect(given).toBe("mine")
    expect(updated).toMatch(/^[0-9a-f-]{36}$/)
    expect(updated).not.toBe(first)
    expect([none, read]).toEqual([undefined, undefined])
  })

  test("never a write without a key, as of those who are not signed in", async () => {
    answers = [broken, one]
    expect(await codeOf(client().films.create({ studio: "a", title: "b" }))).toBe("NETWORK")
    expect(seen.map(({ headers }) => headers["idempotency-key"])).toEqual([undefined])
  })

  test("a delete whose answer was lost: the row is gone, which is what was asked for", async () => {
    answers = [broken, json(406, refusal("PGRST116"))]
    expect(await codeOf(client().films.delete("x"))).toBe("no error")
    answers = [json(406, refusal("PGRST116"))]
    expect(await codeOf(client().films.delete("x"))).toBe("PGRST116")
  })

  test.each([
    ["seconds", () => "1"],
    ["a date", () => new Date(Date.now() + 2000).toUTCString()],
  ])("no sooner than Retry-After says, in %s", async (_, header) => {
    answers = [json(503, refusal("UC691"), { "retry-after": header() }), rows]
    const start = performance.now()
    await client().films.list()
    expect(performance.now() - start).toBeGreaterThan(900)
    expect(performance.now() - start).toBeLessThan(4000)
  })

  test("not at all where Retry-After is too far off to wait for", async () => {
    answers = [json(503, refusal("UC691"), { "retry-after": "3600" }), rows]
    expect(await attempt(client().films.list())).toMatchObject({
      ok: false,
      error: { code: "UC691", retryAfterMs: 3_600_000 },
    })
    expect(seen).toHaveLength(1)
  })
})

describe("ends at once", () => {
  test.each([
    ["while it waits for the answer", silent],
    ["while it waits to try again", json(503, refusal("UC691"), { "retry-after": "20" })],
  ])("by the signal, %s", async (_, answer) => {
    answers = [answer]
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 100)
    const start = performance.now()
    expect(await codeOf(client().films.list({ signal: controller.signal }))).toBe("ABORTED")
    expect(performance.now() - start).toBeLessThan(2000)
    expect(seen).toHaveLength(1)
  })

  test("by a signal that was given before, without a request", async () => {
    answers = [rows]
    expect(await codeOf(client().films.list({ signal: AbortSignal.abort() }))).toBe("ABORTED")
    expect(seen).toHaveLength(0)
  })

  test("while the token is still being made, or fetch does not listen", async () => {
    const controller = new AbortController()
    const never = new Promise<never>(() => undefined)
    setTimeout(() => controller.abort(), 50)
    const { signal } = controller
    expect(await codeOf(client({ token: () => never }).films.list({ signal }))).toBe("ABORTED")
    const deaf = client({ fetch: () => never, timeoutMs: 50 })
    expect(await codeOf(deaf.films.list())).toBe("TIMEOUT")
  })

  test("by the time that the whole call may take, with what is sent again", async () => {
    answers = [json(503, refusal("UC691"), { "retry-after": "20" })]
    expect(await codeOf(client({ timeoutMs: 200 }).films.list())).toBe("TIMEOUT")
    answers = [silent]
    expect(await codeOf(client({ timeoutMs: 200 }).films.list())).toBe("TIMEOUT")
  })
})

describe("tells", () => {
  test("a server that is not there", async () => {
    const found = await attempt(client({ url: "http://127.0.0.1:1", retries: 0 }).films.list())
    expect(found).toMatchObject({ ok: false, error: { code: "NETWORK", status: 0 } })
  })

  test("a redirect, which is not followed", async () => {
    answers = [json(307, null, { location: "/elsewhere" })]
    expect(await codeOf(client({ retries: 0 }).films.create({ studio: "a", title: "b" }))).toBe("NETWORK")
    expect(seen).toHaveLength(1)
  })

  test.each([
    ["a page that is not JSON", (_: unknown, response: ServerResponse) => void response.end("<html>")],
    ["JSON of something else", json(404, { error: "not found" })],
    ["a null", json(500, null)],
  ])("an answer that no backend gives: %s", async (_, answer) => {
    answers = [answer]
    expect(await codeOf(client().films.list())).toBe("ANSWER")
    expect(seen).toHaveLength(1)
  })

  test("an error of the token's own maker as it is, and asks no further", async () => {
    answers = [rows]
    let asked = 0
    const failing = client({
      token: () => {
        asked++
        throw new RangeError("signed out")
      },
    })
    await expect(attempt(failing.films.list())).rejects.toThrow(RangeError)
    expect(asked).toBe(1)
    expect(seen).toHaveLength(0)
  })
})

test("the token is asked for before each request, and its header is the client's own", async () => {
  answers = [broken, rows]
  let at = 0
  const headers = { Authorization: "Basic x", "X-Trace": "7" }
  await client({ token: () => `t${++at}`, headers }).films.list()
  expect(seen.map((request) => request.headers.authorization)).toEqual(["Bearer t1", "Bearer t2"])
  expect(seen[0]?.headers["x-trace"]).toBe("7")
  await client({ token: () => null }).films.list()
  expect(seen.at(-1)?.headers.authorization).toBeUndefined()
})

test("an update at a version says so to the backend", async () => {
  answers = [json(200, [{ id: "x" }])]
  expect(await client().films.update("x", { title: "y" }, { version: 3 })).toEqual({ id: "x" })
  expect(seen[0]?.headers["if-match"]).toBe('"3"')
})

test("an action is a POST under its name", async () => {
  answers = [json(200, { booked: true }), (_, response) => void response.writeHead(204).end()]
  const { actions } = client() as unknown as {
    actions: Readonly<Record<string, (input?: object) => Promise<unknown>>>
  }
  expect(await actions["bookAppointment"]?.({ slot: "x" })).toEqual({ booked: true })
  expect(await actions["ping"]?.()).toBeUndefined()
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "POST /rest/rpc/bookAppointment",
    "POST /rest/rpc/ping",
  ])
})
