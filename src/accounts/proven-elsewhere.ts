/** Requests in which a provider whose word counts said that somebody proved two factors there. */

const requests = new WeakSet<object>()

/** Notes it, for the session that the request makes. `context` is the request's, as better-auth's hooks see it. */
export function noteTwoFactors(context: object): void {
  requests.add(context)
}

/** Whether it was said. */
export function hasTwoFactors(context: object | null | undefined): boolean {
  return context ? requests.has(context) : false
}
