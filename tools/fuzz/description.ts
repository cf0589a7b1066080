/**
 * What the harness makes up, as plain JSON: models, rules, rows, callers and operations. A failure is kept as one
 * such value, and shrinking is nothing but making it smaller.
 */

export type KindDescription =
  | {
      readonly type: "text"
      readonly min?: number
      readonly max?: number
      readonly caseInsensitive?: boolean
    }
  | { readonly type: "choice"; readonly words: readonly [string, ...string[]] }
  | { readonly type: "integer"; readonly min?: number; readonly max?: number }
  | { readonly type: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly type: "bigint" | "boolean" | "date" | "instant" | "uuid" | "time" | "list" | "json" }
  | { readonly type: "range"; readonly of: "integer" | "date" }
  | { readonly type: "ref"; readonly target: string }

export interface FieldDescription {
  readonly name: string
  readonly kind: KindDescription
  readonly optional?: boolean
  readonly unique?: boolean
  readonly reveals?: boolean
  readonly immutable?: boolean
  /** The database alone sets it. */
  readonly kept?: boolean
  readonly encrypted?: boolean
  /** Of an encrypted field: equal values can be searched for. */
  readonly findable?: boolean
  readonly default?: unknown
  readonly onDelete?: "restrict" | "cascade" | "set null"
  readonly visibleTo?: RuleDescription
  readonly writableBy?: RuleDescription
}

export interface ManyDescription {
  readonly name: string
  readonly target: string
  readonly via: string
}

export interface AccessDescription {
  readonly read?: RuleDescription
  readonly create?: RuleDescription
  readonly update?: RuleDescription
  /** Said apart, in place of `update`. */
  readonly updateParts?: {
    readonly from?: RuleDescription
    readonly to?: RuleDescription
    readonly step?: RuleDescription
  }
  readonly delete?: RuleDescription
}

/** A purpose of a register of consents: versions from `since` to `version` count. */
export interface PurposeDescription {
  readonly version: number
  readonly since?: number
}

/** A kind of a register of overrides. */
export interface OverrideKindDescription {
  readonly who: readonly string[]
  readonly review: string
  readonly twoFactor?: boolean
}

/** A register that the library declares; `person` is the entity of those whom it is about. */
export type RegisterDescription =
  | { readonly person: string; readonly purposes: Readonly<Record<string, PurposeDescription>> }
  | { readonly person: string; readonly kinds: Readonly<Record<string, OverrideKindDescription>> }

export interface EntityDescription {
  readonly name: string
  readonly collection?: string
  /** Absent: `id`. */
  readonly key?: readonly string[]
  readonly tracked: boolean
  readonly fields: readonly FieldDescription[]
  readonly many: readonly ManyDescription[]
  readonly unique: readonly (readonly string[])[]
  readonly reveals: boolean
  /** Its reads are on record, which may change no answer. */
  readonly recorded?: boolean
  /** Whose data its rows are: its key, or a reference on the way to the person. */
  readonly subject?: string
  /** Its rows are looked at, and never written through a door. */
  readonly register?: RegisterDescription
  readonly access: AccessDescription
}

/** A read-only entity over another one; a field is a path, and the key is a field of the source. */
export interface ViewDescription {
  readonly name: string
  readonly from: string
  readonly key: string
  readonly fields: readonly { readonly name: string; readonly path: readonly string[] }[]
  readonly where?: RuleDescription
}

export interface LookupDescription {
  readonly name: string
  readonly entity: string
  readonly pick: string
  readonly where: RuleDescription
}

export type FactDescription = LookupDescription | { readonly name: string; readonly claim: KindDescription }

export interface ModelDescription {
  readonly facts: readonly FactDescription[]
  readonly entities: readonly EntityDescription[]
  readonly views: readonly ViewDescription[]
}

export type CompareName = "is" | "isNot" | "above" | "atLeast" | "below" | "atMost"
export type TextName = "startsWith" | "endsWith" | "contains"

/** A path starts with its scope: `row`, `before`, or the name of a row in `some`. */
export type PathDescription = readonly string[]

export type ValueDescription =
  | { readonly path: PathDescription }
  | { readonly value: unknown }
  | { readonly me: "id" }
  | { readonly claim: string }
  | { readonly clock: "now" | "today" }
  | { readonly shift: ValueDescription; readonly by: string; readonly back: boolean }
  | { readonly call: "lower" | "upper" | "concat"; readonly of: readonly ValueDescription[] }

