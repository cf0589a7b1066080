/** Who is signed in, for what runs before a route: better-auth turns a bearer token into a cookie only after that. */
import { getSessionFromCtx } from "better-auth/api"
import type { setSessionCookie } from "better-auth/cookies"

export type RouteContext = Parameters<typeof setSessionCookie>[0]

interface Found {
  readonly session: Readonly<Record<string, unknown>>
  readonly user: { readonly id: string; readonly emailVerified: boolean }
}

/** The session, by header or cookie; null without a good one. */
export async function currentSession(ctx: RouteContext): Promise<Found | null> {
  const bearer = /^bearer +([^\s.]+)/i.exec(ctx.headers?.get("authorization") ?? "")?.[1]
  return bearer
    ? ctx.context.internalAdapter.findSession(bearer)
    : getSessionFromCtx(ctx as Parameters<typeof getSessionFromCtx>[0])
}
