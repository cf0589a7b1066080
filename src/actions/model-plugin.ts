/** Between Kysely, in the model's names, and PostgreSQL: tables, columns and values, and the names of answers. */
import type {
  KyselyPlugin,
  OperationNode,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryId,
  UnknownRow,
} from "kysely"
import { type Model, toSnake } from "../model/model.ts"
import type { EncryptedColumns } from "./encrypted-columns.ts"
import { ModelTransformer, type WriteColumn, writeColumn } from "./model-transformer.ts"

/** A plugin for one `db`. */
export class ModelPlugin implements KyselyPlugin {
  private readonly model: Model
  private readonly writes: WriteColumn
  private readonly encrypted: EncryptedColumns | null
  /** What each query calls the columns of its answer. */
  private readonly names = new WeakMap<object, ReadonlyMap<string, string>>()

  /** The queries before they were rewritten. */
  private readonly written = new WeakMap<object, OperationNode>()

  constructor(model: Model, writes: WriteColumn = writeColumn, encrypted: EncryptedColumns | null = null) {
    this.model = model
    this.writes = writes
    this.encrypted = encrypted
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): PluginTransformQueryArgs["node"] {
    this.written.set(queryId, node)
    const transformer = new ModelTransformer(this.model, this.writes, this.encrypted)
    const transformed = transformer.transformNode(node, queryId)
    this.names.set(queryId, new Map([...transformer.names].map((name) => [toSnake(name), name])))
    return transformed
  }

  /** A query as its author wrote it; SQL that was not built has none. */
  writtenAs(queryId: QueryId): OperationNode | undefined {
    return this.written.get(queryId)
  }

  async transformResult({
    result,
    queryId,
  }: PluginTransformResultArgs): Promise<PluginTransformResultArgs["result"]> {
    const names = this.names.get(queryId)
    if (names === undefined || result.rows.length === 0) return result
    const rename = (row: UnknownRow): UnknownRow =>
      Object.fromEntries(Object.entries(row).map(([column, value]) => [names.get(column) ?? column, value]))
    return { ...result, rows: result.rows.map(rename) }
  }
}
