/** Kysely over one transaction: it compiles, what it is given runs. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type KyselyPlugin,
  type OperationNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { AnyEntity } from "../model/entity.ts"
import type { Model } from "../model/model.ts"
import type { StatementResult, Transaction } from "../store/transactions.ts"
import type { DatabaseOf } from "./database-type.ts"
import { checkSealed, EncryptedColumns } from "./encrypted-columns.ts"
import { ModelPlugin } from "./model-plugin.ts"
import { writeColumn } from "./model-transformer.ts"

export type AnyTables = DatabaseOf<readonly AnyEntity[]>

/** Runs what must not be run as it is: null is for the connection to run. */
export type Intercept = (query: OperationNode) => Promise<StatementResult> | null

/** The `db` of a transaction's caller. */
export function connectCaller(
  transaction: Transaction,
  model: Model,
  ciphers: FieldCiphers | null = null,
  intercept: Intercept = () => null,
): Kysely<AnyTables> {
  const mark = ciphers?.mark() ?? ""
  const plugin = new ModelPlugin(model, writeColumn, ciphers && new EncryptedColumns(ciphers, mark))
  return connectKysely(async ({ sql, parameters, queryId }) => {
    const written = plugin.writtenAs(queryId)
    const send = (): Promise<StatementResult> => {
      checkSealed(parameters)
      return transaction.query(sql, parameters)
    }
    const result = await ((written && intercept(written)) ?? send())
    if (!ciphers) return result
    return { ...result, rows: (await ciphers.openDeep(result.rows, mark)) as StatementResult["rows"] }
  }, plugin)
}

/** Runs one statement. */
export type RunQuery = (query: CompiledQuery) => Promise<StatementResult>

/** A `db` that lives as long as the transaction that `run` is of. */
export function connectKysely(
  run: RunQuery,
  plugin: KyselyPlugin,
  createCompiler: () => PostgresQueryCompiler = () => new PostgresQueryCompiler(),
): Kysely<AnyTables> {
  return new Kysely<AnyTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new TransactionDriver(run),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: createCompiler,
    },
    plugins: [plugin],
  })
}

class TransactionDriver implements Driver {
  private readonly connection: DatabaseConnection

  constructor(run: RunQuery) {
    this.connection = new TransactionConnection(run)
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.connection
  }
  async beginTransaction(): Promise<void> {
    throw new Error("an action is one transaction already: use db as it is")
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

class TransactionConnection implements DatabaseConnection {
  private readonly run: RunQuery

  constructor(run: RunQuery) {
    this.run = run
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected } = await this.run(query)
    return { rows: rows as R[], ...(affected === null ? {} : { numAffectedRows: BigInt(affected) }) }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("an action does not stream: ask for the rows in parts")
  }
}