export type RuleDescription =
  | { readonly all: readonly RuleDescription[] }
  | { readonly any: readonly RuleDescription[] }
  | { readonly not: RuleDescription }
  | { readonly compare: CompareName; readonly left: ValueDescription; readonly right: ValueDescription }
  | { readonly text: TextName; readonly left: ValueDescription; readonly right: ValueDescription }
  | { readonly in: ValueDescription; readonly values: readonly unknown[] }
  | { readonly in: ValueDescription; readonly fact: string }
  | { readonly isNull: ValueDescription }
  | { readonly isPresent: ValueDescription }
  | { readonly flag: PathDescription }
  | { readonly some: PathDescription; readonly as: string; readonly where: RuleDescription | null }
  | { readonly none: PathDescription; readonly as: string; readonly where: RuleDescription | null }
  | { readonly visible: PathDescription }
  | { readonly role: string }
  | { readonly signedIn: true }
  /** The person whose data the row at the end of the path is. */
  | { readonly consents: PathDescription; readonly purpose: string }
  /** The caller, as a person. */
  | { readonly meConsents: string }
  /** The caller has an override of this kind open for the person whose data `row` is. */
  | { readonly overrides: string }

export type Row = Readonly<Record<string, unknown>>
/** By entity name. Values are canonical JSON values, as answers have them. */
export type Rows = Readonly<Record<string, readonly Row[]>>

export interface CallerDescription {
  /** Null calls without a token. */
  readonly id: string | null
  readonly roles: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
}

/** A step into JSON: `->a`, or `->>a` where it ends in a text. */
export interface JsonStepDescription {
  readonly key: string | number
  readonly text: boolean
}

export type FilterDescription =
  | {
      readonly field: string
      readonly json?: readonly JsonStepDescription[]
      readonly operator: string
      /** The value is a list, of which one or all must fit. */
      readonly quantifier?: "any" | "all"
      /** Of a search. */
      readonly config?: string
      readonly negated: boolean
      readonly value: string | readonly string[]
    }
  | {
      /** Or the name of an embed, which has rows or none. */
      readonly field: string
      readonly json?: readonly JsonStepDescription[]
      readonly is: "null" | "not_null" | "true" | "false" | "unknown"
      readonly negated: boolean
    }
  | { readonly logic: "and" | "or"; readonly negated: boolean; readonly terms: readonly FilterDescription[] }

export interface OrderDescription {
  /** The to-one embed whose field orders the parent. */
  readonly relation?: string
  readonly field: string
  readonly json?: readonly JsonStepDescription[]
  readonly descending: boolean
  readonly nulls: "first" | "last" | null
}

export type AggregateName = "count" | "sum" | "avg" | "min" | "max"

export type SelectDescription =
  | { readonly all: true }
  | {
      readonly field: string
      readonly alias?: string
      readonly json?: readonly JsonStepDescription[]
      readonly cast?: string
      readonly aggregate?: AggregateName
    }
  | { readonly count: true; readonly alias?: string }
  | {
      /** A relation's name, or a collection and its hint: `alphas!owner`. */
      readonly embed: string
      readonly alias?: string
      readonly inner: boolean
      /** Its fields stand in the parent. */
      readonly spread?: boolean
      readonly query: QueryDescription
    }

export interface QueryDescription {
  readonly select: readonly SelectDescription[]
  readonly where: readonly FilterDescription[]
  /** Ends in the key, or is empty: then rows are compared without regard to their order. */
  readonly order: readonly OrderDescription[]
  readonly limit: number | null
  readonly offset: number | null
}

export interface OperationDescription {
  readonly kind: "read" | "insert" | "update" | "delete"
  readonly entity: string
  readonly query: QueryDescription
  readonly count: boolean | "planned" | "estimated"
  readonly single: boolean
  /** Of a read: without a body. */
  readonly head?: boolean
  /** Of a write: what comes back. */
  readonly returning?: "minimal" | "headers-only" | "representation"
  /** Of an insert, one or more; of an update, one. */
  readonly rows?: readonly Row[]
  /** Of an insert: what becomes of a row that exists, by its key or by other fields. */
  readonly conflict?: "merge" | "ignore"
  readonly onConflict?: readonly string[]
  /** The fields that are looked at, whatever else the body has. */
  readonly columns?: readonly string[]
  readonly missingDefault?: boolean
  readonly maxAffected?: number
  /** A single row is sent as an object rather than as a list of one. */
  readonly asObject?: boolean
  readonly timezone?: string
}

/** Which door a question is asked through; REST where nothing is said. */
export type DoorName = "rest" | "graphql" | "action"

export interface StepDescription {
  readonly caller: number
  readonly operation: OperationDescription
  readonly door?: DoorName
}

/** Everything that one answer depends on. */
export interface WorldDescription {
  readonly seed: string
  readonly model: ModelDescription
  readonly rows: Rows
  readonly callers: readonly CallerDescription[]
}

/** A failure as it is kept: the last operation is the one that fails, those before it prepare the rows. */
export interface CaseDescription extends WorldDescription {
  readonly about: string
  readonly steps: readonly StepDescription[]
  /** For noninterference: the rows of the other world, which the caller can't tell from `rows`. */
  readonly otherRows?: Rows
}
