/** A prepared database with rows, and sessions that speak to it as the API role itself. */

import { randomBytes } from "node:crypto"
import pg from "pg"
import { inject } from "vitest"
import { type Caller, sealCaller } from "../../src/engine/caller.ts"
import type { AnyEntity } from "../../src/index.ts"
import { buildModel } from "../../src/model/build.ts"
import type { EntityInfo, FieldInfo } from "../../src/model/model.ts"
import { buildPolicies, type EntityPolicy, type Policies, policyOf } from "../../src/policy/policies.ts"
import type { Rule } from "../../src/policy/rule.ts"
import { holds, type PredicateWorld } from "../../src/policy/to-predicate.ts"
import { askText, askValues } from "../../src/sql/circumstances.ts"
import { type PrepareOptions, prepareDatabase, type ReadyDatabase } from "../../src/store/database.ts"
import { enterStatement } from "../../src/store/flight.ts"
import { runSql } from "../support/backend.ts"
import { Ask, type Outcome, type Statement } from "./ask.ts"

export type Row = Readonly<Record<string, any>>
export type Rows = Readonly<Record<string, readonly Row[]>>

/** Who calls, before it is sealed; `id` null is anonymous. */
export interface Who {
  readonly id: string | null
  readonly roles?: readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface TestDatabase {
  readonly adminUrl: string
  readonly policies: Policies
  readonly ready: ReadyDatabase
  /** A superuser's connection, open until `drop`. */
  readonly admin: pg.Client
  seal(who: Who): Caller
  /** A new connection of the API role. */
  connect(): Promise<ApiSession>
  entity(name: string): EntityPolicy
  insert(name: string, rows: readonly Row[]): Promise<void>
  drop(): Promise<void>
}

/** The rules of a model. */
export function policiesOf(model: readonly AnyEntity[]): Policies {
  return buildPolicies(buildModel(model))
}

/** Makes a database for a model, with rows; on a server of its own where `server` is its superuser's URL. */
export async function openDatabase(
  model: readonly AnyEntity[],
  rows: Rows = {},
  { server, ...options }: PrepareOptions & { readonly server?: string } = {},
): Promise<TestDatabase> {
  const policies = policiesOf(model)
  const { url, drop } = await createDatabase(server)
  const admin = new pg.Client({ connectionString: url })
  try {
    const ready = await prepareDatabase(url, policies, options)
    await admin.connect()
    const database = new PreparedDatabase({ adminUrl: url, policies, ready, admin }, drop)
    for (const [name, all] of Object.entries(rows)) await database.insert(name, all)
    await admin.query("analyze")
    return database
  } catch (cause) {
    await admin.end().catch(() => undefined)
    await drop()
    throw cause
  }
}

class PreparedDatabase implements TestDatabase {
  readonly adminUrl: string
  readonly policies: Policies
  readonly ready: ReadyDatabase
  readonly admin: pg.Client
  private readonly sessions: ApiSession[] = []
  private readonly dropDatabase: () => Promise<void>

  constructor(
    parts: Pick<TestDatabase, "adminUrl" | "policies" | "ready" | "admin">,
    drop: () => Promise<void>,
  ) {
    this.adminUrl = parts.adminUrl
    this.policies = parts.policies
    this.ready = parts.ready
    this.admin = parts.admin
    this.dropDatabase = drop
  }

  seal({ id, roles = [], claims = {} }: Who): Caller {
    if (id === null) return { id, roles, claims, sealed: null }
    return sealCaller({ id, roles, claims }, Math.floor(Date.now() / 1000) + 3600, this.ready.processKey)
  }

  async connect(): Promise<ApiSession> {
    const session = await openSession(this.ready.apiUrl, this.ready.processKey)
    this.sessions.push(session)
    return session
  }

  entity(name: string): EntityPolicy {
    const found = [...this.policies.of.values()].find((one) => one.entity.name === name)
    if (!found) throw new Error(`no entity ${name}`)
    return found
  }

  async insert(name: string, rows: readonly Row[]): Promise<void> {
    const { entity } = this.entity(name)
    const [first] = rows
    if (!first) return
    const fields = entity.fields.filter((one) => one.name in first)
    const columns = fields.map((one) => `"${one.column}"`).join(", ")
    const types = fields.map((one) => `"${one.column}" ${one.kind.sqlType}`).join(", ")
    const values = rows.map((row) =>
      Object.fromEntries(fields.map((one) => [one.column, row[one.name] ?? null])),
    )
    await this.admin.query(
      `insert into app."${entity.table}" (${columns}) select ${columns} from json_to_recordset($1::json) as x(${types})`,
      [JSON.stringify(values)],
    )
  }

