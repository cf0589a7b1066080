/** Headers that make repeating a request safe: `If-Match`, `If-None-Match` and `Idempotency-Key`. */
import { UndercroftError } from "../base/errors.ts"

const versionsMax = 20

/**
 * `If-Match`: any row that is there, or one of these versions. A tag is the version, alone (`"3"`) or as an answer's ETag
 * has it (`"3.Hx8…"`). Null without the header.
 */
export function parseIfMatch(header: string | undefined): "any" | readonly number[] | null {
  if (header === undefined) return null
  if (header.trim() === "*") return "any"
  const tags = header.split(",", versionsMax + 1)
  const versions = tags.map((tag) =>
    Number(/^\s*"?(\d{1,15})(?:\.[\w-]+)?"?\s*$/.exec(tag)?.[1] ?? Number.NaN),
  )
  if (tags.length > versionsMax || versions.some(Number.isNaN)) {
    throw new UndercroftError("UC310", {
      header: "If-Match",
      why: "is not a version",
      mend: 'Send the row\'s version, as in If-Match: "3".',
    })
  }
  return versions
}

/** Whether an answer's tag is one of those that the caller has (RFC 9110, 13.1.2: compared weakly). */
export function isKnownTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === "*") return true
  return header.split(",").some((one) => one.trim().replace(/^W\//, "") === tag)
}

/** Null without the header. Throws UC310. */
export function parseOnceKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null
  // The draft's syntax is a quoted string; most clients leave the quotes out.
  const key = typeof header === "string" ? header.trim().replace(/^"(.*)"$/, "$1") : ""
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key
  throw new UndercroftError("UC310", {
    header: "Idempotency-Key",
    why: "is not one key of 1 to 200 visible characters",
    mend: "Send a UUID.",
  })
}
