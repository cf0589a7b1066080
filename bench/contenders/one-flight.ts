/** Written by hand for speed: caller and query go to PostgreSQL under one Sync, and its JSON is sent as it is. */
import type pg from "pg"
import type { Connection, Submittable } from "pg"
import { runContender } from "./contender.ts"
import { openPgPool, serveFixedRoutes } from "./fixed-routes.ts"

interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly string[]
}

/** The parts of node-postgres's connection that are needed here. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(query: { name: string; text: string; types: number[] }): void
  bind(config: { statement: string; values: readonly string[] }): void
  execute(config: { portal: string; rows: number }): void
  sync(): void
}

const enterText = "select undercroft.enter($1, $2, $3)"
const preparedOn = new WeakMap<object, Set<string>>()

/** Statements under one Sync. The answer is the one column of the last one's row; null when it has none. */
class OneFlight implements Submittable {
  private readonly statements: readonly Statement[]
  private readonly done: (error: Error | null, found: string | null) => void
  private complete = 0
  private found: string | null = null

  constructor(statements: readonly Statement[], done: OneFlight["done"]) {
    this.statements = statements
    this.done = done
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire
    const prepared = preparedOn.get(wire) ?? new Set()
    preparedOn.set(wire, prepared)
    wire.stream.cork()
    for (const { name, text, values } of this.statements) {
      if (!prepared.has(name)) wire.parse({ name, text, types: [] })
      prepared.add(name)
      wire.bind({ statement: name, values })
      wire.execute({ portal: "", rows: 0 })
    }
    wire.sync()
    wire.stream.uncork()
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.complete === this.statements.length - 1) this.found = fields[0] ?? ""
  }

  handleCommandComplete(): void {
    this.complete++
  }

  handleReadyForQuery(): void {
    this.done(null, this.found)
  }

  handleError(error: Error): void {
    this.done(error, null)
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

function fly(pool: pg.Pool, statements: readonly Statement[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    pool.connect((failed, client, release) => {
      if (failed || !client) return reject(failed)
      client.query(
        new OneFlight(statements, (error, found) => {
          release()
          if (error) reject(error)
          else resolve(found)
        }),
      )
    })
  })
}

runContender((setup) => {
  const pool = openPgPool(setup)
  return serveFixedRoutes(setup, (question, access) => {
    const name = `${question.name} ${access}`
    const text = question.sql(access === "anonymous" ? "open_" : "")
    return (input, caller) => {
      const query = { name, text, values: question.parameters(input) }
      if (caller === null) return fly(pool, [query])
      const values = [caller.claims, String(caller.expires), caller.seal]
      return fly(pool, [{ name: "enter", text: enterText, values }, query])
    }
  })
})
