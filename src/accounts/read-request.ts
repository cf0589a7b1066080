/** What of a request to accounts says whose account it is about: read exactly as better-auth will read it. */
import { createHash } from "node:crypto"
import { hashToken } from "../base/hash-token.ts"
import type { AccountsDatabase } from "../store/accounts-database.ts"
import { readCookies } from "./device-cookie.ts"

/** A body that can't be read in the one way in which it was to be read. */
export class UnreadableBody extends Error {}

/** The members of a body, as better-auth's router would have them: what it reads otherwise could hide another account. */
export async function readMembers(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const type = (request.headers.get("content-type") ?? "").toLowerCase()
  try {
    if (/^application\/([a-z0-9.+-]*\+)?json/.test(type)) {
      const body: unknown = await request.clone().json()
      return typeof body === "object" && body !== null ? { ...body } : {}
    }
    if (type.includes("application/x-www-form-urlencoded"))
      return Object.fromEntries((await request.clone().formData()).entries())
  } catch {
    throw new UnreadableBody()
  }
  if (request.body !== null) throw new UnreadableBody()
  return {}
}

/** Who is signed in, or waits for their second factor. */
export interface AskingPerson {
  readonly user: string
  readonly email: string
  readonly session?: string
  /** The administrator who acts as this person. */
  readonly onBehalf?: string
}

/**
 * Finds everyone as whom a request may be answered: by the tokens of sessions, the bearer's first, and by the cookies of
 * sign-ins that wait for their second factor. Signatures are not looked at: who adds somebody to this list is only counted twice.
 */
export function createFindPeople(
  database: AccountsDatabase,
  cookies: { readonly session: string; readonly pending: string },
): (headers: Headers) => Promise<readonly AskingPerson[]> {
  return async (headers) => {
    const bearer = /^bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "")?.[1]
    const header = headers.get("cookie")
    const tokens = [...(bearer ? [bearer] : []), ...readCookies(header, cookies.session)].map(beforeSignature)
    const waiting = readCookies(header, cookies.pending).map(beforeSignature)
    if (tokens.length + waiting.length === 0) return []
    const found = await database.query(
      `select u.id::text as user, u.email, s.id::text as session, s."impersonatedBy"::text as "onBehalf"
          from unnest($1::text[]) with ordinality asked (token, place) join session s using (token) join "user" u on u.id = s."userId"
          where s."expiresAt" > clock_timestamp()
        union all select u.id::text, u.email, null, null from verification v join "user" u on u.id::text = v.value where v.identifier = any($2)`,
      [tokens.map(hashToken), waiting.map((one) => createHash("sha256").update(one).digest("base64url"))],
    )
    return found.map(withoutNulls) as unknown as readonly AskingPerson[]
  }
}

/** A signed cookie's value without its signature. */
function beforeSignature(value: string): string {
  try {
    return decodeURIComponent(value).split(".")[0]!
  } catch {
    return ""
  }
}

function withoutNulls(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}
