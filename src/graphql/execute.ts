/** Executes one operation of a document: each root field is an operation of the engine or an action, and all of a mutation is one transaction. */
import { GraphQLError, getVariableValues, type OperationDefinitionNode } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Answer, Engine } from "../engine/engine.ts"
import type { Once } from "../engine/once.ts"
import type { PrepareAction, Step, Transact } from "../engine/transact.ts"
import { type Denial, denialOf } from "./denial.ts"
import type { PreparedDocument } from "./documents.ts"
import type { Root, RootAction, RootOperation } from "./roots.ts"
import { type ToldError, tellError } from "./tell-error.ts"
import type { ReadRoots } from "./templates.ts"
import type { OperationContext } from "./to-operation.ts"

/** What does what a document asks. */
export interface Doers {
  readonly engine: Engine
  readonly prepareAction: PrepareAction
  readonly transact: Transact
}

export interface ExecuteParts extends Doers {
  readonly caller: Caller
  readonly prepared: PreparedDocument
  readonly readRoots: ReadRoots
  readonly limits: OperationContext["limits"]
  readonly rowOf: OperationContext["rowOf"]
  /** Of a mutation. */
  readonly once: Once | null
}

/** `data` is JSON text; null where nothing was executed, or all of it was undone. */
export interface Executed {
  readonly data: string | null
  readonly errors: readonly ToldError[]
  /** Nothing was executed: the request itself is at fault. */
  readonly isRefused: boolean
  /** What of it goes on record. */
  readonly denial: Denial | null
  /** The answer that the same request got before. */
  readonly isReplayed: boolean
  /** Whether the database was asked as the caller: otherwise it is the word of what the process knows of them. */
  readonly isConfirmed: boolean
}

/** What a request at fault is told. */
export function refused(errors: readonly (GraphQLError | UndercroftError)[]): Executed {
  return {
    data: null,
    errors: errors.map((one) => tellError(one)),
    isRefused: true,
    denial: denialOf(errors),
    isReplayed: false,
    isConfirmed: false,
  }
}

function answered(data: string | null, errors: readonly ToldError[] = [], isReplayed = false): Executed {
  return { data, errors, isRefused: false, denial: null, isReplayed, isConfirmed: true }
}

/** Throws what is no answer to the document, such as UC690. */
export async function execute(
  operation: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
  parts: ExecuteParts,
): Promise<Executed> {
  const { schema, fragments } = parts.prepared
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], inputs, { maxErrors: 5 })
  if (coerced.errors) return refused(coerced.errors)
  const { limits, rowOf } = parts
  let roots: readonly Root[]
  try {
    roots = parts.readRoots(operation, {
      schema,
      fragments,
      variables: coerced.variableValues,
      limits,
      rowOf,
    })
  } catch (cause) {
    if (cause instanceof GraphQLError || cause instanceof UndercroftError) return refused([cause])
    throw cause
  }
  const executed = await (operation.operation === "mutation" ? write(roots, parts) : read(roots, parts))
  return { ...executed, isConfirmed: roots.some((one) => one.kind !== "text") }
}

/** Each by itself where it must be, so that one that can't be answered leaves the others. */
async function read(roots: readonly Root[], parts: ExecuteParts): Promise<Executed> {
  const texts = new Map<string, string>()
  const failed = new Map<string, ToldError>()
  const settle = async (key: string, ask: () => Promise<string>): Promise<void> => {
    try {
      texts.set(key, await ask())
    } catch (cause) {
      if (!(cause instanceof UndercroftError) || isOfTheRequest(cause)) throw cause
      failed.set(key, tellError(cause, [key]))
      texts.set(key, "null")
    }
  }
  const { engine, caller } = parts
  const asked = roots.filter((one) => one.kind === "operation")
  const readRows = async (): Promise<void> => {
    const together = asked.length < 2 ? null : await engine.runTogether(asked.map(operationOf), caller)
    if (together && "answers" in together)
      for (const [at, { key, isRow }] of asked.entries()) texts.set(key, textOf(together.answers[at]!, isRow))
    else
      await Promise.all(
        asked.map(({ key, operation, isRow }) =>
          settle(key, async () => textOf(await engine.run(operation, caller), isRow)),
        ),
      )
  }
  const calls = roots.filter((one) => one.kind === "action")
  await Promise.all([readRows(), ...calls.map((one) => settle(one.key, () => call(one, parts)))])
  // In the order of the document, whichever was first to fail.
  const errors = roots.flatMap(({ key }) => failed.get(key) ?? [])
  return answered(toData(roots, texts), errors)
}

/** An action that only reads, in a transaction of its own. */
async function call(action: RootAction, parts: ExecuteParts): Promise<string> {
  const steps = [await stepOf(action, parts)]
  const done = await parts.transact({ steps, caller: parts.caller, once: null, toBody: ([json]) => json! })
  if ("error" in done) throw done.error
  return done.body
}

/** One transaction: of several writes none is left when one fails. Without an action or a key it is one flight. */
async function write(roots: readonly Root[], parts: ExecuteParts): Promise<Executed> {
  const asked = roots.filter((one) => one.kind !== "text")
  const failed = (at: number, error: UndercroftError): Executed => {
    if (isOfTheRequest(error)) throw error
    return answered(null, [tellError(error, [asked[at]!.key])])
  }
  const toBody = (answers: readonly string[]): string =>
    toData(roots, new Map(asked.map(({ key }, at) => [key, answers[at]!])))
  if (asked.length === 0) return answered(toBody([]))
  const { engine, caller, once } = parts
  const operations = asked.filter((one) => one.kind === "operation")
  if (once === null && operations.length === asked.length) {
    const result = await engine.runTogether(operations.map(operationOf), caller)
    if ("error" in result) return failed(result.failed, result.error)
    return answered(toBody(result.answers.map((one) => textOf(one, false))))
  }
  const steps: Step[] = []
  for (const one of asked) {
    try {
      steps.push(await stepOf(one, parts))
    } catch (cause) {
      if (!(cause instanceof UndercroftError)) throw cause
      for (const { record } of steps) await record?.undone?.(cause)
      return failed(steps.length, cause)
    }
  }
  const done = await parts.transact({ steps, caller, once, toBody })
  return "error" in done ? failed(done.failed, done.error) : answered(done.body, [], done.isReplayed)
}

/** Throws `UndercroftError`. */
async function stepOf(root: RootOperation | RootAction, parts: ExecuteParts): Promise<Step> {
  const { engine, caller } = parts
  if (root.kind === "operation") return engine.stepOf(root.operation, caller)
  const { name, input, pick } = root
  const step = await parts.prepareAction({ name, input, caller })
  return { ...step, perform: async (transaction) => pick(await step.perform(transaction)) }
}

function operationOf({ operation }: RootOperation): RootOperation["operation"] {
  return operation
}

function toData(roots: readonly Root[], texts: ReadonlyMap<string, string>): string {
  const entries = roots.map(
    (one) => `${JSON.stringify(one.key)}:${one.kind === "text" ? one.text : texts.get(one.key)}`,
  )
  return `{${entries.join(",")}}`
}

/** A token that is no longer good, or a server that can't answer, is said by the status of the whole answer. */
function isOfTheRequest({ status, code }: UndercroftError): boolean {
  return status >= 500 || code.startsWith("PGRST30")
}

/** One row comes in a list. */
function textOf({ body, rows }: Answer, isRow: boolean): string {
  if (!isRow) return body ?? "null"
  return rows === 0 || body === null ? "null" : body.slice(1, -1)
}
