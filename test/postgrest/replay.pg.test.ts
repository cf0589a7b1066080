/** What a real PostgREST answered to several hundred requests, and what is answered here: alike, or said to be otherwise. */
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { type RecordedAnswer, readAnswer } from "./answer.ts"
import { differences } from "./differences.ts"
import { forumBackend } from "./forum-model.ts"
import { type ForumRows, keepForumRows } from "./forum-rows.ts"
import { isWrite, recordedRequests } from "./requests.ts"

const recorded = JSON.parse(
  readFileSync(new URL("recorded.json", import.meta.url), "utf8"),
) as RecordedAnswer[]

let backend: TestBackend
let rows: ForumRows
beforeAll(async () => {
  backend = await startTestBackend(forumBackend, { allowsRollback: true })
  rows = await keepForumRows(backend.adminUrl)
})
afterAll(async () => {
  await rows?.close()
  await backend?.stop()
})

test.each(recordedRequests.map((request, at) => [request, recorded[at]!] as const))(
  "$method $path",
  async (request, theirs) => {
    if (isWrite(request)) await rows.reset()
    const ours = await readAnswer(`${backend.url}/rest/`, request)
    expect(ours.request).toBe(theirs.request)
    expect(ours).toEqual(differences.get(theirs.request) ?? theirs)
  },
)

test("nothing is said to be otherwise that is alike", () => {
  for (const [request, answer] of differences)
    expect(recorded.find((one) => one.request === request)).not.toEqual(answer)
})
