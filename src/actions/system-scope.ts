/** `asSystem`: the rare step beyond the caller's rights, as an action is given it, and what of it goes on record. */
import type { CompiledQuery } from "kysely"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { type StepRecord, SystemSteps } from "../store/system-steps.ts"
import type { StatementResult, Transaction } from "../store/transactions.ts"
import type { SystemScope } from "./action.ts"
import { connectKysely } from "./connect-kysely.ts"
import { EncryptedColumns } from "./encrypted-columns.ts"
import { SystemCompiler, SystemPlugin } from "./system-compiler.ts"

type AsSystem = SystemScope<readonly never[]>["asSystem"]
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

const reasonLength = 200

export interface ActionStepsParts {
  readonly action: string
  /** Null for an anonymous caller. */
  readonly actor: string | null
  readonly allowed: ReadonlySet<EntityInfo>
  readonly model: Model
  readonly processKey: Buffer
  /** Null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  /** Takes the errors that come out of a step's statements. */
  readonly failures: WeakSet<object>
}

/** The steps of one run of an action. */
export class ActionSteps {
  private readonly parts: ActionStepsParts
  private readonly statements: SystemSteps
  /** What was done, also what was undone to a savepoint. */
  private readonly done: Mutable<StepRecord>[] = []
  private open = 0
  private isOver = false

  constructor(transaction: Transaction, parts: ActionStepsParts) {
    this.parts = parts
    this.statements = new SystemSteps(transaction, parts.processKey)
  }

  /** What is added to the scope of `run`. */
  get scope(): Partial<SystemScope<readonly never[]>> {
    return this.parts.allowed.size > 0 ? { asSystem: this.asSystem } : {}
  }

  get isUsed(): boolean {
    return this.done.length > 0
  }

  /** Puts the steps on record: in their own transaction, or in another one where theirs can't write. */
  async record(apart?: Transaction): Promise<void> {
    if (!this.isUsed) return
    const { action, actor, processKey } = this.parts
    const statements = apart ? new SystemSteps(apart, processKey) : this.statements
    await statements.record({ action, actor, steps: this.done })
  }

  /** No step follows. Throws where one is under way. */
  end(): void {
    this.isOver = true
    if (this.open > 0) throw new Error("asSystem is under way: await it in run")
  }

  private readonly asSystem: AsSystem = async (reason, fn) => {
    if (this.isOver) throw new Error("the action is over: await asSystem in run")
    if (typeof reason !== "string" || reason.trim() === "" || reason.length > reasonLength)
      throw new Error(`asSystem needs a reason of at most ${reasonLength} characters`)
    const record: Mutable<StepRecord> = { reason, statements: [] }
    this.done.push(record)
    let isOpen = true
    const { model, allowed, ciphers } = this.parts
    const compiler = new SystemCompiler(model, allowed)
    const mark = ciphers?.mark() ?? ""
    const db = connectKysely(
      async (query) => {
        if (!isOpen) throw new Error("the step is over: await each statement in asSystem")
        const result = await this.run(query, compiler.namedBy(query), record)
        if (!ciphers) return result
        return { ...result, rows: (await ciphers.openDeep(result.rows, mark)) as StatementResult["rows"] }
      },
      new SystemPlugin(model, ciphers && new EncryptedColumns(ciphers, mark)),
      () => compiler,
    )
    this.open++
    try {
      return await fn(db as unknown as Parameters<typeof fn>[0])
    } finally {
      isOpen = false
      this.open--
    }
  }

  private async run(
    { query, sql }: CompiledQuery,
    named: readonly EntityInfo[],
    record: Mutable<StepRecord>,
  ): Promise<StatementResult> {
    const kind = query.kind.replace(/QueryNode$/, "").toLowerCase()
    const tellsRows = kind === "select" || (query as { returning?: unknown }).returning !== undefined
    const text = tellsRows ? sql : `${sql} returning 1`
    const tables = named.map((one) => one.table)
    this.open++
    try {
      const rows = await this.statements.run({ tables, text })
      record.statements.push({ kind, entities: named.map((one) => one.name), rows: rows.length })
      return { rows: tellsRows ? rows : [], affected: kind === "select" ? null : rows.length }
    } catch (cause) {
      if (typeof cause === "object" && cause !== null) this.parts.failures.add(cause)
      throw cause
    } finally {
      this.open--
    }
  }
}
