/** Where an answer here is meant to be another than pg_graphql's, and why. */

interface Difference {
  readonly why: string
  /** Null where it is refused here. */
  readonly data: Readonly<Record<string, unknown>> | null
}

const logic =
  "an empty filter is true of every row, and an empty list is true of none in or: a list that was left empty by mistake must not become all rows"
const strings = "BigInt and BigFloat are strings wherever they stand, so that no client rounds them"
const unseen = "whatever a nodeId says, what the caller can't find is not there: null, and no word on why"

const all = [1, 2, 3, 4].map((number) => ({ node: { number } }))

/** By what a case is about. */
export const differences: Readonly<Record<string, Difference>> = {
  "an empty or is as if it were not there": { why: logic, data: { bookCollection: { edges: [] } } },
  "an empty filter beside another in or is as if it were not there": {
    why: logic,
    data: { bookCollection: { edges: all } },
  },
  "not of an empty filter is as if it were not there": {
    why: logic,
    data: { bookCollection: { edges: [] } },
  },
  "sums and averages": {
    why: strings,
    data: {
      bookCollection: { aggregate: { sum: { pages: "320" }, avg: { pages: "160.0000000000000000" } } },
    },
  },
  "a nodeId that is none": { why: unseen, data: { node: null } },
}
