/** Does what was granted: one request from its first step to its one result, whichever process began it (GDPR Art. 17 and 18). */
import { UndercroftError } from "../base/errors.ts"
import type { RequestInfo } from "../model/model.ts"
import type { InternalSession } from "../store/internal-session.ts"
import { type GrantedRequest, stepRequest } from "../store/privacy-requests.ts"
import { liftRestriction, restrictPerson } from "../store/restrictions.ts"
import { type Erasing, erasePerson } from "./erase.ts"

/** Does it, and writes what became of it. Throws where the database does not answer: then it is resumed. */
export async function runRequest(
  session: InternalSession,
  register: RequestInfo,
  request: GrantedRequest,
  erasing: Erasing,
  onError: (error: UndercroftError) => void,
): Promise<void> {
  const { id } = request
  if (!(await stepRequest(session, register, id, { status: "running" }))) return
  const answer = await work(request, erasing).catch((cause: unknown) => {
    if (isUnanswered(cause)) throw cause
    // Whoever asked reads that it failed; why may name files and hosts, and is for who runs the backend.
    const { code, message } = cause as Partial<UndercroftError>
    const isOurs = cause instanceof UndercroftError
    onError(
      new UndercroftError(
        "UC419",
        { id, why: isOurs ? message! : "PostgreSQL refused or ended it" },
        { cause },
      ),
    )
    return `It could not be done${isOurs ? ` (${code})` : ""}. A privacy officer can grant it again.`
  })
  await stepRequest(
    session,
    register,
    id,
    answer === null ? { status: "done" } : { status: "failed", answer },
  )
}

/** The connection went, and with it what was begun: the same is done again. */
function isUnanswered(cause: unknown): boolean {
  const { code } = cause as { readonly code?: unknown }
  return !(cause instanceof UndercroftError)
    ? code === undefined || /^(08|57P|ECONN|EPIPE)/.test(String(code))
    : code === "UC520"
}

/** Null, or why it was not done. */
async function work(
  { id, kind, subject, reason, by }: GrantedRequest,
  erasing: Erasing,
): Promise<string | null> {
  const { adminUrl, model } = erasing
  const change = { said: subject, by, reason: reason?.trim() || "asked for" }
  if (kind === "restrict") await restrictPerson(adminUrl, model, change)
  else if (kind === "lift") await liftRestriction(adminUrl, model, change)
  else {
    const { report } = await erasePerson(erasing, subject, { by, id })
    // A hold keeps the request together with what it asks for.
    if (report.holds.length > 0) return "A legal hold keeps this data; what it does not keep is erased."
  }
  return null
}
