/**
 * The frozen value in the middle: what a caller asks, said in the model's names, whatever door it came through.
 * Nothing in it is resolved or trusted yet; `planOperation` does both.
 *
 * Values that vary between requests of one shape stand in `values`, and the tree holds their positions, so that
 * the tree without them is the shape that a prepared statement is cached by.
 */

/** A position in `Operation.values`. */
export type ValueIndex = number

/** A field, and the steps into it when it holds JSON: `address->city`, `tags->>0`. */
export interface FieldPath {
  readonly name: string
  readonly json: readonly JsonStep[]
}

/** One step into JSON; `text` is the `->>` form. */
export interface JsonStep {
  readonly key: string | number
  readonly text: boolean
}

export type Aggregate = "count" | "sum" | "avg" | "min" | "max"

/** One item of a select list. */
export type SelectItem =
  | { readonly kind: "all" }
  | {
      readonly kind: "field"
      readonly path: FieldPath
      readonly alias: string | null
      readonly cast: string | null
      readonly aggregate: Aggregate | null
      readonly aggregateCast: string | null
    }
  /** `count()`: rows, not values. */
  | { readonly kind: "count"; readonly alias: string | null; readonly cast: string | null }
  /** Items of the same row, or of the same group, as an object of their own. */
  | { readonly kind: "object"; readonly alias: string; readonly items: readonly SelectItem[] }
  /** A text that is the same in every row. */
  | { readonly kind: "text"; readonly alias: string; readonly text: string }
  /** What names the row among all rows: its entity and its key, in base64. */
  | { readonly kind: "node-id"; readonly alias: string }
  /** Where the row stands in its query's order, for a frame's `after` and `before`. */
  | { readonly kind: "cursor"; readonly alias: string }
  | Embed

/** Related rows within a row. */
export interface Embed {
  readonly kind: "embed"
  readonly relation: string
  readonly alias: string | null
  /** `!name`: a foreign key, a field or a join entity that tells two relations apart. */
  readonly hint: string | null
  readonly inner: boolean
  /** `...relation(…)`: the fields of the relation stand in the parent. */
  readonly spread: boolean
  readonly query: ReadQuery
}

/** Operators as PostgREST names them. */
export type FilterOperator =
  | "eq"
  | "neq"
  | "gt"
  | "gte"
  | "lt"
  | "lte"
  | "like"
  | "ilike"
  | "match"
  | "imatch"
  | "in"
  | "is"
  | "isdistinct"
  | "cs"
  | "cd"
  | "ov"
  | "sl"
  | "sr"
  | "nxr"
  | "nxl"
  | "adj"
  | "fts"
  | "plfts"
  | "phfts"
  | "wfts"

export type Filter =
  | {
      readonly kind: "compare"
      readonly path: FieldPath
      readonly operator: FilterOperator
      readonly negated: boolean
      /** `eq(any).{…}`: the value is a list. */
      readonly quantifier: "any" | "all" | null
      /** The text search configuration of `fts(english)`. */
      readonly config: string | null
      /** The value is a string; for `in` and quantified operators a list of strings. */
      readonly value: ValueIndex
    }
  /** `is.null`, `is.true` and so on are part of the shape, not values. */
  | {
      readonly kind: "is"
      readonly path: FieldPath
      readonly negated: boolean
      readonly value: "null" | "not_null" | "true" | "false" | "unknown"
    }
  | { readonly kind: "and" | "or"; readonly negated: boolean; readonly terms: readonly Filter[] }
  /** There is a related row of which all of these hold. */
  | {
      readonly kind: "related"
      readonly relation: string
      readonly negated: boolean
      readonly where: readonly Filter[]
    }

export interface OrderTerm {
  /** Empty, or the name or alias of a to-one embed whose field orders the parent: `patient(name)`. */
  readonly relation: string | null
  readonly path: FieldPath
  readonly descending: boolean
  readonly nulls: "first" | "last" | null
}

/** What is read of one entity, at any depth. */
export interface ReadQuery {
  readonly select: readonly SelectItem[]
  /** All of these hold. */
  readonly where: readonly Filter[]
  readonly order: readonly OrderTerm[]
  /** The number itself: PostgreSQL plans a page of twenty otherwise than one of unknown size. */
  readonly limit: number | null
  readonly offset: ValueIndex | null
  /** The rows stand in an object, whose parts these are, in place of a list of what is selected. */
  readonly frame?: Frame
}

