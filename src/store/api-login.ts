/** How the API role logs in: a password derived from the administrator's own, the same on every node, and not in the database. */
import { hkdfSync } from "node:crypto"

/** The URL by which a role logs in to the database of an administrator's URL. */
export function loginUrl(adminUrl: string, database: string, role: string): string {
  const url = new URL(adminUrl)
  const secret = url.password || adminUrl
  const key = hkdfSync("sha256", secret, "undercroft", `api role of ${database}`, 32)
  url.username = encodeURIComponent(role)
  url.password = Buffer.from(key).toString("base64url")
  return url.href
}
