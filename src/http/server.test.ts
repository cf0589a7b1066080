/** What every answer has, whatever becomes of the request; and what becomes of an error that nobody thought of. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import type { UndercroftError } from "../base/errors.ts"
import { createHttpServer } from "./server.ts"

const told: UndercroftError[] = []
const server = createHttpServer({
  bodyBytes: 1000,
  allowsOrigin: () => false,
  isReady: async () => true,
  onError: (error) => void told.push(error),
})
const inside = "the inside: select secret from vault"
beforeAll(async () => {
  server.get("/thrown", () => {
    throw new Error(inside)
  })
  server.get("/rejected", async () => Promise.reject(new TypeError(inside)))
  server.get("/odd", async () => Promise.reject(inside))
  await server.ready()
})
beforeEach(() => void told.splice(0))
afterAll(() => server.close())

const asked: readonly (readonly [string, "GET" | "POST" | "TRACE", string, number])[] = [
  ["an answer", "GET", "/health/ready", 200],
  ["an address that is not there", "GET", "/nothing", 404],
  ["another method", "POST", "/health/ready", 404],
  ["an error of the server", "GET", "/thrown", 500],
]

test.each(asked)(
  "ASVS 3.2.1, 3.4.3, 3.4.4, 3.4.5, 3.4.6, 4.1.1: every answer says what it is, and that browsers may do nothing with it: %s",
  async (_, method, url, status) => {
    const { statusCode, headers, body } = await server.inject({ method: method as "GET", url })
    expect(statusCode).toBe(status)
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cache-control": "private, no-store",
    })
    expect(() => JSON.parse(body)).not.toThrow()
  },
)

test.each(["/thrown", "/rejected", "/odd"])(
  "TR-03161-3 Source_3, ASVS 16.3.4: an error that nobody thought of is told to the log with its cause, and to nobody else (%s)",
  async (url) => {
    const { statusCode, body, headers } = await server.inject({ method: "GET", url })
    expect(statusCode).toBe(500)
    expect(`${body}${JSON.stringify(headers)}`).not.toMatch(/inside|select|\.ts:|at /)
    expect(told.map((one) => one.code)).toEqual(["UC690"])
    expect(String((told[0]!.cause as Error)?.message ?? told[0]!.cause)).toBe(inside)
  },
)

test("a server that goes on after such an error answers the next request", async () => {
  await server.inject({ method: "GET", url: "/thrown" })
  const { statusCode } = await server.inject({ method: "GET", url: "/health/live" })
  expect([statusCode, told.length]).toEqual([200, 1])
})
