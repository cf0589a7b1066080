/** Pages of other origins: those that are named may read answers, no other may. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { studioBackend } from "../../test/support/studio.ts"
import { isLocalOrigin } from "./cors.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend({ ...studioBackend, origins: ["https://app.example.org"] })
})
afterAll(() => backend?.stop())

const ask = (method: string, headers: Record<string, string>): ReturnType<TestBackend["request"]> =>
  backend.request(null, method, "/rest/studios", { headers })

test("a page of an origin that is named reads the answer and its headers", async () => {
  const { status, headers } = await ask("GET", { origin: "https://app.example.org" })
  expect([status, headers.get("access-control-allow-origin")]).toEqual([200, "https://app.example.org"])
  expect(headers.get("access-control-expose-headers")).toContain("Content-Range")
  expect(headers.get("access-control-allow-credentials")).toBeNull()
  expect(headers.get("vary")).toContain("Origin")
})

test("a refusal can be read as well", async () => {
  const answer = await backend.request(null, "GET", "/rest/nothing", {
    headers: { origin: "https://app.example.org" },
  })
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([
    404,
    "https://app.example.org",
  ])
})

test.each([
  "https://evil.example.org",
  "https://app.example.org.evil.org",
  "http://app.example.org",
  "null",
  "http://localhost:5173",
])("%s reads nothing", async (origin) => {
  const { headers } = await ask("GET", { origin })
  expect([headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual([
    null,
    expect.stringContaining("Origin"),
  ])
  const preflight = await ask("OPTIONS", { origin, "access-control-request-method": "PATCH" })
  expect(preflight.headers.get("access-control-allow-methods")).toBeNull()
})

test("a page may ask beforehand, and OPTIONS without an origin says what the collection takes", async () => {
  const asked = await ask("OPTIONS", {
    origin: "https://app.example.org",
    "access-control-request-method": "PATCH",
    "access-control-request-headers": "authorization, prefer, idempotency-key",
  })
  expect([asked.status, asked.headers.get("access-control-allow-headers")]).toEqual([
    204,
    "authorization, prefer, idempotency-key",
  ])
  expect(asked.headers.get("access-control-allow-methods")).toContain("PATCH")
  const plain = await ask("OPTIONS", {})
  expect([plain.status, plain.headers.get("allow")]).toEqual([200, "OPTIONS,GET,HEAD"])
})

test.each([
  ["http://localhost:5173", true],
  ["http://127.0.0.1", true],
  ["https://[::1]:8443", true],
  ["http://localhost.evil.org", false],
  ["http://evil.org/localhost", false],
  ["http://localhost:5173/x", false],
])("%s is of this machine: %s", (origin, isLocal) => expect(isLocalOrigin(origin)).toBe(isLocal))
