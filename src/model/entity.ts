/** An entity: a kind of record, its fields, its constraints, and who may touch it. */
import { type BaseMe, baseMe, captureRow, type LooseScope, type RowExpr } from "./capture.ts"
import { type Condition, type Node, nodeOf, toNode } from "./expression.ts"
import type { FieldOf, ValueOf } from "./field.ts"
import type { PluralOf } from "./model.ts"
import type { Retain } from "./retain.ts"

/** What an entity says beside its fields. Names in it are field names. */
export interface EntityOptions {
  /** The name in URLs; the plural of the entity's name by default: `Patient` → `patients`. */
  readonly collection?: string
  /** The key, instead of `id`: one field, or several. */
  readonly key?: string | readonly string[]
  /** `false` leaves out `createdAt`, `updatedAt` and `version`. */
  readonly tracked?: boolean
  /** Combinations of fields that are unique together. */
  readonly unique?: readonly (readonly string[])[]
  /** Unique constraints and exclusions may tell that an invisible row exists; here that is accepted. */
  readonly reveals?: boolean
  /** Named conditions that every row meets. */
  readonly check?: Readonly<Record<string, (scope: LooseScope) => Condition>>
  /** No two rows have `same` equal and `overlapping` in common: one doctor, one appointment at a time. */
  readonly exclude?: readonly {
    readonly same: readonly string[]
    readonly overlapping: string
    readonly where?: (scope: LooseScope) => Condition
  }[]
  readonly indexes?: readonly (readonly string[])[]
  readonly description?: string
  /**
   * Whose personal data a row is: a reference to that person's row (`"patient"`); or, where the row itself is the person, its
   * key, or an optional reference to the account that they may have (`"user"`). `false` says that the personal fields are about
   * nobody on record here.
   */
  readonly subject?: string | false
  /** How long rows are kept after the moment or day in a field; a row in which it is not set is kept, and told in the report. */
  readonly retain?: Retain
  /**
   * What becomes of a row when its person is erased (GDPR Art. 17): `delete` unless given; `anonymise` keeps it without what is
   * personal in it.
   */
  readonly erase?: "delete" | "anonymise"
  /**
   * Writes are always on record. `reads` puts reads on record, too; `purpose` has every request that reads or writes it say
   * what for (`X-Purpose`).
   */
  readonly audit?: { readonly reads?: boolean; readonly purpose?: boolean }
}

/** Who may do what. What is not named is not allowed. */
export interface AccessRules {
  readonly read?: Condition
  /** Of the row that would come to be. */
  readonly create?: Condition
  /** One condition holds for the row as it was and as it would be; or say both, and the step between. */
  readonly update?:
    | Condition
    | { readonly from?: Condition; readonly to?: Condition; readonly step?: Condition }
  readonly delete?: Condition
}

export interface AccessScope<R> {
  readonly row: R
  /** The row before an update, for `step`. */
  readonly before: R
  readonly me: BaseMe
}

/** An entity of whatever name and fields. */
export type AnyEntity = Entity<any, any, any>

/** See {@link entity}. */
export class Entity<Name extends string, F, O> {
  declare readonly "~fields": F
  declare readonly "~options": O
  readonly name: Name
  readonly options: EntityOptions
  readonly view: ViewSource | null
  private readonly declared: { readonly fields: object }
  private accessStatement: ((scope: AccessScope<any>) => AccessRules) | null = null

  constructor(
    name: Name,
    declared: { readonly fields: object },
    options: EntityOptions,
    view: ViewSource | null = null,
  ) {
    this.name = name
    this.declared = declared
    this.options = options
    this.view = view
  }

  /** Says who may read, create, update and delete. A statement of its own, so that `row` has the entity's type. */
  access(rules: (scope: AccessScope<RowExpr<FieldOf<F, O>>>) => AccessRules): void {
    this.accessStatement = rules
  }

  /** The rows that a fact looks up. */
  where(
    condition: (scope: { readonly row: RowExpr<FieldOf<F, O>>; readonly me: BaseMe }) => Condition,
  ): EntityQuery<FieldOf<F, O>> {
    return new EntityQuery(this, () => toNode(condition({ row: captureRow("row"), me: baseMe })))
  }

