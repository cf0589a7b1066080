/** Bytes on a socket that are not, or hardly, HTTP: one orderly refusal, the connection closed, nothing smuggled. */
import { connect } from "node:net"
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { ask, judge, talk } from "./ask.ts"
import { hostileBackend } from "./hostile-model.ts"

let backend: TestBackend
const errors: unknown[] = []
beforeAll(async () => {
  backend = await startTestBackend(hostileBackend, { onError: (error) => errors.push(error) })
})
afterAll(async () => {
  expect(errors).toEqual([])
  expect((await ask(backend.url, { path: "/rest/homes?limit=1" })).status).toBe(200)
  await backend?.stop()
})

interface Said {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** The answers on a connection, each with as many bytes as it says. */
function answersIn(text: string): readonly Said[] {
  const found: Said[] = []
  for (let rest = text; rest !== ""; ) {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(rest)?.[1] ?? Number.NaN)
    const end = rest.indexOf("\r\n\r\n")
    if (Number.isNaN(status) || end < 0) return [...found, { status: 0, head: rest, body: "" }]
    const head = rest.slice(0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    found.push({ status, head, body: rest.slice(end + 4, end + 4 + length) })
    rest = rest.slice(end + 4 + length)
  }
  return found
}

const host = "Host: x\r\n"
const json = "Content-Type: application/json\r\n"
const get = `GET /rest/homes?select=id HTTP/1.1\r\n${host}`
const post = `POST /rest/homes HTTP/1.1\r\n${host}${json}`
const smuggled = `POST /rest/homes HTTP/1.1\r\n${host}${json}Content-Length: 19\r\n\r\n{"name":"smuggled"}`

/** What is sent, and the statuses that come back. */
const exchanges: readonly (readonly [string, string, readonly number[]])[] = [
  ["an ordinary request", `${get}\r\n`, [200]],
  ["two in a row", `${get}\r\n${get}\r\n`, [200, 200]],
  [
    "a name in capitals, blanks around a value",
    "GET /rest/homes?select=id HTTP/1.1\r\nHOST:   x  \r\n\r\n",
    [200],
  ],
  ["the whole address", "GET http://evil.example/rest/homes?select=id HTTP/1.1\r\nHost: x\r\n\r\n", [200]],
  ["HTTP/1.0 without Host", "GET /rest/homes?select=id HTTP/1.0\r\n\r\n", [200]],
  ["no Host", "GET /rest/homes HTTP/1.1\r\n\r\n", [400]],
  ["HTTP/0.9", "GET /rest/homes\r\n\r\n", [400]],
  ["HTTP/3.0", `GET /rest/homes HTTP/3.0\r\n${host}\r\n`, [400]],
  ["no version", `GET /rest/homes\r\n${host}\r\n`, [400]],
  ["no address", `GET HTTP/1.1\r\n${host}\r\n`, [400]],
  ["only an asterisk", `OPTIONS * HTTP/1.1\r\n${host}\r\n`, [404]],
  ["two slashes", `GET //rest/homes HTTP/1.1\r\n${host}\r\n`, [404]],
  ["another authority", `GET //evil.example/rest/homes HTTP/1.1\r\n${host}\r\n`, [404]],
  ["a slash in disguise", `GET /rest%2fhomes HTTP/1.1\r\n${host}\r\n`, [404]],
  ["a way up", `GET /rest/../rest/homes HTTP/1.1\r\n${host}\r\n`, [404]],
  ["a way up in disguise", `GET /rest/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\n${host}\r\n`, [404]],
  ["a backslash", `GET \\rest\\homes HTTP/1.1\r\n${host}\r\n`, [400]],
  ["a fragment", `GET /rest/homes#x HTTP/1.1\r\n${host}\r\n`, [200]],
  ["a byte past ASCII in the address", `GET /rest/hom\u00e9s HTTP/1.1\r\n${host}\r\n`, [400]],
  ["TRACE", `TRACE /rest/homes HTTP/1.1\r\n${host}\r\n`, [404]],
  ["CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", [405]],
  ["a method of our own", `EMPTY /rest/homes HTTP/1.1\r\n${host}\r\n`, [400]],
  ["a method in small letters", `get /rest/homes HTTP/1.1\r\n${host}\r\n`, [400]],
  ["a method of WebDAV", `PROPFIND /rest/homes HTTP/1.1\r\n${host}\r\n`, [404]],
  ["HTTP/2 at once", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]],
  [
    "an upgrade to HTTP/2",
    `${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
    [200],
  ],
  [
    "an upgrade to a socket",
    `${get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    [200],
  ],
  ["TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003", [400]],
  ["PostgreSQL's own protocol", "\u0000\u0000\u0000\u0008\u0004\u00d2\u0016\u002f", [400]],
  ["nothing but lines", "\r\n".repeat(100), []],
  ["NUL", "\u0000".repeat(100), [400]],
  ["NUL in a header", `${get}X: a\u0000b\r\n\r\n`, [400]],
  ["a blank before the colon", `${get}X : a\r\n\r\n`, [400]],
  ["a header that goes on in the next line", `${get}X: a\r\n b\r\n\r\n`, [400]],
  ["a header without a colon", `${get}X\r\n\r\n`, [400]],
  ["a lone carriage return", `${get}X: a\rY: b\r\n\r\n`, [400]],
  ["two Hosts", `${get}Host: y\r\n\r\n`, [400]],
  ["two lengths", `${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, [400]],
  [
    "a length and chunks",
    `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    [400],
  ],
  [
    "chunks and a length",
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    [400],
  ],
  ["chunks in disguise", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`, [400]],
  [
    "chunks that are not last",
    `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    [400],
  ],
  [
    "chunks with a tab",
    `${post}Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    [400],
  ],
  ["a negative length", `${post}Content-Length: -1\r\n\r\n${smuggled}`, [400]],
  ["a length with a sign", `${post}Content-Length: +2\r\n\r\n{}`, [400]],
  ["a length that is not whole", `${post}Content-Length: 1e3\r\n\r\n{}`, [400]],
  ["a length past 64 bits", `${post}Content-Length: 99999999999999999999\r\n\r\n`, [400]],
  ["a length past the limit", `${post}Content-Length: 100000000\r\n\r\n`, [413]],
  ["a chunk past 64 bits", `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`, [400]],
  ["a chunk that is not hexadecimal", `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, [400]],
  ["a chunk of another size", `${post}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`, [400]],
  [
    "chunks that are right",
    `${post}Transfer-Encoding: chunked\r\n\r\n8\r\n{"name":\r\n8;x=y\r\n"piece"}\r\n0\r\nTrailer: x\r\n\r\n`,
    [201],
  ],
  [
    "a body where none belongs",
    `GET /rest/homes?select=id HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello${get}\r\n`,
    [200],
  ],
  [
    "a body that looks like a request",
    `GET /rest/homes?select=id HTTP/1.1\r\n${host}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    [200],
  ],
  ["an expectation that nobody meets", `${post}Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}`, [417]],
  ["an expectation", `${post}Expect: 100-continue\r\nContent-Length: 15\r\n\r\n{"name":"sure"}`, [100, 201]],
  ["an expectation of 100 MB", `${post}Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n`, [413]],
  ["a header of 100 KB", `${get}X: ${"x".repeat(100_000)}\r\n\r\n`, [431]],
  ["an address of 100 KB", `GET /rest/homes?${"x".repeat(100_000)} HTTP/1.1\r\n${host}\r\n`, [431]],
  ["a flood of headers", `${get}${"X: x\r\n".repeat(20_000)}\r\n`, [431]],
  ["3,000 headers", `${get}${"X: x\r\n".repeat(3000)}\r\n`, [431]],
]

test.each(exchanges)("%s", async (_, bytes, statuses) => {
  const answers = answersIn(await talk(backend.url, Buffer.from(bytes, "latin1")))
  expect(answers.map((one) => one.status)).toEqual(statuses)
  for (const { status, head, body } of answers) {
    if (status < 300) continue
    expect(judge({ status, headers: {}, text: body }, "")).toEqual([])
    expect(head).toMatch(/content-type: application\/json/i)
    if (status === 400 || status === 431) expect(head).toMatch(/connection: close/i)
  }
})

test("nothing was smuggled in", async () => {
  const answer = await ask(backend.url, { path: "/rest/homes?select=name&name=eq.smuggled" })
  expect(answer.text).toBe("[]")
})

test("100 MB in chunks are refused after two", async () => {
  const { hostname, port } = new URL(backend.url)
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, 97), Buffer.from("\r\n")])
  const { sent, said } = await new Promise<{ sent: number; said: string }>((resolve) => {
    const socket = connect(Number(port), hostname)
    let sent = 0
    let said = ""
    const push = (): void => {
      // oxlint-disable-next-line no-unmodified-loop-condition -- the listener above adds to it
      while (sent < 100_000_000 && !socket.destroyed && said === "") {
        sent += 65_536
        if (!socket.write(chunk)) return void socket.once("drain", push)
      }
    }
    socket.on("data", (data) => (said += data.toString()))
    socket.on("error", () => undefined)
    socket.on("close", () => resolve({ sent, said }))
    socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n`)
    push()
  })
  expect(answersIn(said).map((one) => one.status)).toEqual([413])
  expect(JSON.parse(answersIn(said)[0]!.body)).toMatchObject({ code: "UC318" })
  expect(sent).toBeLessThan(20_000_000)
})

