/** Asks the database itself what a caller may do with a row, and for the caller's facts: both through row-level security. */
import { toSnake } from "../model/model.ts"
import type { EntityPolicy } from "../policy/policies.ts"
import type { Fact } from "../policy/rule.ts"
import { quoteName } from "../policy/to-sql.ts"
import { relationOf } from "../sql/machinery.ts"
import type { SealedCaller } from "./flight.ts"
import { SqlRefusal, type SqlSession } from "./sql-session.ts"

/** Whether the row of a key can be read, locked for an update, or deleted by a caller. Nothing stays changed. */
export async function askDatabase(
  session: SqlSession,
  caller: SealedCaller | null,
  policy: EntityPolicy,
  operation: "read" | "update" | "delete",
  key: readonly string[],
): Promise<boolean> {
  const where = policy.entity.key.map((field, at) => `${quoteName(field.column)} = $${at + 1}::${field.kind.sqlType}`)
  const from = `from ${relationOf(policy)} where ${where.join(" and ")}`
  const text = { read: `select 1 ${from}`, update: `select 1 ${from} for update`, delete: `delete ${from}` }[operation]
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

/** The values of a fact for a caller, as JSON. */
export async function readFact(session: SqlSession, caller: SealedCaller | null, fact: Fact): Promise<readonly unknown[]> {
  const list = `undercroft.${quoteName(`fact_${toSnake(fact.name)}`)}()`
  const json = fact.field.kind.toJson
  const text = json ? `select coalesce(json_agg(${json("u.x")}), '[]') from unnest(${list}) u(x)` : `select to_json(${list})`
  const { rows } = await session.run(caller, text, { keep: false })
  return JSON.parse(rows[0]?.[0] ?? "[]") as unknown[]
}