/** The object that stands around a page of rows: a connection, or what a write tells. */
export interface Frame {
  readonly parts: readonly FramePart[]
  /** The page is the end of the rows rather than their beginning. */
  readonly fromEnd: boolean
  /** Where the texts of a cursor stand: only rows after it, or before it. */
  readonly after: ValueIndex | null
  readonly before: ValueIndex | null
}

export type PageFact = "hasNext" | "hasPrevious" | "start" | "end"

/** One part of a frame, and the key that it stands under. */
export type FramePart =
  /** An object for each row. */
  | { readonly kind: "rows"; readonly as: string; readonly items: readonly SelectItem[] }
  /** How many rows there are in the answer, or of all that fit. */
  | { readonly kind: "count"; readonly as: string; readonly of: "answer" | "all" }
  | { readonly kind: "page"; readonly as: string; readonly facts: readonly NamedFact[] }
  /** Aggregates of all rows that fit. */
  | { readonly kind: "aggregate"; readonly as: string; readonly items: readonly SelectItem[] }
  | { readonly kind: "text"; readonly as: string; readonly text: string }

/** What is said of a page, or a text. */
export interface NamedFact {
  readonly as: string
  readonly fact: PageFact | { readonly text: string }
}

export type CountKind = "exact" | "planned" | "estimated"

/** What the body of an answer is; with `json-with-texts` numbers that a client could round are strings where they were encrypted. */
export type BodyForm = "json" | "json-with-texts" | "json-without-nulls" | "csv"

interface OperationBase {
  readonly collection: string
  /** What comes back; of a write, the rows it wrote. */
  readonly query: ReadQuery
  readonly values: readonly unknown[]
  readonly count: CountKind | null
  /** The answer is one object, and it is an error when the rows are not exactly one. */
  readonly single: boolean
  readonly form: BodyForm
  /** Everything is done and answered, and then undone. */
  readonly rollback: boolean
  /** A text that all operations of this shape have in common and no others, where the door knows one. */
  readonly shape?: string
}

export interface ReadOperation extends OperationBase {
  readonly kind: "read"
}

/** What a write sends back: nothing, only where it is, or the rows. */
export type Returning = "minimal" | "headers-only" | "representation"

interface WriteBase extends OperationBase {
  readonly returning: Returning
  /** More rows than this are refused (`max-affected`). */
  readonly maxAffected: number | null
  /** Only a row of one of these versions is written (`If-Match`), or any that is there. Of one row, by its key. */
  readonly match: ValueIndex | "any" | null
  /** Where a key and the digest of the request stand, when a repeat shall have no effect (`Idempotency-Key`). */
  readonly once: ValueIndex | null
}

/** What a hook had its part in. */
interface Hooked {
  /** Fields that the hook completed: they may be such as do not exist for the caller. */
  readonly completed?: readonly string[]
}

/** An update or a delete of rows that were found before, by their keys alone. */
export interface Each {
  /** Where in `values` the rows stand: the key of each, and what is written of it. */
  readonly rows: ValueIndex
  /** Fields that some of the rows leave as they are. */
  readonly partial: readonly string[]
}

/** One field of a row's key, and where in `values` its text stands. */
export interface AddressPart {
  readonly name: string
  readonly value: ValueIndex
}

export interface InsertOperation extends WriteBase, Hooked {
  readonly kind: "insert"
  /** Field names, the same for every row. */
  readonly columns: readonly string[]
  /** Where in `values` the rows stand: a list of objects, values as they came in JSON. */
  readonly rows: ValueIndex
  readonly isOneRow: boolean
  /** Values are texts, as in CSV. */
  readonly isText: boolean
  /** The key as the address says it (`PUT`): the row must have the same. */
  readonly address: readonly AddressPart[] | null
  /** A field that a row leaves out gets its default rather than null. */
  readonly missingDefault: boolean
  readonly conflict: {
    readonly fields: readonly string[] | null
    readonly resolution: "merge" | "ignore"
  } | null
}

export interface UpdateOperation extends WriteBase, Hooked {
  readonly kind: "update"
  readonly columns: readonly string[]
  /** Where in `values` the object with the new values stands. */
  readonly row: ValueIndex
  readonly isText: boolean
  /** In place of `row`. */
  readonly each?: Each
}

export interface DeleteOperation extends WriteBase {
  readonly kind: "delete"
  readonly each?: Each
}

export type WriteOperation = InsertOperation | UpdateOperation | DeleteOperation

/** A request, whichever door it came through. */
export type Operation = ReadOperation | WriteOperation