test("a client that goes away in the middle leaves nothing behind", async () => {
  const { hostname, port } = new URL(backend.url)
  const parts = [
    post,
    `${post}Content-Length: 100\r\n\r\n`,
    `${post}Content-Length: 100\r\n\r\n{"name":"half`,
    `${post}Transfer-Encoding: chunked\r\n\r\n5\r\n{"na`,
    `${get}\r\n`.slice(0, -2),
    `${get}\r\n`,
  ]
  await Promise.all(
    Array.from(
      { length: 60 },
      (_, at) =>
        new Promise<void>((resolve) => {
          const socket = connect(Number(port), hostname, () => {
            socket.write(parts[at % parts.length]!)
            setTimeout(() => (at % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()), at)
          })
          socket.on("error", () => undefined)
          socket.on("close", () => resolve())
        }),
    ),
  )
  const answer = await ask(backend.url, { path: "/rest/homes?select=name&name=like.half*" })
  expect([answer.status, answer.text]).toEqual([200, "[]"])
})

test("500 requests on one connection are answered in order", async () => {
  const many = Array.from(
    { length: 500 },
    (_, at) => `GET /rest/homes?select=id&limit=0&offset=${at} HTTP/1.1\r\n${host}\r\n`,
  )
  const answers = answersIn(await talk(backend.url, many.join(""), 2000))
  expect(answers.length).toBe(500)
  expect(answers.every((one) => one.status === 200)).toBe(true)
})

