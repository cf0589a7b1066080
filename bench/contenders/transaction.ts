/** The usual way to have row-level security: a transaction, the caller set in it, the query, commit; each awaited. */
import { runContender } from "./contender.ts"
import { openPgPool, serveFixedRoutes } from "./fixed-routes.ts"

/** Nobody, as an anonymous caller is set. */
const leave = { name: "leave", text: "select set_config('undercroft.caller', '', true)" }
const enter = { name: "enter", text: "select undercroft.enter($1, $2, $3)" }

runContender((setup) => {
  const pool = openPgPool(setup)
  return serveFixedRoutes(setup, (question, access) => {
    const name = `${question.name} ${access}`
    const text = question.sql(access === "anonymous" ? "open_" : "")
    return async (input, caller) => {
      const client = await pool.connect()
      try {
        await client.query("begin")
        if (caller === null) await client.query(leave)
        else await client.query({ ...enter, values: [caller.claims, caller.expires, caller.seal] })
        const values = [...question.parameters(input)]
        const { rows } = await client.query<(string | null)[]>({ name, text, values, rowMode: "array" })
        await client.query("commit")
        return rows.length === 0 ? null : (rows[0]![0] ?? "")
      } catch (error) {
        await client.query("rollback")
        throw error
      } finally {
        client.release()
      }
    }
  })
})
