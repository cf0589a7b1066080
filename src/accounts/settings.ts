/** What a definition says about accounts: each way in is switched on by a line. */

import { UndercroftError } from "../base/errors.ts"
import type { MailSettings } from "./mail.ts"
import type { OAuthSettings } from "./oauth-settings.ts"
import type { ProviderSettings } from "./provider-settings.ts"
import type { SamlSettings } from "./saml-settings.ts"

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
  /** Which passwords are refused for being known: by the list that comes with the package, or by `corpus`. */
  readonly passwords?: {
    /** A file of SHA-1 hashes in order, one a line, as Have I Been Pwned gives it; in place of the list that comes with the package. */
    readonly corpus?: string
  }
  /** Mails; in the environment UNDERCROFT_MAIL_FROM and UNDERCROFT_SMTP_URL. With it a forgotten password can be replaced. */
  readonly mail?: MailSettings
  /** Whether an address must be confirmed before its first sign-in. */
  readonly verifyEmail?: boolean
  /** A link by mail that signs in. */
  readonly magicLink?: boolean
  /** A code by mail that signs in. */
  readonly emailCode?: boolean
  /** One-time codes of an authenticator app, with recovery codes. */
  readonly twoFactor?: boolean
  /**
   * Who needs two factors: everybody, or people with one of these roles. Until they have proved them their session is good for
   * switching a second factor on, and for nothing else (401 UC612). Without it, whoever switched one on needs it, and others don't.
   */
  readonly requireTwoFactor?: true | readonly string[]
  /** Passkeys: a way in that counts as two factors, and a second factor for those who have one. They need a domain, or localhost. */
  readonly passkeys?: boolean
  /**
   * Sign-in through Google, GitHub, Microsoft, Apple and any OpenID Connect provider. Whom one of them tells of with an address
   * that is verified there and here comes into the account that they have; others link theirs while signed in.
   */
  readonly oauth?: OAuthSettings
  /** Enterprise sign-on by SAML 2.0, for the people of `domains`; in all else like `oauth`. */
  readonly saml?: SamlSettings
  /** Keys for machines, made by people who are signed in and by `undercroft key`. */
  readonly apiKeys?: boolean
  /** Organizations with members, roles and invitations. */
  readonly organizations?: boolean
  /** People sign in here for other applications of the team, by OpenID Connect. */
  readonly provider?: ProviderSettings
  /** The record of what happens to accounts. */
  readonly events?: {
    /** Days for which it is kept; 365 by default. */
    readonly keepDays?: number
  }
  /** How long sessions last: `idleMinutes`, `hours`, and both in `roles` for those who have one. */
  readonly sessions?: SessionLifetime & {
    /** By role; of a person with several roles the shortest holds. */
    readonly roles?: Readonly<Record<string, SessionLifetime>>
  }
}

/** For how many days events are kept. Throws UC916 where that is no number of days. */
export function keptDaysOf({ events: { keepDays = 365 } = {} }: AccountSettings): number {
  if (!Number.isInteger(keepDays) || keepDays < 1 || keepDays > 36_500)
    throw new UndercroftError("UC916", {
      setting: "accounts.events.keepDays",
      why: "it must be a whole number of days from 1 to 36,500",
    })
  return keepDays
}

/** The settings with their defaults, in what the code reckons with. */
export interface SessionPeriods {
  readonly idleSeconds: number
  readonly seconds: number
}

/** Whether people with these roles need two factors. */
export type NeedsTwoFactors = (roles: readonly string[]) => boolean

/** By the settings, also of people who have not switched any on. */
export function needsTwoFactors({ requireTwoFactor }: AccountSettings): NeedsTwoFactors {
  return (roles) => requireTwoFactor === true || roles.some((one) => requireTwoFactor?.includes(one) ?? false)
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