test("random damage to a request", { timeout: 60_000 }, async () => {
  const right = Buffer.from(`${post}Content-Length: 15\r\n\r\n{"name":"fuzz"}${get}\r\n`)
  const damage = fc.record({
    at: fc.nat(right.length),
    length: fc.nat(5),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom("\r\n", "\n", ":", " ", "\t", "\u0000").map((text) => Buffer.from(text)),
    ),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      const bytes = damages.reduce(
        (all, { at, length, put }) => Buffer.concat([all.subarray(0, at), put, all.subarray(at + length)]),
        right,
      )
      for (const { status, body, head } of answersIn(await talk(backend.url, bytes, 30))) {
        expect([status, head]).not.toEqual([0, expect.anything()])
        expect(
          judge({ status: status === 100 ? 200 : status, headers: {}, text: body }, bytes.toString("latin1")),
        ).toEqual([])
      }
    }),
    { numRuns: 300, seed: 17 },
  )
})

test("a request that trickles in is not waited for for ever", { timeout: 30_000 }, async () => {
  const { hostname, port } = new URL(backend.url)
  const slow = (bytes: string): Promise<{ said: string; afterMs: number }> =>
    new Promise((resolve) => {
      const started = performance.now()
      let said = ""
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      const drip = setInterval(() => socket.write("x"), 500)
      socket.on("data", (data) => (said += data.toString()))
      socket.on("error", () => undefined)
      socket.on("close", () => {
        clearInterval(drip)
        resolve({ said, afterMs: performance.now() - started })
      })
    })
  const all = await Promise.all([slow("GET /rest/homes HTTP/1.1\r\nX: "), slow(`${get}X: `)])
  for (const { said, afterMs } of all) {
    expect(answersIn(said).map((one) => one.status)).toEqual([408])
    expect(JSON.parse(answersIn(said)[0]!.body)).toMatchObject({ code: "UC325" })
    expect(afterMs).toBeLessThan(16_000)
  }
})
