/** The real thing: PostgreSQL with the DDL of the model, the engine and the REST door, without a socket in between. */
import type { FastifyInstance } from "fastify"
import pg from "pg"
import { describeActions } from "../../src/actions/describe-actions.ts"
import { createPrepareAction } from "../../src/actions/run-action.ts"
import { createHooks } from "../../src/actions/run-hooks.ts"
import { anonymous, type Caller, sealCaller } from "../../src/engine/caller.ts"
import { createEngine } from "../../src/engine/engine.ts"
import { createStepUp } from "../../src/engine/step-up.ts"
import { createTransact } from "../../src/engine/transact.ts"
import { addGraphqlDoor } from "../../src/graphql/graphql-door.ts"
import { defaultGraphqlLimits } from "../../src/graphql/limits.ts"
import { createHttpServer } from "../../src/http/server.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import { encryptedFields, indexColumn } from "../../src/model/encryption.ts"
import type { EntityInfo, Model } from "../../src/model/model.ts"
import { quoteName, tableOf } from "../../src/policy/to-sql.ts"
import { defaultQueryLimits } from "../../src/query/limits.ts"
import { defaultGrammarLimits } from "../../src/rest/parse-query.ts"
import { addRestDoor } from "../../src/rest/rest-door.ts"
import { addRpcDoor } from "../../src/rest/rpc-door.ts"
import { prepareDatabase, type ReadyDatabase } from "../../src/store/database.ts"
import { startEmbedded } from "../../src/store/embedded.ts"
import { type FlightPool, openPool } from "../../src/store/pool.ts"
import { openTransactions } from "../../src/store/transactions.ts"
import { type ActionInput, readAction, writeAction } from "./action-door.ts"
import { wrapTransactions } from "./action-faults.ts"
import { openCiphers } from "./cipher-faults.ts"
import type { CallerDescription, OperationDescription, Row, Rows } from "./description.ts"
import {
  divertPool,
  editRequest,
  forgetHidden,
  forgetSealed,
  openStatements,
  wrapPool,
} from "./engine-faults.ts"
import { openFaults, wrapEngine } from "./graphql-faults.ts"
import type { GraphqlRequest } from "./graphql-request.ts"
import { openMemoryKeys } from "./memory-keys.ts"
import type { RestRequest } from "./rest-request.ts"
import { SealedRows } from "./sealed-rows.ts"
import { indexOf, type Loading, type Peek, type RestAnswer, type Target } from "./target.ts"

const limits = { ...defaultQueryLimits, ...defaultGrammarLimits, bodyBytes: 2_000_000 }
/** Lists are asked for whole, each of them as long as lists may be: what such a document costs is not the question here. */
const graphqlLimits = { ...defaultGraphqlLimits, graphqlCost: 1e15 }
const callerHeader = "x-fuzz-caller"

/** One model that is loaded. */
interface Loaded {
  readonly model: Model
  readonly database: ReadyDatabase
  readonly admin: pg.Client
  readonly pool: FlightPool
  /** Without planted bugs. */
  readonly plainPool: FlightPool
  readonly server: FastifyInstance
  readonly faults: ReadonlySet<string>
  readonly callers: Map<string, Caller>
  /** Null where the model encrypts nothing. */
  readonly sealed: SealedRows | null
  readonly close: () => Promise<void>
}

