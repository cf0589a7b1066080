/** Restriction of processing: a person's rows stay, and nobody but they and the privacy officer sees or changes them (GDPR Art. 18). */
import { UndercroftError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { findSubject, subjectsOf } from "./find-subject.ts"
import { asInternal, type InternalSession, inSystem } from "./internal-session.ts"

interface Change {
  readonly said: string
  readonly by: string
  readonly reason: string
}

/** From the next statement on. Gives the persons. */
export function restrictPerson(adminUrl: string, model: Model, change: Change): Promise<readonly string[]> {
  return changeThem(adminUrl, model, change, async (session, subjects, { by, reason }) => {
    const { rows } = await session.query(
      "insert into undercroft_state.restrictions (subject, reason, by) select s, $2, $3 from unnest($1::text[]) s on conflict (subject) where lifted_at is null do update set by = restrictions.by returning subject",
      [subjects, reason, by],
    )
    return rows
  })
}

/** Throws UC992 where nothing is restricted. */
export function liftRestriction(adminUrl: string, model: Model, change: Change): Promise<readonly string[]> {
  return changeThem(adminUrl, model, change, async (session, subjects, { by, reason }) => {
    const { rows } = await session.query(
      "update undercroft_state.restrictions set lifted_at = clock_timestamp(), lifted_by = $3, lift_reason = $2 where subject = any($1) and lifted_at is null returning subject",
      [subjects, reason, by],
    )
    if (rows.length === 0) throw new UndercroftError("UC992", { subject: change.said })
    return rows
  })
}

async function changeThem(
  adminUrl: string,
  model: Model,
  change: Change,
  work: (
    session: InternalSession,
    subjects: readonly string[],
    change: Change,
  ) => Promise<readonly { subject: string }[]>,
): Promise<readonly string[]> {
  return asInternal(adminUrl, async (session) => {
    const subjects = subjectsOf(await findSubject(session, model, change.said))
    return inSystem(session, "privacy", async () =>
      (await work(session, subjects, change)).map((one) => one.subject),
    )
  })
}
