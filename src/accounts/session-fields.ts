/** What a session holds beside better-auth's own: how its holder proved who they are, and how long it lasts. */
import type { BetterAuthOptions } from "better-auth"
import { reasonOf } from "./own-sessions.ts"
import { hasTwoFactors } from "./proven-elsewhere.ts"
import type { AccountSettings } from "./settings.ts"
import { periodsOf } from "./settings.ts"

/** The paths that prove two factors at once or the second of two. */
const secondFactorPaths: readonly RegExp[] = [/^\/two-factor\/verify-/, /^\/passkey\/verify-authentication$/]

/** Where whoever is signed in gets another token for what they proved before. */
const renewingPaths: ReadonlySet<string> = new Set(["/change-password"])

/** How long an administrator acts as somebody else. */
export const impersonationSeconds = 900

const filled = { required: true, input: false, returned: false } as const

/** The fields as better-auth wants them declared. */
export const sessionFields: NonNullable<BetterAuthOptions["session"]> = {
  additionalFields: {
    assurance: { type: "string", defaultValue: "one-factor", ...filled, returned: true },
    methods: { type: "string", defaultValue: "", ...filled, returned: true },
    authenticatedAt: { type: "date", defaultValue: () => new Date(), ...filled, returned: true },
    seenAt: { type: "date", defaultValue: () => new Date(), ...filled, returned: true },
    idleSeconds: { type: "number", defaultValue: 1800, ...filled },
    // Why an administrator acts as somebody else.
    reason: { type: "string", ...filled, required: false },
  },
}

/** Such as `sign-in/email`, or `callback/google`. */
function wayOf(path: string, params: unknown): string {
  const { id } = (params ?? {}) as { readonly id?: unknown }
  return path.replace(/^\//, "").replace(":id", String(id))
}

type StartSession = NonNullable<
  NonNullable<NonNullable<NonNullable<BetterAuthOptions["databaseHooks"]>["session"]>["create"]>["before"]
>

/** Fills the fields of a new session by the way in that makes it. */
export function startSession(settings: AccountSettings): StartSession {
  return async (session, context) => {
    const user = (await context?.context.internalAdapter.findUserById(session.userId)) as {
      readonly role?: string | null
    } | null
    const roles = (user?.role ?? "").split(",").filter((one) => one !== "")
    const { idleSeconds, seconds } = periodsOf(settings, roles)
    const path = context?.path ?? ""
    const now = new Date()
    const before = renewingPaths.has(path) ? context?.context.session?.session : undefined
    const known = before?.userId === session.userId ? before : undefined
    const reason = reasonOf(path, context?.headers)
    // Whoever acts as somebody else has proved what they have proved as themselves.
    const administrator = reason === null ? undefined : context?.context.session?.session
    const most = reason === null ? seconds : Math.min(seconds, impersonationSeconds)
    return {
      data: {
        ...session,
        assurance:
          known?.["assurance"] ??
          administrator?.["assurance"] ??
          (hasTwoFactors(context) || secondFactorPaths.some((one) => one.test(path))
            ? "two-factor"
            : "one-factor"),
        methods: known?.["methods"] ?? wayOf(path, context?.params).slice(0, 60),
        authenticatedAt: known?.["authenticatedAt"] ?? now,
        seenAt: now,
        idleSeconds,
        expiresAt: new Date(now.getTime() + most * 1000),
        reason,
      },
    }
  }
}
