/** Holds each statement to what it reads: on a request's connection all of them count as recording themselves, so one that did not would leave nothing. */
import type { EntityInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import { relationOf } from "./machinery.ts"
import { recordedName } from "./record-reads.ts"
import { rowsOf } from "./told-reads.ts"

/** What stands in the text of a statement that reads an entity on record, and what must stand there, too. */
export interface RecordedRelation {
  readonly entity: EntityInfo
  readonly relation: string
  readonly records: string
}

/** The tables and views whose rows are on record when they are read. */
export function recordedRelations({ of }: Policies): readonly RecordedRelation[] {
  return [...of.values()].flatMap((policy) => {
    const entity = rowsOf(policy.entity)
    return entity.audit.reads
      ? [{ entity, relation: relationOf(policy), records: `${recordedName(entity)}(` }]
      : []
  })
}

/**
 * Throws where a text reads what it does not record, which would be a mistake of the compiler. Of `written` the entries of the
 * writes tell.
 */
export function checkRecorded(
  text: string,
  relations: readonly RecordedRelation[],
  written: EntityInfo | null = null,
): void {
  for (const { entity, relation, records } of relations)
    if (entity !== written && names(text, relation) && !text.includes(records))
      throw new Error(`a statement reads ${entity.name} and leaves no entry`)
}

/** Whether the relation stands there itself, and not as the beginning of a longer name. */
function names(text: string, relation: string): boolean {
  for (let at = text.indexOf(relation); at >= 0; at = text.indexOf(relation, at + 1))
    if (!/^[\w$"]/.test(text.slice(at + relation.length))) return true
  return false
}