export class PgTarget implements Target {
  private readonly url: string
  private readonly stop: () => Promise<void>
  private loaded: Loaded | null = null
  private why = ""

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url
    this.stop = stop
  }

  /** On an embedded server that leaves nothing behind, or on the server of an administrator's URL. */
  static async start(url?: string): Promise<PgTarget> {
    if (url !== undefined) return new PgTarget(url, async () => undefined)
    const server = await startEmbedded({ directory: "", ephemeral: true })
    return new PgTarget(server.url, () => server.stop())
  }

  async load(loading: Loading): Promise<void> {
    await this.unload()
    const url = new URL(this.url)
    url.pathname = "/fuzz"
    await this.administer(["drop database if exists fuzz with (force)", "create database fuzz"])
    const database = await prepareDatabase(url.href, loading.ddlPolicies, { rewrite: loading.editStatements })
    const admin = new pg.Client({ connectionString: url.href })
    await admin.connect()
    // Filling the tables anew for each question is nothing for the record; what is asked is.
    for (const one of loading.declared.model.entities.filter((entity) => !entity.view))
      await admin.query(`alter table ${tableOf(one)} enable trigger undercroft_record`)
    const { faults } = loading
    const key = database.processKey
    const plainPool = openPool({
      url: faults.has("superuser") ? url.href : database.apiUrl,
      connections: 2,
      key,
    })
    const opened = [...faults].map((name) => openStatements[name]).find((one) => one !== undefined)
    const pool = opened
      ? divertPool(plainPool, openPool({ url: url.href, connections: 1, key }), opened)
      : wrapPool(plainPool, faults)
    const isOpen = [...faults].some((name) => openFaults.has(name))
    const openPooled = isOpen ? openPool({ url: url.href, connections: 1, key }) : null
    const callers = new Map<string, Caller>()
    const policies = loading.planPolicies
    const { constraints } = database
    const keys = policies.model.entities.some((one) => encryptedFields(one).length > 0)
      ? await openMemoryKeys()
      : null
    const ciphers = keys && openCiphers(keys, policies.model, faults)
    const transactions = openTransactions({
      url: faults.has("action-superuser") ? url.href : database.apiUrl,
      statementTimeoutMs: 5000,
      connections: 1,
      key,
      recordsReads: policies.model.entities.some((one) => one.audit.reads),
    })
    const hooks = createHooks({
      hooks: [],
      policies,
      constraints,
      transactions,
      timeoutMs: 10_000,
      writtenRows: limits.writtenRows,
      key,
      ciphers,
      log: () => undefined,
    })
    const engineParts = { policies, constraints, limits, hooks, ciphers }
    const engine = createEngine({ ...engineParts, pool })
    const openEngine = openPooled ? createEngine({ ...engineParts, pool: openPooled }) : null
    const server = createHttpServer({
      allowsOrigin: () => false,
      bodyBytes: limits.bodyBytes,
      isReady: engine.isReady,
      onError: (error) => {
        this.why = String((error.cause as Error | undefined)?.stack ?? error.stack)
      },
    })
    addRestDoor(server, {
      engine,
      limits,
      allowsRollback: false,
      authenticate: (request) => callers.get(String(request.headers[callerHeader])) ?? anonymous,
    })
    const { actions } = loading.declared
    const doers = {
      prepareAction: createPrepareAction({
        actions,
        policies,
        constraints,
        engine,
        connect: hooks.connect,
        processKey: key,
        ciphers,
        approvals: null,
        stepUp: createStepUp(policies),
        log: () => undefined,
      }),
      transact: createTransact({ transactions: wrapTransactions(transactions, faults), timeoutMs: 10_000 }),
    }
    addGraphqlDoor(server, {
      ...doers,
      name: "fuzz",
      actions: new Map(),
      documents: new Map(),
      isOnlyRegistered: false,
      refuse: async (error) => error,
      model: loading.planPolicies.model,
      engine: wrapEngine(engine, openEngine, faults),
      limits: { ...limits, ...graphqlLimits },
      introspection: true,
      authenticate: (request) => callers.get(String(request.headers[callerHeader])) ?? anonymous,
    })
    addRpcDoor(server, {
      ...doers,
      actions: describeActions(actions),
      authenticate: (request) => callers.get(String(request.headers[callerHeader])) ?? anonymous,
    })
    await server.ready()
    this.loaded = {
      model: loading.declared.model,
      database,
      admin,
      pool,
      plainPool,
      server,
      faults,
      callers,
      sealed: keys && new SealedRows(new FieldCiphers(keys, policies.model)),
      close: async () => {
        await server.close()
        await transactions.close()
        await openPooled?.close()
        await pool.close()
        await admin.end()
      },
    }
  }

  async fill(rows: Rows): Promise<void> {
    const { admin, model, sealed } = this.current()
    const tables = model.entities.filter((one) => !one.view)
    const stored = await Promise.all(
      tables.map(async (one) =>
        insertText(one, sealed ? await sealed.seal(one, rows) : (rows[one.name] ?? [])),
      ),
    )
    await admin.query(
      [
        "begin",
        "set local session_replication_role = replica",
        ...tables.map((one) => `delete from ${tableOf(one)}`),
        "delete from audit.pending",
        ...stored.flat(),
        "commit",
      ].join(";\n"),
    )
  }

  async request(
    caller: CallerDescription,
    request: RestRequest,
    operation: OperationDescription,
  ): Promise<RestAnswer> {
    const { server, faults } = this.current()
    const { method, url, headers, body } = editRequest(request, operation, faults)
    const answer = await server.inject({
      method,
      url,
      headers: { ...headers, [callerHeader]: this.callerKey(caller) },
      ...(body === null ? {} : { payload: body }),
    })
    const why = answer.statusCode >= 500 ? { why: this.why } : {}
    const found = { status: answer.statusCode, headers: headersOf(answer.headers), body: answer.body, ...why }
    if (faults.has("error-quotes") && found.status >= 400) {
      const [row] = (await this.dump())[operation.entity] ?? []
      const error = JSON.parse(found.body || "{}") as object
      return { ...found, body: JSON.stringify({ ...error, message: Object.values(row ?? {}).join(" ") }) }
    }
    return faults.has("count-everything") ? this.countEverything(found, operation) : found
  }

  async graphql(caller: CallerDescription, request: GraphqlRequest): Promise<RestAnswer> {
    return this.post(caller, "/graphql", request)
  }

  async act(caller: CallerDescription, input: ActionInput): Promise<RestAnswer> {
    const name = input.kind === "read" ? readAction : writeAction
    return this.post(caller, `/rest/rpc/${name}`, { question: input })
  }

  private async post(caller: CallerDescription, url: string, body: object): Promise<RestAnswer> {
    const answer = await this.current().server.inject({
      method: "POST",
      url,
      headers: { "content-type": "application/json", [callerHeader]: this.callerKey(caller) },
      payload: JSON.stringify(body),
    })
    const why = answer.statusCode >= 500 ? { why: this.why } : {}
    return { status: answer.statusCode, headers: headersOf(answer.headers), body: answer.body, ...why }
  }

  async dump(): Promise<Rows> {
    const { admin, model, sealed } = this.current()
    const tables = model.entities.filter((one) => !one.view)
    const parts = tables.map(
      (one) =>
        `(select coalesce(json_agg(json_build_object(${jsonFields(one, "t")})), '[]') from ${tableOf(one)} t) as ${quoteName(one.name)}`,
    )
    const { rows } = await admin
      .query(`set timezone = 'UTC'; select ${parts.join(", ")}`)
      .then((found) => [found].flat().at(-1) as pg.QueryResult)
    const found = rows[0] as Rows
    if (!sealed) return found
    const opened = tables.map(
      async (one) => [one.name, await sealed.open(one, found[one.name] ?? [])] as const,
    )
    return Object.fromEntries(await Promise.all(opened))
  }

  async peek(caller: CallerDescription, entity: string): Promise<Peek> {
    const { model, pool, sealed: keys } = this.current()
    const info = model.byName.get(entity)
    if (!info) throw new Error(`the model has no ${entity}`)
    const sealed = this.current().callers.get(this.callerKey(caller))?.sealed ?? null
    const ask = async (relation: string): Promise<readonly Row[] | null> => {
      const text = `select coalesce(json_agg(json_build_object(${[jsonFields(info, "t"), ...jsonIndexes(info, "t")].join(", ")})), '[]')::text from ${relation} t`
      try {
        const asked = { name: `peek ${relation}`, text, values: [], caller: sealed, isRecorded: true }
        const rows = JSON.parse((await pool.send(asked))?.[0] ?? "[]") as readonly Row[]
        return keys ? await keys.open(info, rows) : rows
      } catch (cause) {
        const { code } = cause as { code?: string }
        // No privilege, or no such relation.
        if (code === "42501" || code === "42P01") return null
        throw cause
      }
    }
    return { table: await ask(tableOf(info)), fieldView: await ask(`"fields".${quoteName(info.table)}`) }
  }

  async believesForgery(): Promise<boolean> {
    const claims = JSON.stringify({ id: "forged", roles: [], claims: {} })
    const caller = { claims, expires: Math.floor(Date.now() / 1000) + 3600, seal: "0".repeat(64) }
    const sent = this.current().plainPool.send({ name: "forgery", text: "select 1", values: [], caller })
    return sent.then(
      () => true,
      () => false,
    )
  }

  async close(): Promise<void> {
    await this.unload()
    await this.stop()
  }

  private async unload(): Promise<void> {
    const { loaded } = this
    this.loaded = null
    if (!loaded) return
    await loaded.close()
  }

  private current(): Loaded {
    if (!this.loaded) throw new Error("no model is loaded")
    return this.loaded
  }

  private async administer(statements: readonly string[]): Promise<void> {
    const admin = new pg.Client({ connectionString: this.url })
    await admin.connect()
    try {
      for (const statement of statements) await admin.query(statement)
    } finally {
      await admin.end()
    }
  }

  private callerKey(caller: CallerDescription): string {
    const { callers, database, faults } = this.current()
    const key = Buffer.from(JSON.stringify(caller)).toString("base64url")
    if (callers.has(key)) return key
    const { id, roles, claims } = caller
    const made =
      id === null
        ? { ...anonymous }
        : sealCaller({ id, roles, claims }, Math.floor(Date.now() / 1000) + 86_400, database.processKey)
    const forgets = faults.has("hidden-forgotten")
      ? forgetHidden
      : faults.has("encrypted-hidden-forgotten")
        ? forgetSealed
        : null
    callers.set(key, forgets ? forgets(made) : made)
    return key
  }

  private async countEverything(answer: RestAnswer, operation: OperationDescription): Promise<RestAnswer> {
    const range = answer.headers["content-range"]
    if (range === undefined || range.endsWith("/*")) return answer
    const all = (await this.dump())[operation.entity]?.length ?? 0
    return { ...answer, headers: { ...answer.headers, "content-range": range.replace(/\d+$/, String(all)) } }
  }
}

