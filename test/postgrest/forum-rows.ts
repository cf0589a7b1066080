/** Makes the forum's rows anew between requests that write. */
import pg from "pg"

export interface ForumRows {
  /** Everything is as it was when this was made. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** Keeps the rows that there are; `url` is the superuser's. */
export async function keepForumRows(url: string): Promise<ForumRows> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'",
  )
  const tables = rows.map((row) => row.name)
  await client.query("create schema kept")
  for (const name of tables) await client.query(`create table kept."${name}" as table app."${name}"`)
  const sequences = await client.query<{ name: string; last: string | null }>(
    "select format('%I.%I', schemaname, sequencename) as name, last_value as last from pg_sequences where schemaname = 'app'",
  )
  const restart = sequences.rows.map(
    ({ name, last }) => `select setval('${name}', ${last ?? 1}, ${last !== null})`,
  )
  // References have nothing to say about rows that were there before.
  const text = [
    "set session_replication_role = replica",
    `truncate ${tables.map((name) => `app."${name}"`).join(", ")}`,
    ...tables.map((name) => `insert into app."${name}" overriding system value table kept."${name}"`),
    ...restart,
    "set session_replication_role = origin",
  ].join(";\n")
  return { reset: async () => void (await client.query(text)), close: () => client.end() }
}
