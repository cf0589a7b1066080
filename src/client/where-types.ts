/** What a filter may say, by the values of the fields. */
import type { Row } from "../model/field.ts"
import type { EncryptedName, FieldName, FindableName, NameOf } from "./entity-types.ts"

/** Questions that every field answers. Of a null, only `null` and `{ not: null }` are true. */
interface Equality<V> {
  readonly eq?: V
  readonly neq?: V
  readonly in?: readonly V[]
}

interface Comparison<V> extends Equality<V> {
  readonly gt?: V
  readonly gte?: V
  readonly lt?: V
  readonly lte?: V
}

/** Patterns have `%` or `*` for any text; `match` takes a regular expression, `search` the words of a text. */
interface TextQuestions extends Comparison<string> {
  readonly like?: string
  readonly ilike?: string
  readonly match?: string
  readonly imatch?: string
  readonly search?: string
}

/** Lists, ranges and JSON. */
interface ContainerQuestions<V> extends Equality<V> {
  readonly contains?: V
  readonly containedBy?: V
  readonly overlaps?: V
}

/** A range is a text whose type says of what. */
type Questions<V> = [V] extends [boolean]
  ? Equality<V>
  : "of" extends keyof V
    ? ContainerQuestions<V>
    : [V] extends [string | number]
      ? string extends V
        ? V extends string
          ? TextQuestions
          : Comparison<V>
        : Comparison<V>
      : ContainerQuestions<V>

type Plain<V> = Extract<V, string | number | boolean>

/** A value for equality, null for none, or questions, all of which hold. */
type Condition<T, V = Exclude<T, null>> =
  | Plain<V>
  | Extract<T, null>
  | (Questions<V> & { readonly not?: Plain<V> | Extract<T, null> | Questions<V> })

/** Of what is encrypted. */
type NullCondition = null | { readonly not: null }
type FindableCondition<T, V = Exclude<T, null>> =
  | Plain<V>
  | Extract<T, null>
  | (Equality<V> & { readonly not?: Plain<V> | Extract<T, null> | Equality<V> })

interface Logic<E> {
  /** At least one of these holds. */
  readonly or?: readonly Where<NameOf<E>, E>[]
  /** All of these hold. */
  readonly and?: readonly Where<NameOf<E>, E>[]
  readonly not?: Where<NameOf<E>, E>
}

/** Conditions on the fields of an entity, all of which hold. Its name stands first for the sake of messages. */
export type Where<Name, E> = Name extends string
  ? {
      readonly [K in FieldName<E>]?: K extends EncryptedName<E>
        ? NullCondition
        : K extends FindableName<E>
          ? FindableCondition<Row<E>[K]>
          : Condition<Row<E>[K]>
    } & Logic<E>
  : never