function headersOf(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
}

function insertText(entity: EntityInfo, rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return []
  const columns = entity.fields.map((field) => quoteName(field.column))
  const record = entity.fields.map((field) => `${quoteName(field.column)} ${field.kind.sqlType}`)
  const values = rows.map((row) =>
    Object.fromEntries(
      entity.fields.map((field) => {
        const value = row[field.name] ?? null
        return [field.column, value === null || field.encrypted ? value : field.kind.parse(value)]
      }),
    ),
  )
  return [
    `insert into ${tableOf(entity)} (${columns.join(", ")}) select ${columns.join(", ")} from json_to_recordset(${pg.escapeLiteral(JSON.stringify(values))}::json) as x(${record.join(", ")})`,
  ]
}

/** The fields of a row as answers have them. */
function jsonFields(entity: EntityInfo, alias: string): string {
  return entity.fields
    .map((field) => {
      const column = `${alias}.${quoteName(field.column)}`
      const json = field.encrypted
        ? `replace(encode(${column}, 'base64'), E'\\n', '')`
        : (field.kind.toJson?.(column) ?? column)
      return `${pg.escapeLiteral(field.name)}, ${json}`
    })
    .join(", ")
}

/** By what encrypted values are found. */
function jsonIndexes(entity: EntityInfo, alias: string): readonly string[] {
  return encryptedFields(entity)
    .filter((field) => field.encrypted?.findable)
    .map((field) => `${pg.escapeLiteral(indexOf(field.name))}, ${alias}.${quoteName(indexColumn(field))}`)
}
