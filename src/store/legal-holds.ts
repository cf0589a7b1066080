/** Legal holds as commands and other parts keep them: erasure and retention ask the same table. */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { asInternal } from "./internal-session.ts"
import { preparedQuery } from "./prepared-query.ts"

/** Why a person's data is kept. Moments are ISO. */
export interface LegalHold {
  readonly id: string
  /** `Patient:<key>` */
  readonly subject: string
  readonly reason: string
  readonly until: string | null
  readonly heldAt: string
  readonly heldBy: string
  readonly releasedAt: string | null
  readonly releasedBy: string | null
  readonly releaseReason: string | null
}

const columns = `id::text, subject, reason, until, held_at as "heldAt", held_by as "heldBy", released_at as "releasedAt",
  released_by as "releasedBy", release_reason as "releaseReason"`

/** Puts a person's data on hold. */
export async function addHold(
  adminUrl: string,
  hold: Pick<LegalHold, "subject" | "reason" | "until" | "heldBy">,
): Promise<LegalHold> {
  return asInternal(adminUrl, async (session) => {
    const found = await session.query(
      `insert into undercroft_state.holds (subject, reason, until, held_by) values ($1, $2, $3, $4) returning ${columns}`,
      [hold.subject, hold.reason, hold.until, hold.heldBy],
    )
    return readHold(found.rows[0])
  })
}

/** All of them, also those that were released. */
export async function listHolds(adminUrl: string): Promise<readonly LegalHold[]> {
  return asInternal(adminUrl, async (session) => {
    const found = await session.query(`select ${columns} from undercroft_state.holds order by id`)
    return found.rows.map(readHold)
  })
}

/** Releases every open hold on a person. Throws UC941 where there is none. */
export async function releaseHolds(
  adminUrl: string,
  { subject, by, reason }: { subject: string; by: string; reason: string },
): Promise<readonly LegalHold[]> {
  return asInternal(adminUrl, async (session) => {
    const found = await session.query(
      `update undercroft_state.holds set released_at = clock_timestamp(), released_by = $2, release_reason = $3
        where subject = $1 and released_at is null returning ${columns}`,
      [subject, by, reason],
    )
    if (found.rowCount === 0) throw new UndercroftError("UC941", { subject })
    return found.rows.map(readHold)
  })
}

/** The holds on a person that are in force, seen in the session's transaction: for whatever would end their data, such as erasure. */
export async function holdsInForce(
  session: Pick<pg.Client, "query">,
  subject: string,
): Promise<readonly LegalHold[]> {
  const found = await session.query(
    preparedQuery(
      `select ${columns} from undercroft_state.holds where subject = $1 and released_at is null and (until is null or until > now())`,
      [subject],
    ),
  )
  return found.rows.map(readHold)
}

function readHold(row: Record<string, unknown>): LegalHold {
  const moment = (value: unknown): string | null => (value instanceof Date ? value.toISOString() : null)
  const { until, heldAt, releasedAt } = row
  return {
    ...(row as unknown as LegalHold),
    until: moment(until),
    heldAt: moment(heldAt) ?? "",
    releasedAt: moment(releasedAt),
  }
}
