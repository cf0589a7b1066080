/** What a generator of operations knows, and how it picks a field. */
import type { Random } from "./random.ts"
import type { ValuePool } from "./random-value.ts"
import type { EntityShape, FieldShape, ModelShape } from "./shape.ts"

export interface OperationContext {
  readonly random: Random
  readonly shapes: ModelShape
  readonly pool: ValuePool
  /** Values that references may have, by entity: keys that exist. */
  readonly keys: ReadonlyMap<string, readonly unknown[]>
  /** Whether a field exists for the caller; others are asked for less often. */
  readonly exists: (entity: string, field: string) => boolean
  /** The values of a field in the rows that the caller sees. */
  readonly seenValues: (entity: string, field: string) => readonly unknown[]
  /** Also what the oracle can't answer: for requests that two worlds must answer alike. */
  readonly wild: boolean
}

/** The fields to choose from: those that the caller has, and sometimes one that is hidden from them. */
export function pickField(
  context: OperationContext,
  entity: EntityShape,
  fits: (field: FieldShape) => boolean,
): FieldShape | null {
  const { random, exists } = context
  const all = entity.fields.filter(fits)
  const open = all.filter((field) => exists(entity.name, field.name))
  const from = open.length > 0 && random.chance(0.97) ? open : all
  return from.length === 0 ? null : random.pick(from)
}
