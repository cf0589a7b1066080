/** Puts what a command does with the record on record itself: before it is done, so that it can't be done unrecorded. */
import { asInternal } from "./internal-session.ts"

/** Who asks is the login of the database: that is what a command is allowed by. */
export async function recordCommand(
  adminUrl: string,
  { kind, question }: { readonly kind: "read" | "export"; readonly question: object },
): Promise<void> {
  await asInternal(adminUrl, (session) =>
    session.query(
      `insert into audit.pending (kind, actor, door, entity, question) values ($1, 'database:' || session_user, 'cli', 'AuditEntry', $2)`,
      [kind, JSON.stringify(question)],
    ),
  )
}
