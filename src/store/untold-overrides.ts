/** Finds emergency overrides of which nobody was told yet, and notes that it was done, on record as a part of the backend. */
import type pg from "pg"
import type { Model, OverrideInfo } from "../model/model.ts"
import { tableOf } from "../policy/to-sql.ts"
import { inSystem } from "./internal-session.ts"

/** What is told of an override; neither its reason nor whose data it is for. */
export interface OverrideNotice {
  /** Addresses. */
  readonly to: readonly string[]
  readonly kind: string
  readonly id: string
  /** The account of whoever opened it. */
  readonly openedBy: string
  readonly expiresAt: Date
}

/** Handed over before it is noted: after a crash in between it is told twice rather than never. */
export async function tellOverrides(
  session: pg.Client,
  { entity, kinds }: OverrideInfo,
  model: Model,
  tell: (notice: OverrideNotice) => void,
): Promise<void> {
  const table = tableOf(entity)
  const users = model.byName.get("User")
  const untold = await session.query(`select from ${table} where told_at is null limit 1`)
  if (untold.rowCount === 0) return
  await inSystem(session, "overrides", async () => {
    const email = users ? `(select u.email from ${tableOf(users)} u where u.id::text = o.opened_by)` : "null"
    const { rows } = await session.query(
      `select o.id, o.kind, o.opened_by, o.expires_at, ${email} as email from ${table} o where o.told_at is null order by o.opened_at limit 50 for update of o skip locked`,
    )
    for (const row of rows) {
      const to = [...(row.email ? [String(row.email)] : []), ...(kinds.get(row.kind)?.notify ?? [])]
      const { id, kind, opened_by: openedBy, expires_at: expiresAt } = row
      tell({ to: [...new Set(to)], kind, id, openedBy, expiresAt: new Date(expiresAt) })
      await session.query(`update ${table} set told_at = now() where id = $1`, [row.id])
    }
  })
}
