/** A server that is set to write values into its log is told of at the start. */
import { expect, test } from "vitest"
import { startTestBackend, testSecret } from "../../test/support/backend.ts"
import { startApp } from "../app.ts"
import { anyone, defineBackend, entity, text } from "../index.ts"

test("TR-03161-3 Data_7: the start says so, and what to set", async () => {
  const Word = entity("Word", { fields: { text: text() } })
  Word.access(() => ({ read: anyone }))
  const definition = defineBackend({ name: "logged", model: [Word] })
  const backend = await startTestBackend(definition)
  try {
    const told: string[] = []
    const start = async (): Promise<void> => {
      told.length = 0
      const app = await startApp(definition, {
        host: "127.0.0.1",
        port: 0,
        directory: "",
        databaseUrl: backend.adminUrl,
        issuers: [{ secret: testSecret }],
        onError: ({ code, hint }) => void told.push(`${code} ${hint}`),
      })
      await app.stop()
    }
    await start()
    expect(told).toEqual([])
    const name = new URL(backend.adminUrl).pathname.slice(1)
    await backend.sql(`alter database ${name} set log_min_messages = 'warning'`)
    await start()
    expect(told.join()).toMatch(/^UC556 .*set log_min_messages = log, for all/)
    // Statements hold no values, but their parameters do.
    for (const [setting, value] of [
      ["log_min_messages", "log"],
      ["log_min_duration_statement", "250"],
      ["log_parameter_max_length", "-1"],
    ])
      await backend.sql(`alter database ${name} set ${setting} = '${value}'`)
    await start()
    expect(told.join()).toMatch(/^UC556 .*set log_parameter_max_length = 0, for all/)
    await backend.sql(`alter database ${name} set log_parameter_max_length = '0'`)
    await start()
    expect(told).toEqual([])
  } finally {
    await backend.stop()
  }
})