  async drop(): Promise<void> {
    for (const session of this.sessions) await session.end()
    await this.admin.end()
    await this.dropDatabase()
  }
}

/** Makes an empty database, and gives its superuser's URL. */
async function createDatabase(
  server: string = inject("postgresUrl"),
): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `t${randomBytes(6).toString("hex")}`
  await runSql(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    drop: async () => void (await runSql(server, `drop database if exists ${name} with (force)`)),
  }
}

/** How the caller and the statement travel: under one Sync, or between `begin` and `commit`. */
export type Travel = "pipelined" | "transaction"

export interface ApiSession {
  readonly client: pg.Client
  /** Enters as the caller and runs statements in one transaction; gives the outcome of the last, or of the first that failed. */
  run(caller: Caller, text: string | readonly string[], how?: Travel): Promise<Outcome>
  /** Enters as the caller and runs a statement that stays prepared under a name. */
  runNamed(caller: Caller, name: string, text: string, values: readonly (string | null)[]): Promise<Outcome>
  /** Runs one statement as it is. */
  raw(text: string, values?: readonly (string | null)[]): Promise<Outcome>
  end(): Promise<void>
}

/** Connects as the API role; with the process's key, nobody's requests say that they are, as the doors' do. */
export async function openSession(url: string, key?: Buffer): Promise<ApiSession> {
  const client = new pg.Client({ connectionString: url, options: "-c timezone=UTC -c datestyle=ISO" })
  const notices: string[] = []
  const prepared = new Map<string, boolean>()
  client.on("notice", (notice) => notices.push(JSON.stringify(notice)))
  client.on("error", () => undefined)
  await client.connect()
  const ask = (statements: readonly Statement[]): Promise<Outcome> => {
    notices.length = 0
    return new Promise((resolve) => void client.query(new Ask(statements, prepared, notices, resolve)))
  }
  return {
    client,
    raw: (text, values = []) => ask([{ text, values }]),
    runNamed: (caller, name, text, values) => ask([...entering(caller, key), { name, text, values }]),
    end: () => client.end().catch(() => undefined),
    async run(caller, text, how = "transaction") {
      const texts = typeof text === "string" ? [text] : text
      if (how === "pipelined") return ask([...entering(caller, key), ...texts.map((one) => ({ text: one }))])
      await client.query("begin")
      for (const statement of entering(caller, key)) await ask([statement])
      let last: Outcome = { rows: [], cells: [], command: null, error: null, said: "" }
      for (const one of texts) {
        last = await ask([{ text: one }])
        if (last.error) break
      }
      await client.query("commit")
      return last
    },
  }
}

/** The statement by which a caller enters; an anonymous one has circumstances alone. */
export function entering({ sealed }: Caller, key?: Buffer): readonly Statement[] {
  if (sealed !== null) return [enterStatement(sealed)]
  const none = { door: "rest", request: null, address: null, purpose: null }
  return key ? [{ text: askText, values: askValues(none, key) }] : []
}

/** What a caller may see by the naive twin of the policies: visible rows, their hidden fields null. */
export class View {
  readonly world: PredicateWorld
  private readonly policies: Policies

  constructor(policies: Policies, rows: Rows, caller: Caller, now: string) {
    this.policies = policies
    this.world = { caller, now, rowsOf: (entity) => rows[entity.name] ?? [] }
  }

  allows(rule: Rule, row: Row, before: Row = row): boolean {
    return holds(rule, { row, before }, this.world)
  }

  /** Whether a field's value shows in a row that is seen. */
  shows(field: FieldInfo, row: Row): boolean {
    const rule = policyOf(this.policies, field.entity).fields.get(field.name)?.visibleTo
    return !rule || this.allows(rule, row)
  }

  /** Whether the caller may see the row of another entity, as references need it. */
  sees(entity: EntityInfo, key: unknown): boolean {
    const policy = policyOf(this.policies, entity)
    const name = entity.key[0]?.name ?? ""
    return this.world.rowsOf(entity).some((row) => row[name] === key && this.allows(policy.read, row as Row))
  }

  rows(policy: EntityPolicy): readonly Row[] {
    return this.world
      .rowsOf(policy.entity)
      .filter((row) => this.allows(policy.read, row))
      .map((row) =>
        Object.fromEntries(
          policy.entity.fields.map((field) => [
            field.name,
            this.shows(field, row as Row) ? (row[field.name] ?? null) : null,
          ]),
        ),
      )
  }
}
