/** Queries of a step beyond the caller's rights: the tables themselves, checked as they are compiled, values in the text. */
import {
  type CompiledQuery,
  type PluginTransformQueryArgs,
  PostgresQueryCompiler,
  type QueryId,
  type RootOperationNode,
} from "kysely"
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { valueLiteral } from "../store/value-literal.ts"
import { checkSystemQuery } from "./check-system-query.ts"
import { checkSealed, type EncryptedColumns } from "./encrypted-columns.ts"
import { ModelPlugin } from "./model-plugin.ts"

/** The last to see a query: what it did not compile does not run. */
export class SystemCompiler extends PostgresQueryCompiler {
  private readonly model: Model
  private readonly allowed: ReadonlySet<EntityInfo>
  private readonly named: WeakMap<CompiledQuery, readonly EntityInfo[]> = new WeakMap()

  constructor(model: Model, allowed: ReadonlySet<EntityInfo>) {
    super()
    this.model = model
    this.allowed = allowed
  }

  /** The entities that a query names. */
  namedBy(query: CompiledQuery): readonly EntityInfo[] {
    const named = this.named.get(query)
    if (!named) throw new Error("a query of asSystem was not built by its own db")
    return named
  }

  override compileQuery(node: RootOperationNode, queryId: QueryId): CompiledQuery {
    const named = checkSystemQuery(node, this.allowed, this.model)
    const compiled = hidingFields(() => super.compileQuery(node, queryId))
    this.named.set(compiled, named)
    return compiled
  }

  protected override appendValue(value: unknown): void {
    checkSealed([value])
    this.append(valueLiteral(value))
  }
}

/** The tables have no columns for writing alone, as field views have. */
export class SystemPlugin extends ModelPlugin {
  constructor(model: Model, encrypted: EncryptedColumns | null) {
    super(model, (node) => node, encrypted)
  }

  override transformQuery(args: PluginTransformQueryArgs): PluginTransformQueryArgs["node"] {
    return hidingFields(() => super.transformQuery(args))
  }
}

/** What is refused names a field that the caller may not know. */
function hidingFields<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof UndercroftError)
      throw new UndercroftError("UC702", { why: "the action has a value that does not fit" }, { cause })
    throw cause
  }
}
