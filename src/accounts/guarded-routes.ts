/** Which routes can be used for guessing or for flooding somebody's mailbox, and whose account each is about. */

/** How a request may say whose account it is about. */
export type AccountSource =
  /** A member of the body. */
  | { readonly body: string }
  /** Who is signed in; on the way in, who waits for the second factor. */
  | "session"
  /** Nothing says it: what is guessed is itself random and long. */
  | "none"

export interface GuardedRoute {
  readonly account: AccountSource
  /** What is counted together: a right password does not make up for wrong codes. */
  readonly group: "password" | "factor" | "code" | "token" | "key" | "send" | "sign-up"
  /** The event that a failure is, or for `send` and `sign-up` the asking itself; without it nothing is written down. */
  readonly event?: string
}

const email = { body: "email" }
const password = (account: AccountSource, event = "password-failed"): GuardedRoute => ({
  account,
  group: "password",
  event,
})
const factor: GuardedRoute = { account: "session", group: "factor", event: "factor-failed" }
const code = (account: AccountSource): GuardedRoute => ({ account, group: "code", event: "code-failed" })
const token: GuardedRoute = { account: "none", group: "token", event: "link-failed" }
const send = (account: AccountSource, event: string): GuardedRoute => ({ account, group: "send", event })

/** By method and path below `/auth`. What changes something and stands in neither list is guarded like `token`. */
export const guardedRoutes: ReadonlyMap<string, GuardedRoute> = new Map(
  Object.entries({
    "POST /sign-in/email": password(email, "sign-in-failed"),
    "POST /sign-in/username": password({ body: "username" }, "sign-in-failed"),
    "POST /sign-in/phone-number": password({ body: "phoneNumber" }, "sign-in-failed"),
    "POST /change-password": password("session"),
    "POST /verify-password": password("session"),
    "POST /delete-user": password("session"),
    "POST /two-factor/enable": password("session"),
    "POST /two-factor/disable": password("session"),
    "POST /two-factor/get-totp-uri": password("session"),
    "POST /two-factor/generate-backup-codes": password("session"),

    "POST /two-factor/verify-totp": factor,
    "POST /two-factor/verify-otp": factor,
    "POST /two-factor/verify-backup-code": factor,
    "POST /passkey/verify-authentication": { ...token, event: "factor-failed" },

    "POST /sign-in/email-otp": code(email),
    "POST /email-otp/check-verification-otp": code(email),
    "POST /email-otp/verify-email": code(email),
    "POST /email-otp/reset-password": code(email),
    "POST /email-otp/change-email": code("session"),
    "POST /phone-number/verify": code({ body: "phoneNumber" }),
    "POST /phone-number/reset-password": code({ body: "phoneNumber" }),

    "POST /reset-password": token,
    "GET /reset-password/:token": token,
    "GET /magic-link/verify": token,
    "GET /verify-email": token,
    "GET /callback/:id": { ...token, event: "sign-in-failed" },
    "POST /saml/:id/acs": { ...token, event: "sign-in-failed" },
    "GET /delete-user/callback": token,
    "POST /one-time-token/verify": token,
    "GET /device": token,
    "GET /organization/get-invitation": token,

    "POST /request-password-reset": send(email, "reset-asked"),
    "POST /forget-password/email-otp": send(email, "reset-asked"),
    "POST /email-otp/request-password-reset": send(email, "reset-asked"),
    "POST /phone-number/request-password-reset": send({ body: "phoneNumber" }, "reset-asked"),
    "POST /email-otp/send-verification-otp": send(email, "code-asked"),
    "POST /phone-number/send-otp": send({ body: "phoneNumber" }, "code-asked"),
    "POST /two-factor/send-otp": send("session", "code-asked"),
    "POST /sign-in/magic-link": send(email, "link-asked"),
    "POST /send-verification-email": send(email, "verification-asked"),
    "POST /change-email/confirm": token,
    "POST /change-email": send({ body: "newEmail" }, "email-change-asked"),
    "POST /email-otp/request-email-change": send({ body: "newEmail" }, "email-change-asked"),
    "POST /organization/invite-member": send(email, "invitation-asked"),

    // Says whether an address, a name or a slug is taken.
    "POST /sign-up/email": { account: email, group: "sign-up" },
    "POST /sign-in/anonymous": { account: "none", group: "sign-up" },
    "POST /is-username-available": { account: "none", group: "sign-up" },
    "POST /organization/check-slug": { account: "none", group: "sign-up" },
  } satisfies Record<string, GuardedRoute>),
)

/** What needs a session, or a secret that is random and long, and sends nothing: counting it would only slow down who works a lot. */
const openRoutes: readonly RegExp[] = [
  /^\/(admin|api-key|oauth2|organization|sso|callback|\.well-known)\//,
  /^\/passkey\/(generate-register-options|generate-authenticate-options|verify-registration|delete-passkey|update-passkey)$/,
  /^\/sessions\/end$/,
  /^\/(sign-out|sign-in\/social|sign-in\/sso|sign-in\/oauth2|oauth2\/link|link-social|unlink-account)$/,
  /^\/(get-session|update-session|revoke-session|revoke-sessions|revoke-other-sessions|update-user)$/,
  /^\/(get-access-token|refresh-token|account-info|set-password)$/,
  /^\/device\/(code|token|approve|deny)$/,
]

/** The route of a request; null where there is nothing to guess. */
export function guardedRoute(method: string, path: string): GuardedRoute | null {
  const named = path
    .replace(/^\/reset-password\/.*/, "/reset-password/:token")
    .replace(/^\/callback\/.*/, "/callback/:id")
    .replace(/^\/saml\/[^/]*\/acs$/, "/saml/:id/acs")
  const found = guardedRoutes.get(`${method} ${named}`)
  if (found) return found
  return method === "GET" || isOpen(path) ? null : token
}

/** Whether a route is left uncounted on purpose. */
export function isOpen(path: string): boolean {
  return openRoutes.some((one) => one.test(path))
}
