/** What a definition says about accounts: each way in is switched on by a line. */

import type { ProviderSettings } from "./provider-settings.ts"

/** How long sessions last. */
export interface SessionLifetime {
  /** Minutes without a request after which a session ends; 30 by default. */
  readonly idleMinutes?: number
  /** Hours after which it ends in any case; 12 by default. */
  readonly hours?: number
}

/** Accounts of people; left out, a backend has none. */
export interface AccountSettings {
  /** Where the backend is reached from outside, such as `https://clinic.example.org`; links in mails begin with it. In production it is required. */
  readonly url?: string
  /** Whether anyone may make an account; otherwise only who is invited or added. */
  readonly signUp?: "open" | "closed"
  /** E-mail address and password. */
  readonly password?: boolean
  /** One-time codes of an authenticator app, with recovery codes. */
  readonly twoFactor?: boolean
  /** People sign in here for other applications of the team, by OpenID Connect. */
  readonly provider?: ProviderSettings
  readonly sessions?: SessionLifetime & {
    /** By role; of a person with several roles the shortest holds. */
    readonly roles?: Readonly<Record<string, SessionLifetime>>
  }
}

/** The settings with their defaults, in what the code reckons with. */
export interface SessionPeriods {
  readonly idleSeconds: number
  readonly seconds: number
}

/** How long a session of somebody with these roles lasts. */
export function periodsOf({ sessions = {} }: AccountSettings, roles: readonly string[]): SessionPeriods {
  const all = roles.flatMap((role) =>
    Object.hasOwn(sessions.roles ?? {}, role) ? [sessions.roles![role]!] : [],
  )
  const least = (of: (one: SessionLifetime) => number | undefined, otherwise: number): number => {
    const found = all.flatMap((one) => of(one) ?? [])
    return found.length > 0 ? Math.min(...found) : (of(sessions) ?? otherwise)
  }
  return {
    idleSeconds: 60 * least((one) => one.idleMinutes, 30),
    seconds: 3600 * least((one) => one.hours, 12),
  }
}
