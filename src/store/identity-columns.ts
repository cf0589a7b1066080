/** Rows that bring their numbers with them move the counter on: otherwise the next new row is given one that is taken. */
import type pg from "pg"
import type { EntityInfo } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "../sql/roles.ts"

/** In the session's transaction, under the internal role before and after. A counter never goes back. */
export async function advanceIdentities(
  session: pg.Client,
  { owner, internal }: Pick<RoleNames, "owner" | "internal">,
  entities: Iterable<EntityInfo>,
): Promise<void> {
  for (const entity of entities)
    for (const { column } of entity.fields.filter((one) => one.kind.identity)) {
      // The owner of a table sees none of its rows.
      const { rows } = await session.query(
        `select max(${quoteName(column)})::text as most from ${tableOf(entity)}`,
      )
      if (rows[0].most === null) continue
      await session.query(`set local role ${quoteName(owner)}`)
      const found = await session.query("select pg_get_serial_sequence($1, $2) as name", [
        tableOf(entity),
        column,
      ])
      const sequence = String(found.rows[0].name)
      await session.query(
        `select setval($1::regclass, greatest($2::bigint, (select last_value from ${sequence})))`,
        [sequence, rows[0].most],
      )
      await session.query(`set local role ${quoteName(internal)}`)
    }
}
