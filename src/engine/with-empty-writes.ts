/** A write that touches no row is on record, too: a trigger is not told of it, and whoever tries what there is would not be seen. */
import type { EntityInfo, Model } from "../model/model.ts"
import type { Filter, Operation } from "../query/operation.ts"
import { recordText, recordValues, type ToldEntry } from "../sql/circumstances.ts"
import type { Caller } from "./caller.ts"
import type { Answer, Engine } from "./engine.ts"
import { type RecordParts, recordEntry } from "./record-entry.ts"

const kinds = { insert: "create", update: "update", delete: "delete" } as const

/** The engine. An entry is written after the write, before its answer: in the same transaction where that has further steps. */
export function withEmptyWrites(engine: Engine, model: Model, parts: RecordParts): Engine {
  const entryOf = (operation: Operation): ToldEntry | null =>
    emptyWrite(operation, model.byCollection.get(operation.collection))
  const note = async (operation: Operation, answer: Answer, caller: Caller): Promise<Answer> => {
    const entry = answer.written === 0 && !answer.isReplayed ? entryOf(operation) : null
    if (entry) await recordEntry(parts, caller, entry)
    return answer
  }
  return {
    ...engine,
    run: async (operation, caller) => note(operation, await engine.run(operation, caller), caller),
    async runTogether(operations, caller) {
      const result = await engine.runTogether(operations, caller)
      if ("answers" in result)
        for (const [at, answer] of result.answers.entries()) await note(operations[at]!, answer, caller)
      return result
    },
    async stepOf(operation, caller) {
      const step = await engine.stepOf(operation, caller)
      return {
        ...step,
        async perform(transaction) {
          const body = await step.perform(transaction)
          const entry = step.written?.() === 0 ? entryOf(operation) : null
          if (entry) await transaction.query(recordText, recordValues(entry, parts.key))
          return body
        },
      }
    },
  }
}

function emptyWrite(operation: Operation, entity: EntityInfo | undefined): ToldEntry | null {
  if (operation.kind === "read" || !entity) return null
  const { kind, query, values } = operation
  const where = kind === "insert" ? [] : query.where.map((one) => tell(one, entity, values))
  const columns = kind === "delete" ? [] : operation.columns
  return {
    kind: kinds[kind],
    entity: entity.name,
    result: "0 rows",
    rows: [],
    ...(columns.length > 0 ? { fields: columns } : {}),
    ...(where.length > 0 ? { question: { of: entity.name, where } } : {}),
  }
}

/** As reads are told: values of personal fields stay out. */
function tell(filter: Filter, entity: EntityInfo, values: readonly unknown[]): object {
  switch (filter.kind) {
    case "and":
    case "or":
      return {
        [filter.kind]: filter.terms.map((one) => tell(one, entity, values)),
        not: filter.negated,
      }
    case "related":
      return { related: filter.relation, not: filter.negated }
    case "is":
      return { field: filter.path.name, is: filter.value, not: filter.negated }
    case "compare": {
      const { path, operator, negated, value } = filter
      const kind = entity.fieldByName.get(path.name)?.classification
      const isOpen = kind === "public" || kind === "internal"
      const isShort = (JSON.stringify(values[value]) ?? "null").length <= 300
      const told = isOpen ? { value: isShort ? values[value] : "…" } : {}
      return { field: path.name, operator, not: negated, ...told }
    }
  }
}
