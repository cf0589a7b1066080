/** Two actions of every fuzzed model, one that reads and one that writes: what they are told, they do by Kysely. */
import type { Kysely } from "kysely"
import { z } from "zod"
import { type AnyAction, action } from "../../src/actions/action.ts"
import { anyone } from "../../src/index.ts"
import type { AnyEntity } from "../../src/model/entity.ts"

export interface ActionCondition {
  readonly field: string
  /** As SQL writes it; null asks whether there is a value. */
  readonly operator: string
  readonly value: string | readonly string[] | null
}

export interface ActionInput {
  readonly kind: "read" | "insert" | "update" | "delete"
  readonly collection: string
  readonly order: readonly string[]
  readonly where: readonly ActionCondition[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

export const readAction = "fuzzRead"
export const writeAction = "fuzzWrite"

type Loose = any

export function declareActions(entities: readonly AnyEntity[]): Readonly<Record<string, AnyAction>> {
  const shared = {
    uses: entities,
    input: z.object({ question: z.any() }),
    output: z.any(),
    access: () => anyone,
    run: ({ input, db }: { readonly input: { readonly question?: unknown }; readonly db: Kysely<Loose> }) =>
      perform(db, input.question as ActionInput),
  }
  return { [readAction]: action({ ...shared, readOnly: true }), [writeAction]: action(shared) }
}

/** The rows that it finds, or how many it writes. */
async function perform(
  db: Kysely<Loose>,
  { kind, collection, order, where, rows }: ActionInput,
): Promise<unknown> {
  const within = (query: Loose): Loose =>
    where.reduce((so, { field, operator, value }) => so.where(field, operator, value), query)
  switch (kind) {
    case "read":
      return order
        .reduce((so: Loose, field) => so.orderBy(field), within(db.selectFrom(collection).selectAll()))
        .execute()
    case "insert":
      return Number(
        (
          await db
            .insertInto(collection)
            .values(rows as Loose)
            .executeTakeFirst()
        ).numInsertedOrUpdatedRows,
      )
    case "update":
      return Number(
        (await within(db.updateTable(collection).set(rows[0] as Loose)).executeTakeFirst()).numUpdatedRows,
      )
    case "delete":
      return Number((await within(db.deleteFrom(collection)).executeTakeFirst()).numDeletedRows)
  }
}
