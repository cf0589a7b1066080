/** What actions log reaches whoever runs the server: a line each, on stderr. */
import { expect, test } from "vitest"
import { createDatabase } from "../../test/support/backend.ts"
import { makeProject, notesProject, startCommand } from "../../test/support/command.ts"

const greets = (notesProject["backend.ts"] ?? "")
  .replace("{ defineBackend }", "{ action, anyone, defineBackend }")
  .replace(
    "export default",
    `const any = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } }
const greet = action({ uses: [], input: any, output: any, access: () => anyone, run: ({ input, log }) => log.warn("two\\nlines", input) })

export default`,
  )
  .replace("callers: {", "actions: { greet },\n  callers: {")

test.each([
  [[], /^\S+Z warn greet: two\\nlines \{"by":"post"\}\n$/],
  [
    ["--json"],
    /^\{"at":"\S+Z","level":"warn","action":"greet","message":"two\\nlines","data":\{"by":"post"\}\}\n$/,
  ],
])(
  "a line of an action, by start %j",
  async (options, line) => {
    const project = await makeProject({ ...notesProject, "backend.ts": greets })
    const database = await createDatabase()
    const server = startCommand(["start", "--port", "0", ...options], {
      cwd: project.folder,
      env: { DATABASE_URL: database.url },
    })
    try {
      await server.until("http://127.0.0.1:")
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(server.stdout()) ?? []
      const { status } = await fetch(`${url}/rest/rpc/greet`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"by":"post"}',
      })
      expect(status).toBe(200)
      await server.until("greet")
      const [, own] = /((?:\{"at"|\d{4}-)[^\n]*\n)$/.exec(server.stderr()) ?? []
      expect(own).toMatch(line)
      server.child.kill("SIGTERM")
      expect((await server.ended).code).toBe(0)
    } finally {
      server.child.kill("SIGKILL")
      await database.drop()
      await project.remove()
    }
  },
  20_000,
)
