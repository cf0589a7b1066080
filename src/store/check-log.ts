/** What PostgreSQL's own log would keep of requests: a server that is not ours may be set to write values there. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"

/** Messages of refused requests quote what was sent; from here on none is written. */
const silent = new Set(["log", "fatal", "panic"])

/** As the API's own sessions have them, which `alter role` may set apart from the rest. Null where no value would be written. */
export async function checkServerLog(apiUrl: string): Promise<UndercroftError | null> {
  const client = new pg.Client({ connectionString: apiUrl, connectionTimeoutMillis: 10_000 })
  client.on("error", () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query(
      `select name, setting from pg_settings where name in ('log_min_messages', 'log_statement', 'log_min_duration_statement',
        'log_min_duration_sample', 'log_transaction_sample_rate', 'log_parameter_max_length')`,
    )
    const settings = adviseLog(new Map(rows.map((row) => [String(row.name), String(row.setting)])))
    return settings.length === 0 ? null : new UndercroftError("UC556", { settings: settings.join(", ") })
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Settings that are to be changed, and how. */
function adviseLog(settings: ReadonlyMap<string, string>): readonly string[] {
  const of = (name: string): string => settings.get(name) ?? ""
  const tellsErrors = !silent.has(of("log_min_messages"))
  // Statements hold no values; their parameters do.
  const tellsStatements =
    of("log_statement") !== "none" ||
    Number(of("log_min_duration_statement")) >= 0 ||
    Number(of("log_min_duration_sample")) >= 0 ||
    Number(of("log_transaction_sample_rate")) > 0
  return [
    ...(tellsErrors ? ["log_min_messages = log"] : []),
    ...(tellsStatements && of("log_parameter_max_length") !== "0" ? ["log_parameter_max_length = 0"] : []),
  ]
}
