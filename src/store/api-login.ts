/** How the API role logs in: a password derived from the administrator's own, the same on every node, and not in the database. */
import { hkdfSync } from "node:crypto"

/** The password of the API role of a database. */
export function apiPassword(adminUrl: string, database: string): string {
  const secret = new URL(adminUrl).password || adminUrl
  return Buffer.from(hkdfSync("sha256", secret, "undercroft", `api role of ${database}`, 32)).toString(
    "base64url",
  )
}

/** The URL by which a role logs in to the database of an administrator's URL. */
export function loginUrl(adminUrl: string, database: string, role: string): string {
  const url = new URL(adminUrl)
  url.username = encodeURIComponent(role)
  url.password = apiPassword(adminUrl, database)
  return url.href
}
