/** Asks the database itself what a caller may do with a row, through row-level security. */
import type { EntityPolicy } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import { relationOf } from "../sql/machinery.ts"
import type { Entrance } from "./flight.ts"
import { SqlRefusal } from "./sql-refusal.ts"
import type { SqlSession } from "./sql-session.ts"

/** Whether the row of a key can be read, locked for an update, or deleted by a caller. Nothing stays changed. */
export async function askDatabase(
  session: SqlSession,
  caller: Entrance | null,
  policy: EntityPolicy,
  operation: "read" | "update" | "delete",
  key: readonly string[],
): Promise<boolean> {
  const where = policy.entity.key.map(
    (field, at) => `${quoteName(field.column)} = $${at + 1}::${field.kind.sqlType}`,
  )
  const from = `from ${relationOf(policy)} where ${where.join(" and ")}`
  const text = { read: `select 1 ${from}`, update: `select 1 ${from} for update`, delete: `delete ${from}` }[
    operation
  ]
  try {
    return (await session.run(caller, text, { values: key, keep: false })).rowCount === 1
  } catch (cause) {
    if (!(cause instanceof SqlRefusal)) throw cause
    // Without any rule the API role has no right at all; a row that others refer to passed the policies.
    if (cause.sqlstate === "42501") return false
    if (cause.sqlstate === "23503" && operation === "delete") return true
    throw cause
  }
}
