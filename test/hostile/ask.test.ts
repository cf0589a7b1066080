/** The judge of the hostile tests notices what it is there to notice. */
import { expect, test } from "vitest"
import { judge } from "./ask.ts"
import { canary } from "./hostile-model.ts"

const orderly = { code: "22P02", message: "things.day must be a date", details: null, hint: null }

test.each([
  ["a server's error", 500, orderly],
  ["a text", 400, "Bad Request"],
  ["nothing", 400, ""],
  ["another shape", 400, { statusCode: 400, error: "Bad Request", message: "x" }],
  ["no code", 400, { ...orderly, code: "" }],
  ["PostgreSQL's text", 400, { ...orderly, message: 'invalid input syntax for type date: "x"' }],
  ["the name of a table", 409, { ...orderly, details: "Key (word)=(x) already exists in app.tags" }],
  ["a stack", 400, { ...orderly, details: "at Object.parse (file:///x/y.js:1:1)" }],
  ["JavaScript's text", 400, { ...orderly, message: "Unexpected token } in JSON at position 3" }],
  ["a row's value", 400, { ...orderly, details: `${canary} is there` }],
  ["the whole request", 400, { ...orderly, message: "x".repeat(3000) }],
])("%s is wrong", (_, status, body) => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  expect(judge({ status, headers: {}, text }, "GET /rest/things")).not.toEqual([])
})

test("an orderly refusal, and what the request said itself, are right", () => {
  expect(judge({ status: 400, headers: {}, text: JSON.stringify(orderly) }, "")).toEqual([])
  const echo = { ...orderly, message: `failed to parse ${canary}` }
  expect(judge({ status: 400, headers: {}, text: JSON.stringify(echo) }, `title=${canary}`)).toEqual([])
  expect(judge({ status: 200, headers: {}, text: "[]" }, "")).toEqual([])
})
