/** A key store in a PostgreSQL database of its own, which is never part of the data's backup. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { FoundRecord, KeyMeta, KeyRecord, KeyStore } from "../keys/key-store.ts"

const tables = [
  // Nodes that begin at the same time make them once: all of this is one transaction.
  "select pg_advisory_xact_lock(hashtext('undercroft keys'))",
  "create schema if not exists undercroft_keys",
  "create table if not exists undercroft_keys.meta (one boolean primary key default true check (one), meta json not null)",
  "create table if not exists undercroft_keys.subjects (subject text primary key, keys json)",
  "create table if not exists undercroft_keys.changes (one boolean primary key default true check (one), count bigint not null)",
  "insert into undercroft_keys.changes (count) values (0) on conflict do nothing",
  "revoke all on schema undercroft_keys from public",
]

/** Connects when it is first used. */
export function openKeyDatabase(url: string): KeyStore {
  return new KeyDatabase(url)
}

class KeyDatabase implements KeyStore {
  readonly place: string
  private readonly pool: pg.Pool
  private made: Promise<unknown> | null = null

  constructor(url: string) {
    const { host, pathname } = new URL(url)
    this.place = `${pathname.slice(1)} on ${host}`
    this.pool = new pg.Pool({
      connectionString: url,
      max: 4,
      connectionTimeoutMillis: 10_000,
      application_name: "undercroft keys",
    })
    this.pool.on("error", () => undefined)
  }

  async readMeta(): Promise<KeyMeta | null> {
    const [row] = await this.ask("select meta from undercroft_keys.meta")
    return (row?.["meta"] as KeyMeta | undefined) ?? null
  }

  async writeMeta(meta: KeyMeta): Promise<boolean> {
    const text =
      meta.revision === 1
        ? "insert into undercroft_keys.meta (meta) values ($1) on conflict do nothing returning 1"
        : "update undercroft_keys.meta set meta = $1 where (meta->>'revision')::integer = ($1::json->>'revision')::integer - 1 returning 1"
    return (await this.ask(text, [JSON.stringify(meta)])).length === 1
  }

  async read(subjects: readonly string[]): Promise<readonly FoundRecord[]> {
    const rows = await this.ask(
      "select subject, keys from undercroft_keys.subjects where subject = any($1)",
      [subjects],
    )
    const found = new Map(
      rows.map((row) => [row["subject"] as string, row["keys"] as KeyRecord["keys"] | null]),
    )
    return subjects.map((subject): FoundRecord => {
      const keys = found.get(subject)
      return keys ? { subject, keys } : keys === null ? "destroyed" : null
    })
  }

  async create(records: readonly KeyRecord[]): Promise<void> {
    await this.ask(
      "insert into undercroft_keys.subjects (subject, keys) select x.subject, x.keys from json_to_recordset($1) as x(subject text, keys json) on conflict do nothing",
      [JSON.stringify(records)],
    )
  }

  async replace(record: KeyRecord, former: KeyRecord): Promise<boolean> {
    const rows = await this.ask(
      "with replaced as (update undercroft_keys.subjects set keys = $2 where subject = $1 and keys::jsonb = $3::jsonb returning 1) update undercroft_keys.changes set count = count + 1 where exists (select from replaced) returning 1",
      [record.subject, JSON.stringify(record.keys), JSON.stringify(former.keys)],
    )
    return rows.length === 1
  }

  async destroy(subject: string): Promise<void> {
    await this.ask(
      "with gone as (insert into undercroft_keys.subjects (subject, keys) values ($1, null) on conflict (subject) do update set keys = null) update undercroft_keys.changes set count = count + 1",
      [subject],
    )
  }

  async lastChange(): Promise<string> {
    const [row] = await this.ask("select count from undercroft_keys.changes")
    return row!["count"] as string
  }

  async *list(): AsyncIterable<KeyRecord> {
    for (let after = ""; ; ) {
      const rows = await this.ask(
        "select subject, keys from undercroft_keys.subjects where keys is not null and subject > $1 order by subject limit 1000",
        [after],
      )
      if (rows.length === 0) return
      for (const row of rows) yield row as unknown as KeyRecord
      after = rows.at(-1)!["subject"] as string
    }
  }

  async countDestroyed(): Promise<number> {
    const [row] = await this.ask(
      "select count(*)::integer as n from undercroft_keys.subjects where keys is null",
    )
    return row!["n"] as number
  }

  close(): Promise<void> {
    return this.pool.end()
  }

  private async ask(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Record<string, unknown>[]> {
    try {
      this.made ??= this.makeTables()
      await this.made
      return (await this.pool.query(text, [...values])).rows
    } catch (cause) {
      this.made = null
      throw new UndercroftError("UC541", { place: this.place, why: (cause as Error).message }, { cause })
    }
  }

  private async makeTables(): Promise<void> {
    const there = await this.pool.query("select to_regclass('undercroft_keys.changes') is not null as there")
    if (!there.rows[0].there) await this.pool.query(tables.join(";\n"))
  }
}
