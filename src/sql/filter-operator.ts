/** Filter operators as SQL writes them. */
import type { FilterOperator } from "../query/operation.ts"

/** Operators with a sign. */
export const comparisons: Readonly<Partial<Record<FilterOperator, string>>> = {
  eq: "=",
  neq: "<>",
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
  cs: "@>",
  cd: "<@",
  ov: "&&",
  sl: "<<",
  sr: ">>",
  nxr: "&<",
  nxl: "&>",
  adj: "-|-",
}
/** Functions that read what a caller searches for. */
export const searches: Readonly<Partial<Record<FilterOperator, string>>> = {
  fts: "to_tsquery",
  plfts: "plainto_tsquery",
  phfts: "phraseto_tsquery",
  wfts: "websearch_to_tsquery",
}
/** Languages of full-text search that callers may name. */
export const searchConfigs: ReadonlySet<string> = new Set([
  "simple",
  "arabic",
  "danish",
  "dutch",
  "english",
  "finnish",
  "french",
  "german",
  "hungarian",
  "italian",
  "norwegian",
  "portuguese",
  "romanian",
  "russian",
  "spanish",
  "swedish",
  "turkish",
])
