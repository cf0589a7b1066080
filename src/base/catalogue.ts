/**
 * Every error that leaves Undercroft. Codes are banded by floor and never reused:
 * UC1xx model, UC2xx policy, UC3xx query, UC5xx store, UC6xx engine and callers, UC9xx command line.
 * Where PostgREST or PostgreSQL has a code for the same condition, that code is used
 * (`PG:` marks an SQLSTATE, and is not sent).
 */
export interface CatalogueEntry {
  readonly status: number
  readonly message: string
  readonly hint?: string
}

export const catalogue = {
  // Requests (PostgREST's codes).
  PGRST100: { status: 400, message: '"failed to parse {part}" ({why})' },
  PGRST102: { status: 400, message: "{why}" },
  PGRST103: { status: 416, message: "Requested range not satisfiable" },
  PGRST116: { status: 406, message: "Cannot coerce the result to a single JSON object" },
  PGRST200: { status: 400, message: "Could not find a relationship between '{from}' and '{to}' in the schema cache" },
  PGRST204: { status: 400, message: "Could not find the '{field}' column of '{collection}' in the schema cache" },
  PGRST205: { status: 404, message: "Could not find the table '{collection}' in the schema cache" },
} as const satisfies Record<string, CatalogueEntry>

/** A code of the catalogue. */
export type CatalogueCode = keyof typeof catalogue
