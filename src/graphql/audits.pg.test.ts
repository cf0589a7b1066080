/** GraphQL over HTTP to the letter: every audit of graphql-http, against the server as it runs. */
import { serverAudits } from "graphql-http"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { studioBackend } from "../../test/support/studio.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
}, 60_000)
afterAll(() => backend?.stop())

const audits = serverAudits({ url: () => `${backend.url}/graphql` })

test.each(audits.map((one) => [one.name, one] as const))("%s", async (_, audit) => {
  const result = await audit.fn()
  expect("reason" in result ? result.reason : result.status).toBe("ok")
})

test("there are audits of every strength", () => {
  const strengths = new Set(audits.map((one) => one.name.split(" ")[0]))
  expect([...strengths].toSorted()).toEqual(["MAY", "MUST", "SHOULD"])
})
