/** Does what was granted: one request from its first step to its one result, whichever process began it (GDPR Art. 16 to 18). */
import { UndercroftError } from "../base/errors.ts"
import type { RequestInfo } from "../model/model.ts"
import type { InternalSession } from "../store/internal-session.ts"
import { type GrantedRequest, type RequestStep, stepRequest } from "../store/privacy-requests.ts"
import { rectifyRow } from "../store/rectify-row.ts"
import { liftRestriction, restrictPerson } from "../store/restrictions.ts"
import { type Erasing, erasePerson } from "./erase.ts"

/** Does it, and writes what became of it. Throws where the database does not answer: then it is resumed. */
export async function runRequest(
  session: InternalSession,
  register: RequestInfo,
  request: GrantedRequest,
  erasing: Erasing,
  recipients: readonly string[],
  onError: (error: UndercroftError) => void,
): Promise<void> {
  const { id } = request
  if (!(await stepRequest(session, register, id, { status: "running" }))) return
  const step = await work(register, request, erasing, recipients).catch((cause: unknown): RequestStep => {
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
    const answer = `It could not be done${isOurs ? ` (${code})` : ""}. A privacy officer can grant it again.`
    return { status: "failed", answer }
  })
  await stepRequest(session, register, id, step)
}

/** The connection went, and with it what was begun: the same is done again. */
function isUnanswered(cause: unknown): boolean {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown }
  if (cause instanceof UndercroftError) return code === "UC520"
  return code === undefined
    ? /connection|terminated/i.test(String(message))
    : /^(08|57P|ECONN|EPIPE)/.test(String(code))
}

async function work(
  register: RequestInfo,
  request: GrantedRequest,
  erasing: Erasing,
  recipients: readonly string[],
): Promise<RequestStep> {
  const { adminUrl, model } = erasing
  const { id, kind, subject, reason, by } = request
  const change = { said: subject, by, reason: reason?.trim() || "asked for" }
  switch (kind) {
    case "restrict":
      await restrictPerson(adminUrl, model, change)
      return { status: "done", answer: null }
    case "lift":
      await liftRestriction(adminUrl, model, change).catch((cause: UndercroftError) => {
        // Nothing is restricted: that is what was asked for.
        if (cause.code !== "UC992") throw cause
      })
      return { status: "done", answer: null }
    case "rectify": {
      // Who was given the data is to be told (GDPR Art. 19): that is a person's task, and here they read it.
      const told = recipients.length === 0 ? null : `To be told of it: ${recipients.join(", ")}.`
      const why = await rectifyRow(adminUrl, model, register, request, told)
      return why === null ? { status: "done", answer: told } : { status: "failed", answer: why }
    }
    default: {
      const { report } = await erasePerson(erasing, subject, { by, id })
      // A hold keeps the request together with what it asks for.
      if (report.holds.length === 0) return { status: "done", answer: null }
      return { status: "failed", answer: "A legal hold keeps this data; what it does not keep is erased." }
    }
  }
}
