/** What a flight is told to close and to parse, while statements come, go, and become doubtful. */
import { expect, test } from "vitest"
import { PreparedStatements } from "./prepared-statements.ts"

const named = (name: string, length = 1): { name: string; text: string } => ({
  name,
  text: "x".repeat(length),
})

test("a statement is parsed once", () => {
  const prepared = new PreparedStatements()
  expect(prepared.admit([named("a"), named("b")])).toMatchObject({ closed: [], parsed: new Set(["a", "b"]) })
  expect(prepared.admit([named("b"), named("a")])).toMatchObject({ closed: [], parsed: new Set() })
})

test("a doubtful one is closed and parsed again", () => {
  const prepared = new PreparedStatements()
  prepared.admit([named("a")])
  prepared.forget("a")
  prepared.forget("never there")
  expect(prepared.admit([named("a")])).toMatchObject({ closed: ["a"], parsed: new Set(["a"]) })
  expect(prepared.admit([named("a")])).toMatchObject({ closed: [], parsed: new Set() })
})

test("the oldest go when there are too many, but not those in use", () => {
  const prepared = new PreparedStatements({ count: 2, length: 100, lengthEach: 50 })
  prepared.admit([named("a"), named("b")])
  expect(prepared.admit([named("a"), named("c")])).toMatchObject({ closed: ["b"], parsed: new Set(["c"]) })
  expect(prepared.admit([named("b")])).toMatchObject({ closed: ["a"], parsed: new Set(["b"]) })
})

test("the oldest go when they are too long, and one that is too long by itself has no name", () => {
  const prepared = new PreparedStatements({ count: 10, length: 100, lengthEach: 50 })
  prepared.admit([named("a", 50), named("b", 50)])
  expect(prepared.admit([named("c", 10)])).toMatchObject({ closed: ["a"] })
  for (let round = 0; round < 2; round++) {
    expect(prepared.admit([named("d", 51)])).toMatchObject({
      closed: [],
      parsed: new Set(["d"]),
      unnamed: new Set(["d"]),
    })
  }
})
