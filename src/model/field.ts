/** A field of an entity: its kind of value, and what the author said about it. Immutable; every method gives a new field. */
import type { Expr, LooseScope } from "./capture.ts"
import type { Classification } from "./classification.ts"
import type { EncryptedOptions } from "./encryption.ts"
import type { AnyEntity, Entity } from "./entity.ts"
import { type Condition, type Node, toNode } from "./expression.ts"
import type { PluralOf } from "./model.ts"
import type { FieldKind } from "./value.ts"

/** What a field's type remembers beside its value. */
export type FieldFlag =
  | "optional"
  | "default"
  | "readonly"
  | "immutable"
  | "restricted"
  | "encrypted"
  | "findable"

export type OnDelete = "restrict" | "cascade" | "set null"

/** What the author said of a field. */
export interface FieldOptions {
  readonly optional?: boolean
  readonly unique?: boolean
  readonly defaulted?: boolean
  readonly defaultValue?: unknown
  readonly defaultNode?: Node
  readonly readonly?: boolean
  readonly immutable?: boolean
  readonly classification?: Classification
  readonly encrypted?: EncryptedOptions
  readonly visibleTo?: (scope: LooseScope) => Condition
  readonly writableBy?: (scope: LooseScope) => Condition
  readonly description?: string
  readonly reveals?: boolean
  readonly onDelete?: OnDelete
  /** The entity referred to, or its name. */
  readonly target?: () => AnyEntity | string
  readonly generated?: (scope: LooseScope) => Node
}

/** A field: `T` is its JSON value, `K` its flags, `E` the entity that it refers to. */
export class Field<T, K extends string = never, E = null> {
  declare readonly "~value": T
  declare readonly "~target": E
  declare readonly "~flags": K
  readonly kind: FieldKind
  readonly options: FieldOptions

  constructor(kind: FieldKind, options: FieldOptions = {}) {
    this.kind = kind
    this.options = options
  }

  /** May be null. */
  optional(): Field<T, K | "optional", E> {
    return this.with({ optional: true })
  }
  /** No two rows have the same value. */
  unique(): Field<T, K, E> {
    return this.with({ unique: true })
  }
  /** The value of a row that is created without one; `now` and `today` are the moment and the day of its creation. */
  default(value: T | Expr<T>): Field<T, K | "default", E> {
    const node = toNode(value)
    return this.with(
      node.kind === "value"
        ? { defaulted: true, defaultValue: value }
        : { defaulted: true, defaultNode: node },
    )
  }
  /** Set when the row is created, never changed. */
  immutable(): Field<T, K | "immutable", E> {
    return this.with({ immutable: true })
  }
  /** Harmless to publish. */
  public(): Field<T, K, E> {
    return this.with({ classification: "public" })
  }
  /** The organisation's own; what a field is that says nothing. */
  internal(): Field<T, K, E> {
    return this.with({ classification: "internal" })
  }
  /** About a person (GDPR Art. 4). */
  personal(): Field<T, K, E> {
    return this.with({ classification: "personal" })
  }
  /** A special category about a person, health for one (GDPR Art. 9). */
  special(): Field<T, K, E> {
    return this.with({ classification: "special" })
  }
  /** A credential or a key. */
  secret(): Field<T, K, E> {
    return this.with({ classification: "secret" })
  }
  /**
   * Stored encrypted, under the key of the person whose data the row is; PostgreSQL never sees the value. It can't be ordered or
   * searched; with `findable` equal values can be found.
   */
  encrypted(): Field<T, K | "encrypted", E>
  encrypted(options: { readonly findable: true }): Field<T, K | "findable", E>
  encrypted(options: EncryptedOptions = {}): Field<any, any, any> {
    return this.with({ encrypted: options })
  }
  /** Who may see the value; for everyone else it is null, or does not exist where the rule looks only at the caller. */
  visibleTo(rule: (scope: LooseScope) => Condition): Field<T, K | "restricted", E> {
    return this.with({ visibleTo: rule })
  }
  /** Who may set the value; who may see it, when left out. */
  writableBy(rule: (scope: LooseScope) => Condition): Field<T, K, E> {
    return this.with({ writableBy: rule })
  }
  /** What the field means, for the documents that are made from the model. */
  describe(description: string): Field<T, K, E> {
    return this.with({ description })
  }
  /** A unique value may tell a caller that a row exists which they can't see; here that is accepted. */
  reveals(): Field<T, K, E> {
    return this.with({ reveals: true })
  }
  /** What becomes of this row when the row it refers to is deleted; `restrict` by default. */
  onDelete(action: OnDelete): Field<T, K, E> {
    return this.with({ onDelete: action })
  }