  /** Read at build, never at definition: getters may name entities of other files. */
  readFields(): Readonly<Record<string, unknown>> {
    return this.declared.fields as Readonly<Record<string, unknown>>
  }

  /** The rules as captured, or null where the author said none. */
  readAccess(): AccessRules | null {
    return (
      this.accessStatement?.({ row: captureRow("row"), before: captureRow("before"), me: baseMe }) ?? null
    )
  }
}

/** Rows of an entity that meet a condition. */
class EntityQuery<A> {
  readonly entity: AnyEntity
  readonly condition: () => Node

  constructor(entity: AnyEntity, condition: () => Node) {
    this.entity = entity
    this.condition = condition
  }

  /** The values of one field of these rows. */
  pick<K extends keyof A & string>(field: K): Lookup<ValueOf<A[K]>> {
    return new Lookup(this.entity, this.condition, field)
  }
}

/** A fact's definition: the values of one field, of the rows that meet a condition. */
export class Lookup<T> {
  declare readonly item: T
  readonly entity: AnyEntity
  readonly condition: () => Node
  readonly field: string

  constructor(entity: AnyEntity, condition: () => Node, field: string) {
    this.entity = entity
    this.condition = condition
    this.field = field
  }
}

/** What a view reads. */
export interface ViewSource {
  readonly from: () => AnyEntity
  readonly where: () => Node | null
  readonly fields: () => Readonly<Record<string, Node>>
}

/**
 * Declares an entity.
 *
 * @example
 * entity("Practice", { fields: { name: text({ max: 120 }) } })
 */
export function entity<
  const Name extends string,
  F extends Record<string, any>,
  const O extends EntityOptions = Record<never, never>,
>(name: Name, definition: { readonly fields: F } & O & EntityOptions): Entity<Name, F, O> {
  const { fields: _, ...options } = Object.getOwnPropertyDescriptors(definition) as Record<
    string,
    PropertyDescriptor
  >
  return new Entity(name, definition, Object.defineProperties({}, options) as EntityOptions)
}

/** What a view's type remembers; `readonly` keeps clients from offering to write it. */
interface ViewOptions<K, C> {
  readonly key: K
  readonly collection: C
  readonly tracked: false
  readonly readonly: true
}

type ViewFields<S, P> = {
  readonly [K in keyof P]: P[K] extends keyof S
    ? S[P[K]]
    : P[K] extends (...args: any) => { readonly [nodeOf]: Node; is(other: infer T): any }
      ? import("./field.ts").Field<Exclude<T, { readonly [nodeOf]: Node }>, "readonly" | "optional">
      : never
}

/**
 * Declares a read-only entity over a query on another one. A row of it is readable where its source row is.
 *
 * @example
 * view("Title", entity("Book", { fields: { title: text() } }), { key: "id", fields: { id: "id", name: (row) => row.title } })
 */
export function view<
  const Name extends string,
  N extends string,
  F,
  O,
  const P extends Record<
    string,
    (keyof FieldOf<F, O> & string) | ((row: RowExpr<FieldOf<F, O>>) => { readonly [nodeOf]: Node })
  >,
  const K extends string,
  const C extends string = PluralOf<Name>,
>(
  name: Name,
  from: Entity<N, F, O>,
  definition: {
    readonly key: K
    readonly fields: P
    readonly where?: (scope: { readonly row: RowExpr<FieldOf<F, O>>; readonly me: BaseMe }) => Condition
    readonly collection?: C
    readonly description?: string
  },
): Entity<Name, ViewFields<FieldOf<F, O>, P>, ViewOptions<K, C>> {
  const { key, fields, where, collection, description } = definition
  return new Entity(
    name,
    { fields: {} },
    {
      key,
      tracked: false,
      ...(collection ? { collection } : {}),
      ...(description ? { description } : {}),
    },
    {
      from: () => from,
      where: () => (where ? toNode(where({ row: captureRow("row"), me: baseMe })) : null),
      fields: () =>
        Object.fromEntries(
          Object.entries(fields as Record<string, string | ((row: unknown) => unknown)>).map(([as, what]) => [
            as,
            typeof what === "string"
              ? { kind: "field", scope: "row", path: [what] }
              : toNode(what(captureRow("row"))),
          ]),
        ) as Record<string, Node>,
    },
  )
}
