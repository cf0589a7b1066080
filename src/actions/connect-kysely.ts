/** Kysely over one transaction: it compiles, the store's connection runs. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely"
import type { AnyEntity } from "../model/entity.ts"
import type { Model } from "../model/model.ts"
import type { Transaction } from "../store/transactions.ts"
import type { DatabaseOf } from "./database-type.ts"
import { ModelPlugin } from "./model-plugin.ts"

type AnyTables = DatabaseOf<readonly AnyEntity[]>

/** A `db` that lives as long as the transaction. */
export function connectKysely(transaction: Transaction, model: Model): Kysely<AnyTables> {
  return new Kysely<AnyTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new TransactionDriver(transaction),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [new ModelPlugin(model)],
  })
}

class TransactionDriver implements Driver {
  private readonly connection: DatabaseConnection

  constructor(transaction: Transaction) {
    this.connection = new TransactionConnection(transaction)
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
  private readonly transaction: Transaction

  constructor(transaction: Transaction) {
    this.transaction = transaction
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected } = await this.transaction.query(sql, parameters)
    return { rows: rows as R[], ...(affected === null ? {} : { numAffectedRows: BigInt(affected) }) }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("an action does not stream: ask for the rows in parts")
  }
}
