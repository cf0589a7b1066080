/** E-mail addresses in the one form in which they are compared, stored and written to. */
import { domainToASCII } from "node:url"

const local = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domain = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

/**
 * The address in lower case, its domain in the form that DNS knows; null where it is none that we write to. What stands
 * before the @ must be ASCII as it came: folding "ı" or "Ｋ" would make two people's mailboxes one account (GHSA-7rqj-j65f-68wh).
 *
 * @example
 * normalizeEmail("Ada@Bücher.example") // "ada@xn--bcher-kva.example"
 */
export function normalizeEmail(address: string): string | null {
  const at = address.lastIndexOf("@")
  const name = address.slice(0, Math.max(at, 0))
  if (at > 64 || !/^[\x21-\x7e]+$/.test(name)) return null
  const host = domainToASCII(address.slice(at + 1).normalize("NFKC")).toLowerCase()
  const normal = `${name.toLowerCase()}@${host}`
  return local.test(name.toLowerCase()) && domain.test(host) ? normal : null
}
