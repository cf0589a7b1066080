/** Reads `Prefer` (RFC 7240), and says in `Preference-Applied` what came of it. */
import { UndercroftError } from "../base/errors.ts"
import type { CountKind, Returning } from "../query/operation.ts"
import { shorten } from "./scanner.ts"

/** What the caller prefers; null where nothing is said. */
export interface Preferences {
  readonly returning: Returning | null
  readonly count: CountKind | null
  /** What an insert does with a row that exists. */
  readonly resolution: "merge" | "ignore" | null
  /** What a field that a row leaves out gets. */
  readonly missing: "default" | "null" | null
  readonly handling: "strict" | "lenient" | null
  readonly maxAffected: number | null
  readonly tx: "commit" | "rollback" | null
  readonly timezone: string | null
  /** What was not understood, and is ignored. */
  readonly invalid: readonly string[]
}

type Draft = { -readonly [Name in keyof Preferences]: Preferences[Name] }

export type PreferenceName = Exclude<keyof Preferences, "invalid">

/** The preferences that each kind of request can honour, as in PostgREST. */
export const preferencesHonoured: Readonly<
  Record<"read" | "insert" | "update" | "upsert" | "delete", readonly PreferenceName[]>
> = {
  read: ["count", "tx", "handling", "timezone"],
  insert: ["resolution", "missing", "returning", "count", "tx", "handling", "timezone"],
  update: ["missing", "returning", "count", "tx", "handling", "timezone", "maxAffected"],
  upsert: ["returning", "count", "tx", "handling", "timezone"],
  delete: ["returning", "count", "tx", "handling", "timezone", "maxAffected"],
}

const known: ReadonlyMap<string, Partial<Preferences>> = new Map<string, Partial<Preferences>>([
  ["return=minimal", { returning: "minimal" }],
  ["return=headers-only", { returning: "headers-only" }],
  ["return=representation", { returning: "representation" }],
  ["count=exact", { count: "exact" }],
  ["count=planned", { count: "planned" }],
  ["count=estimated", { count: "estimated" }],
  ["resolution=merge-duplicates", { resolution: "merge" }],
  ["resolution=ignore-duplicates", { resolution: "ignore" }],
  ["missing=default", { missing: "default" }],
  ["missing=null", { missing: "null" }],
  ["handling=strict", { handling: "strict" }],
  ["handling=lenient", { handling: "lenient" }],
  ["tx=commit", { tx: "commit" }],
  ["tx=rollback", { tx: "rollback" }],
])

/** How a preference is written in the header. */
const headerNames: ReadonlyMap<PreferenceName, string> = new Map([
  ["returning", "return"],
  ["maxAffected", "max-affected"],
])

const none: Preferences = {
  returning: null,
  count: null,
  resolution: null,
  missing: null,
  handling: null,
  maxAffected: null,
  tx: null,
  timezone: null,
  invalid: [],
}

/** The shape of a time zone's name or offset; PostgreSQL knows which of them exist. */
const timezoneShape = /^[A-Za-z0-9_+\-/:]{1,64}$/

/**
 * Reads the header, or the headers when it came several times. Of a preference given twice the first counts.
 *
 * `timezones` are the names that PostgreSQL knows (`pg_timezone_names`); without them any that looks like one
 * is taken.
 *
 * @throws UndercroftError PGRST122 when the caller asks for `handling=strict` and not all is understood.
 */
export function parsePreferences(
  header: string | readonly string[] | undefined,
  timezones: ReadonlySet<string> | null = null,
): Preferences {
  if (header === undefined || header.length === 0) return none
  const parts = (typeof header === "string" ? header : header.join(",")).split(",")
  const draft: Draft = { ...none }
  const invalid: string[] = []
  // From the last to the first, so that the first has the last word.
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = (parts[at] ?? "").trim()
    if (part === "") continue
    const said = known.get(part) ?? parseMaxAffected(part) ?? parseTimezone(part, timezones)
    if (said === null) invalid.push(part)
    else Object.assign(draft, said)
  }
  draft.invalid = invalid.toReversed()
  if (draft.handling === "strict" && invalid.length > 0) {
    const details = `Invalid preferences: ${shorten(draft.invalid.join(", "))}`
    throw new UndercroftError("PGRST122", {}, { details })
  }
  return draft
}

function parseMaxAffected(part: string): Partial<Preferences> | null {
  const digits = /^max-affected=(\d{1,15})$/.exec(part)?.[1]
  return digits === undefined ? null : { maxAffected: Number(digits) }
}

function parseTimezone(part: string, timezones: ReadonlySet<string> | null): Partial<Preferences> | null {
  if (!part.startsWith("timezone=")) return null
  const timezone = part.slice("timezone=".length)
  const taken = timezones === null ? timezoneShape.test(timezone) : timezones.has(timezone)
  return taken ? { timezone } : null
}

/**
 * The value of `Preference-Applied`, of those preferences that this answer honours, or null when there are none.
 *
 * @example
 * appliedHeader(parsePreferences("count=exact, return=minimal"), preferencesHonoured.read) // "count=exact"
 */
export function appliedHeader(preferences: Preferences, honoured: readonly PreferenceName[]): string | null {
  if (preferences === none) return null
  const applied: string[] = []
  for (const name of honoured) {
    // Only strict callers are held to it, so only they are told.
    if (name === "maxAffected" && preferences.handling !== "strict") continue
    const value = preferences[name]
    const suffix = name === "resolution" ? "-duplicates" : ""
    if (value !== null) applied.push(`${headerNames.get(name) ?? name}=${value}${suffix}`)
  }
  return applied.length === 0 ? null : applied.join(", ")
}
