/**
 * Each call of an action leaves one entry: of kind `action` in its own transaction where that commits, and `denied` or
 * `failed` where it does not. It tells which fields of the input were given, and none of their values.
 */
import type { JsonSchema } from "../model/json-schema.ts"
import { recordText, recordValues } from "../sql/circumstances.ts"
import type { Transaction } from "../store/transactions.ts"
import type { Refusals } from "./refusals.ts"
import type { ActionCall, PrepareAction, Step } from "./transact.ts"
import { noting, notingStep } from "./with-refusals.ts"

export interface ActionRecordParts {
  readonly actions: ReadonlyMap<string, { readonly input: JsonSchema }>
  readonly refusals: Refusals
  /** Seals what the process says. */
  readonly key: Buffer
}

/** What prepares an action. */
export function withActionRecord(
  prepare: PrepareAction,
  { actions, refusals, key }: ActionRecordParts,
): PrepareAction {
  return async (call) => {
    const { name, caller } = call
    const action = actions.get(name)
    if (!action) return prepare(call)
    const fields = givenFields(call, action.input)
    const request = { caller, action: name, fields }
    const step = notingStep(refusals, request, await noting(refusals, request, prepare(call)))
    let own: Transaction | null = null
    const write = async (transaction: Transaction, result: string): Promise<void> => {
      const given = fields.length > 0 ? { fields } : {}
      const entry = { kind: "action", result, ...given, detail: { action: name } }
      await transaction.query(recordText, recordValues(entry, key))
    }
    const recorded: Step = {
      ...step,
      async perform(transaction) {
        own = transaction
        return step.perform(transaction)
      },
      record: {
        isDue: () => true,
        async write(apart) {
          if (step.record?.isDue()) await step.record.write(apart)
          await write(apart ?? own!, "done")
        },
        replayed: (apart) => write(apart, "replayed"),
        undone: async (error) => void (await refusals.note(error, request)),
      },
    }
    return recorded
  }
}

/** By the names that the action declares: others are the caller's own words. */
function givenFields({ input }: ActionCall, schema: JsonSchema): readonly string[] {
  if (typeof input !== "object" || input === null) return []
  return Object.keys((schema["properties"] ?? {}) as object).filter((one) => Object.hasOwn(input, one))
}
