/** Planted bugs of the engine itself; the target carries them out by their names. */

export interface EngineBug {
  readonly name: string
  readonly about: string
}

export const engineBugs: readonly EngineBug[] = [
  {
    name: "hidden-forgotten",
    about: "requests are planned as if every field existed for every caller, filters and orders too",
  },
  {
    name: "encrypted-hidden-forgotten",
    about: "encrypted fields are asked of callers for whom they don't exist",
  },
  { name: "stored-plain", about: "what should be encrypted is stored as it is" },
  { name: "sealed-elsewhere", about: "a value is encrypted for another row" },
  { name: "index-of-other-field", about: "a blind index is compared with that of another field" },
  { name: "previous-caller", about: "a statement runs as the caller before" },
  { name: "superuser", about: "requests run as a role that no policy holds" },
  { name: "raw-tables", about: "statements read tables instead of their field views" },
  { name: "filter-dropped", about: "the filters of a request are lost" },
  { name: "order-dropped", about: "the order of a request is lost" },
  { name: "inner-dropped", about: "rows are kept that lack an inner embed" },
  { name: "aggregate-open", about: "aggregates look at all rows, whoever may read them" },
  { name: "spread-open", about: "what is spread into its parent is read past every policy" },
  { name: "search-open", about: "a search finds rows and fields that the caller can't see" },
  { name: "path-open", about: "steps into JSON look into hidden documents" },
  { name: "upsert-open", about: "an upsert changes rows past every policy" },
  { name: "conflict-forgotten", about: "rows that exist are left as they are where they should be merged" },
  { name: "columns-forgotten", about: "fields that the request does not name are written" },
  { name: "limit-forgotten", about: "more rows are written than the request allows" },
  { name: "error-quotes", about: "an error quotes a row, whoever may read it" },
  { name: "count-everything", about: "the count is of all rows, whoever may read them" },
  { name: "graphql-filter-dropped", about: "the GraphQL door loses filters" },
  { name: "graphql-related-open", about: "a filter through a relation looks past every policy" },
  { name: "graphql-schema-reused", about: "a caller is answered by the schema of the caller before" },
  { name: "graphql-cursor-open", about: "what comes after a cursor is read past every policy" },
  { name: "graphql-total-open", about: "the total is of all rows, whoever may read them" },
  { name: "graphql-flight-caller", about: "root fields that go together run as the caller before" },
  { name: "action-not-entered", about: "an action's transaction does not say who calls" },
  { name: "action-previous-caller", about: "an action runs as the caller before" },
  { name: "action-superuser", about: "an action runs as a role that no policy holds" },
]
