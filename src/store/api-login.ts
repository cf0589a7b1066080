/** How the roles that log in do so: a password derived from the administrator's own, the same on every node, and not in the database. */
import { hkdfSync } from "node:crypto"

/** The password of a role of a database: the API's unless another is named. */
export function apiPassword(adminUrl: string, database: string, role?: string): string {
  const secret = new URL(adminUrl).password || adminUrl
  const part = ["accounts", "audit"].find((one) => role?.endsWith(`_${one}`)) ?? "api"
  const use = `${part} role of ${database}`
  return Buffer.from(hkdfSync("sha256", secret, "undercroft", use, 32)).toString("base64url")
}

/** The URL by which a role logs in to the database of an administrator's URL. */
export function loginUrl(adminUrl: string, database: string, role: string): string {
  const url = new URL(adminUrl)
  url.username = encodeURIComponent(role)
  url.password = apiPassword(adminUrl, database, role)
  return url.href
}
