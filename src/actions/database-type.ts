/** The type of `db`: the model's collections as Kysely's tables. */
import type { ColumnType } from "kysely"
import type { IsReadonly } from "../client/entity-types.ts"
import type { AnyEntity } from "../model/entity.ts"
import type { CollectionOf, Insert, Row, Update } from "../model/field.ts"

type At<T, K> = K extends keyof T ? T[K] : never

/** What is made by the database, or only read, can't be written. */
type TableOf<E> = {
  [K in keyof Row<E>]: IsReadonly<E> extends true
    ? ColumnType<Row<E>[K], never, never>
    : ColumnType<Row<E>[K], At<Insert<E>, K>, At<Update<E>, K>>
}

/** A table for each entity, by its collection. */
export type DatabaseOf<Uses extends readonly AnyEntity[]> = {
  [E in Uses[number] as CollectionOf<E>]: TableOf<E>
}
