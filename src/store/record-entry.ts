/** Puts what a command does with the record on record itself: before it is done, so that it can't be done unrecorded. */
import { asInternal } from "./internal-session.ts"

export interface CommandEntry {
  readonly kind: "read" | "export"
  readonly question: object
  /** The record itself unless said. */
  readonly entity?: string
  readonly purpose?: string | null
}

/** Who asks is the login of the database: that is what a command is allowed by. */
export async function recordCommand(
  adminUrl: string,
  { kind, question, entity = "AuditEntry", purpose = null }: CommandEntry,
): Promise<void> {
  await asInternal(adminUrl, (session) =>
    session.query(
      `insert into audit.pending (kind, actor, door, entity, question, purpose) values ($1, 'database:' || session_user, 'cli', $2, $3, $4)`,
      [kind, entity, JSON.stringify(question), purpose],
    ),
  )
}
