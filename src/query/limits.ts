/** How much one request may ask for. Every limit has a setting of the same name in the backend's definition. */

export interface QueryLimits {
  /** Rows of an answer, and of each embed in a row. */
  readonly rows: number
  /** Related entities in one request, at all depths together. */
  readonly embeds: number
  /** Rows that one request may write. */
  readonly writtenRows: number
  /** Bytes of an answer. */
  readonly answerBytes: number
}

export const defaultQueryLimits: QueryLimits = {
  rows: 1000,
  embeds: 30,
  writtenRows: 5000,
  answerBytes: 50_000_000,
}
