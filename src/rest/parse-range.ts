/** Reads `Range: 0-9`, rows from and to, both included: what `limit` and `offset` say too, and what both say together. */
import { UndercroftError } from "../base/errors.ts"

/** A part of the rows; `limit` is null where it has no end. */
export interface RowRange {
  readonly offset: number
  readonly limit: number | null
}

/** Null where the header says nothing about rows, as in PostgREST. Throws PGRST103 for a range that ends before it begins. */
export function parseRange(header: string | undefined, unit: string | undefined): RowRange | null {
  if (header === undefined || (unit !== undefined && unit !== "items")) return null
  const found = /^(?:items=)?(\d{1,15})-(\d{1,15})?$/.exec(header.trim())
  if (!found) return null
  const [from, to] = [Number(found[1]), found[2] === undefined ? null : Number(found[2])]
  if (to !== null && to < from) {
    throw new UndercroftError(
      "PGRST103",
      {},
      {
        details: "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
      },
    )
  }
  return { offset: from, limit: to === null ? null : to - from + 1 }
}

/** The rows that are in both. */
export function intersect(left: RowRange, right: RowRange): RowRange {
  const offset = Math.max(left.offset, right.offset)
  const ends = [left, right].flatMap((one) => (one.limit === null ? [] : [one.offset + one.limit]))
  return { offset, limit: ends.length === 0 ? null : Math.max(0, Math.min(...ends) - offset) }
}
