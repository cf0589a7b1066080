/** What a backend with wrong hooks is told when it is built. */
import { expect, test } from "vitest"
import { buildBackend } from "../build-backend.ts"
import { anyone, beforeWrite, defineBackend, entity, text, view } from "../index.ts"
import { ModelError } from "../model/model-error.ts"
import type { Hook } from "./hook.ts"

const Book = entity("Book", { fields: { title: text() } })
Book.access(() => ({ read: anyone }))
const Title = view("Title", Book, { key: "id", fields: { id: "id", title: "title" } })
const Other = entity("Other", { fields: { name: text() } })

function problemsOf(...hooks: readonly Hook[]): string[] {
  try {
    buildBackend(defineBackend({ name: "books", model: [Book, Title], hooks }))
    return []
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    for (const problem of error.problems) expect(problem.message).not.toMatch(/\{\w+\}/)
    return error.problems.map((problem) => `${problem.code} ${problem.where}`)
  }
}

test("a hook is of an entity that is written, and the only one", () => {
  const run = (): void => undefined
  const hook = beforeWrite(Book, { run })
  expect(problemsOf(hook)).toEqual([])
  expect(problemsOf(hook, beforeWrite(Book, { run }))).toEqual(["UC117 hooks[1]"])
  expect(problemsOf(beforeWrite(Title, { run }))).toEqual(["UC117 hooks[0]"])
  expect(problemsOf(beforeWrite(Other, { run }))).toEqual(["UC102 hooks[0]"])
  expect(problemsOf(beforeWrite(Book, { uses: [Other], run }))).toEqual(["UC102 hooks[0]"])
  expect(problemsOf({ entity: Book } as unknown as Hook)).toEqual(["UC118 hooks[0]"])
})