  private with(more: FieldOptions): Field<any, any, any> {
    return new Field(this.kind, { ...this.options, ...more })
  }
}

/** The rows of another entity that refer to this one; not a column. */
export class Many<E> {
  declare readonly "~target": E
  readonly target: () => AnyEntity
  readonly via: string

  constructor(target: () => AnyEntity, via: string) {
    this.target = target
    this.via = via
  }
}

/** The name of the entity that a declared field refers to, or null. */
export function targetName(field: unknown): string | null {
  const target = field instanceof Field ? field.options.target?.() : undefined
  return typeof target === "string" ? target : (target?.name ?? null)
}

/** The JSON value of a field. */
export type ValueOf<X> = X extends Field<infer T, string, any> ? T : never

/** The JSON value of an entity's key; a composite key has none. */
export type KeyOf<E> =
  E extends Entity<string, infer F, infer O>
    ? O extends { readonly key: infer K }
      ? K extends keyof F
        ? ValueOf<F[K]>
        : never
      : string
    : never

/** An entity's name in URLs: what it says, or the plural of its name. */
export type CollectionOf<E> =
  E extends Entity<infer Name, any, infer O>
    ? O extends { readonly collection: infer C extends string }
      ? C
      : PluralOf<Name>
    : never

/** The fields that an entity has beside the declared ones. */
export type AutomaticFields<O> = (O extends { readonly key: unknown }
  ? unknown
  : { readonly id: Field<string, "default" | "immutable"> }) &
  (O extends { readonly tracked: false }
    ? unknown
    : {
        readonly createdAt: Field<string, "readonly">
        readonly updatedAt: Field<string, "readonly">
        readonly version: Field<number, "readonly">
      })

/** All fields of an entity. */
export type FieldOf<F, O> = F & AutomaticFields<O>

type IsStored<X> = X extends Many<any> ? false : true
type Has<X, K extends FieldFlag> =
  X extends Field<any, infer Flags, any> ? (K extends Flags ? true : false) : false
type Value<X> = Has<X, "optional"> extends true ? ValueOf<X> | null : ValueOf<X>
/** What a caller may not see is null. */
type Seen<X> = Has<X, "restricted"> extends true ? Value<X> | null : Value<X>
type Flat<T> = { [K in keyof T]: T[K] }

type RowShape<A> = { readonly [K in keyof A as IsStored<A[K]> extends true ? K : never]: Seen<A[K]> }
type WritableKey<A, K extends keyof A> =
  IsStored<A[K]> extends true ? (Has<A[K], "readonly"> extends true ? never : K) : never
type InsertShape<A> = {
  -readonly [K in keyof A as Has<A[K], "optional"> extends true
    ? never
    : Has<A[K], "default"> extends true
      ? never
      : WritableKey<A, K>]: Value<A[K]>
} & {
  -readonly [K in keyof A as Has<A[K], "optional"> extends true
    ? WritableKey<A, K>
    : Has<A[K], "default"> extends true
      ? WritableKey<A, K>
      : never]?: Value<A[K]>
}
type UpdateShape<A> = {
  -readonly [K in keyof A as Has<A[K], "immutable"> extends true ? never : WritableKey<A, K>]?: Value<A[K]>
}

/** A row as the API gives it. */
export type Row<E> = E extends Entity<string, infer F, infer O> ? Flat<RowShape<FieldOf<F, O>>> : never
/** What creates a row. */
export type Insert<E> = E extends Entity<string, infer F, infer O> ? Flat<InsertShape<FieldOf<F, O>>> : never
/** What changes a row. */
export type Update<E> = E extends Entity<string, infer F, infer O> ? Flat<UpdateShape<FieldOf<F, O>>> : never
