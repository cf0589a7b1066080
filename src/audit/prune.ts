/** Prunes the record: entries that are past their time go, a whole batch and all before it, and the rest still verifies. */
import { UndercroftError } from "../base/errors.ts"
import {
  announcedPruning,
  emptiedPartitions,
  prunableHead,
  pruneEntry,
  pruneThrough,
} from "../sql/audit-prune.ts"
import { asInternal } from "../store/internal-session.ts"

export interface PruneOptions {
  readonly adminUrl: string
  readonly years: number
  /** Who does it, as the record says it: `system:audit`. */
  readonly actor: string
  readonly door: "system" | "cli"
  /** Seals what waits: nothing goes before the entry that announces it is sealed. */
  readonly seal: () => Promise<unknown>
  readonly isDryRun?: boolean
  /** As of when; now unless given. */
  readonly now?: Date
}

export interface Pruned {
  /** The first entry that went, or would go, and the last. */
  readonly first: number
  readonly through: number
  /** Entries sealed before this moment were due. */
  readonly before: string
}

/** Null where nothing is due. Throws UC974 where the announcement could not be sealed, and UC520. */
export function pruneRecord(options: PruneOptions): Promise<Pruned | null> {
  const { adminUrl, years, actor, door, seal, isDryRun = false, now = new Date() } = options
  const limit = new Date(now)
  limit.setUTCFullYear(limit.getUTCFullYear() - years)
  const before = limit.toISOString()
  return asInternal(adminUrl, async (session) => {
    const { rows } = await session.query(prunableHead, [before])
    const [head] = rows as { through: string; first: string; checkpoint: string }[]
    if (!head) return null
    const pruned = { first: Number(head.first), through: Number(head.through), before }
    if (isDryRun) return pruned
    const detail = { ...pruned, years, root: head.checkpoint.split("\n")[2] ?? "" }
    const announced = await session.query(pruneEntry, [actor, door, JSON.stringify(detail)])
    await seal()
    await session.query("begin")
    // Two at once would find what the other took; a reader of long standing is not waited for.
    await session.query(
      "set local lock_timeout = '5s'; select pg_advisory_xact_lock(hashtextextended('undercroft prune', 0))",
    )
    const sealed = await session.query(announcedPruning, [announced.rows[0].id, pruned.through])
    if (sealed.rowCount !== 1)
      throw new UndercroftError("UC974", { why: "the entry that announces it is not sealed yet" })
    const [still] = (await session.query(prunableHead, [before])).rows as { through: string }[]
    if (still?.through !== head.through)
      throw new UndercroftError("UC974", { why: "another process pruned it, or a legal hold was put on it" })
    const { rows: partitions } = await session.query(emptiedPartitions, [pruned.through])
    for (const { name } of partitions) await session.query(`drop table ${name}`)
    for (const text of pruneThrough) await session.query(text, [pruned.through])
    await session.query("commit")
    return pruned
  })
}
