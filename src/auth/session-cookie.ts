/** Reads a session's token from a request's cookies, unless a page of somebody else's may have sent it. */
import type { IncomingHttpHeaders } from "node:http"
import { UndercroftError } from "../base/errors.ts"

export interface CookieOptions {
  /** The cookie's name. */
  readonly name: string
  /** Whether pages of an origin may write as the person who is signed in. */
  readonly trusts: (origin: string) => boolean
}

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

/** The token; null without the cookie. Throws UC611 where the request changes something and comes from a page that is not trusted. */
export function readSessionCookie(
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
  { name, trusts }: CookieOptions,
): string | null {
  const values = (headers.cookie ?? "").split(";").flatMap((one) => {
    const at = one.indexOf("=")
    return one.slice(0, at).trim() === name ? [one.slice(at + 1).trim()] : []
  })
  // Of two with one name nobody knows which is whose.
  if (values.length !== 1 || values[0] === "") return null
  if (!safeMethods.has(method)) checkOrigin(headers, trusts)
  return tokenOf(values[0]!)
}

/** Browsers say where a request that changes something comes from; what says nothing is no browser. */
function checkOrigin(headers: IncomingHttpHeaders, trusts: (origin: string) => boolean): void {
  const { origin } = headers
  const site = headers["sec-fetch-site"]
  if (origin === undefined && (site === undefined || site === "same-origin" || site === "none")) return
  if (origin === undefined || !trusts(origin))
    throw new UndercroftError("UC611", { origin: String(origin ?? "none").slice(0, 100) })
}

/** Before the signature, which is for those who can't ask the database. */
export function tokenOf(value: string): string | null {
  try {
    return decodeURIComponent(value).split(".")[0] || null
  } catch {
    return null
  }
}
