/** What a client's types ask of an entity: its fields, its key, its relations. */
import type { AnyEntity, Entity } from "../model/entity.ts"
import type { Field, FieldOf, Many, Row } from "../model/field.ts"

// Types that people see in messages and completions are conditional: the compiler then shows what they come to.

/** Shows an intersection as one object. */
export type Flat<T> = T extends infer U ? { [K in keyof U]: U[K] } : never

export type Nothing = Readonly<Record<never, never>>

export type NameOf<E> = E extends Entity<infer Name, infer _F, infer _O> ? Name : never
type FieldsOf<E> = E extends Entity<string, infer F, infer O> ? FieldOf<F, O> : never
type OptionsOf<E> = E extends Entity<string, infer _F, infer O> ? O : never

/** A field that can be read. */
export type FieldName<E> = Row<E> extends infer R ? keyof R & string : never

type FlagsOf<X> = X extends Field<infer _T, infer K, infer _E> ? K : never

/** Fields that can't be asked about: null alone is known of them. */
export type EncryptedName<E> = {
  [K in keyof FieldsOf<E>]: "encrypted" extends FlagsOf<FieldsOf<E>[K]> ? K : never
}[keyof FieldsOf<E>]
/** Encrypted fields of which equal values can be found. */
export type FindableName<E> = {
  [K in keyof FieldsOf<E>]: "findable" extends FlagsOf<FieldsOf<E>[K]> ? K : never
}[keyof FieldsOf<E>]

/** A field to order by; with a dash in front, from the largest to the smallest. */
export type OrderTerm<E> =
  Exclude<FieldName<E>, EncryptedName<E> | FindableName<E>> extends infer K extends string
    ? K | `-${K}`
    : never

type KeyFields<E> =
  OptionsOf<E> extends { readonly key: infer K } ? (K extends readonly (infer Each)[] ? Each : K) : "id"

export type HasId<E> = [KeyFields<E>] extends ["id"] ? true : false

/** What names a row: its `id`, or an object of the key's fields where the model says another key. */
export type KeyInput<E> = HasId<E> extends true ? string : Flat<Pick<Row<E>, KeyFields<E> & keyof Row<E>>>

/** The names of a key's fields, each of them once. */
export type KeyNames<E> =
  OptionsOf<E> extends { readonly key: infer K } ? (K extends string ? readonly [K] : K) : readonly ["id"]

export type IsReadonly<E> = OptionsOf<E> extends { readonly readonly: true } ? true : false

type TargetOfField<X> = X extends Many<infer T> ? T : X extends Field<infer _T, infer _K, infer T> ? T : null

/** The entity that a relation leads to. */
export type TargetOf<E, K> = K extends keyof FieldsOf<E>
  ? Extract<TargetOfField<FieldsOf<E>[K]>, AnyEntity>
  : never

/** References, and the ways back. */
export type RelationName<E> = {
  [K in keyof FieldsOf<E>]: TargetOfField<FieldsOf<E>[K]> extends null ? never : K
}[keyof FieldsOf<E>] &
  string

export type IsMany<E, K> = K extends keyof FieldsOf<E>
  ? FieldsOf<E>[K] extends Many<infer _T>
    ? true
    : false
  : false
