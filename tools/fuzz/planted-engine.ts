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
  { name: "previous-caller", about: "a statement runs as the caller before" },
  { name: "superuser", about: "requests run as a role that no policy holds" },
  { name: "raw-tables", about: "statements read tables instead of their field views" },
  { name: "filter-dropped", about: "the filters of a request are lost" },
  { name: "order-dropped", about: "the order of a request is lost" },
  { name: "inner-dropped", about: "rows are kept that lack an inner embed" },
  { name: "count-everything", about: "the count is of all rows, whoever may read them" },
]
