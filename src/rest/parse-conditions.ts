/** Headers that make a request hang on what the row or the answer is now: `If-Match` and `If-None-Match`. */
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
