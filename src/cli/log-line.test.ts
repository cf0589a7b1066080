/** What actions log, as a line: readable, and unable to steer a terminal or to begin another line. */
import { expect, test } from "vitest"
import type { LogEntry } from "../actions/action-log.ts"
import { logJson, logLine } from "./log-line.ts"
import type { Terminal } from "./terminal.ts"

const at = new Date("2026-01-02T03:04:05.678Z")
const out = { paint: (_: unknown, text: string) => text } as Terminal
const entry = (message: string, data: Record<string, unknown> = {}): LogEntry => ({
  level: "warn",
  action: "book",
  message,
  data,
})
const circle: Record<string, unknown> = {}
circle["again"] = circle

test("an entry is one line", () => {
  expect(logLine(entry("taken"), at, out)).toBe("2026-01-02T03:04:05.678Z warn book: taken")
  expect(logLine(entry("taken", { slot: 7, why: "late" }), at, out)).toBe(
    '2026-01-02T03:04:05.678Z warn book: taken {"slot":7,"why":"late"}',
  )
})

test("nothing in it steers a terminal or begins another line", () => {
  const odd = "a\nb\rc\u001b[2Jd\u009be\u2028f\u2029g\u202eh\u0000"
  for (const line of [
    logLine(entry(odd, { [odd]: odd }), at, out),
    logJson(entry(odd, { [odd]: [odd] }), at),
  ]) {
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u)
    expect(line).toContain("\\u001b[2Jd\\u009be\\u2028f\\u2029g\\u202eh\\u0000")
  }
  expect(JSON.parse(logJson(entry(odd, { odd }), at))).toEqual({
    at: at.toISOString(),
    level: "warn",
    action: "book",
    message: odd,
    data: { odd },
  })
})

test("what JSON does not know is told all the same", () => {
  expect(logLine(entry("sum", { n: 12n }), at, out)).toMatch(/ sum \{"n":"12"\}$/)
  expect(logLine(entry("sum", circle), at, out)).toMatch(/ sum \{"unwritable":true\}$/)
  expect(JSON.parse(logJson(entry("sum", circle), at))).toMatchObject({
    message: "sum",
    data: { unwritable: true },
  })
})
