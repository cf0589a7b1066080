/** Every error that leaves Undercroft, under its code. */
import { definitionErrors } from "./definition-errors.ts"
import { requestErrors } from "./request-errors.ts"
import { runningErrors } from "./running-errors.ts"

/**
 * Codes are banded by floor and never reused:
 * UC1xx model, UC2xx policy, UC3xx query, UC5xx store, UC6xx engine and callers, UC7xx actions, UC9xx command line.
 * Where PostgREST or PostgreSQL has a code for the same condition, that code is used
 * (`PG:` marks an SQLSTATE, and is not sent; nor is what follows a slash, which tells two conditions of one code apart).
 */
export const catalogue: typeof definitionErrors & typeof requestErrors & typeof runningErrors = {
  ...definitionErrors,
  ...requestErrors,
  ...runningErrors,
}

/** A code of the catalogue. */
export type CatalogueCode = keyof typeof catalogue
