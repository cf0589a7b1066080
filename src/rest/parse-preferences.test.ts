/** The Prefer header, row by row, and what is said back of it. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { UndercroftError } from "../base/errors.ts"
import {
  appliedHeader,
  type Preferences,
  parsePreferences,
  preferencesHonoured,
} from "./parse-preferences.ts"

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

describe("preferences", () => {
  const rows: readonly [header: string | string[] | undefined, preferences: Partial<Preferences>][] = [
    [undefined, {}],
    ["", {}],
    [" , ,", {}],
    ["return=minimal", { returning: "minimal" }],
    ["return=headers-only", { returning: "headers-only" }],
    ["return=representation,count=exact", { returning: "representation", count: "exact" }],
    ["count=planned", { count: "planned" }],
    ["count=estimated", { count: "estimated" }],
    ["resolution=merge-duplicates, missing=default", { resolution: "merge", missing: "default" }],
    ["resolution=ignore-duplicates, missing=null", { resolution: "ignore", missing: "null" }],
    [
      "handling=strict,   tx=commit   ,max-affected=100",
      { handling: "strict", tx: "commit", maxAffected: 100 },
    ],
    [
      "tx=rollback, handling=lenient, anything",
      { tx: "rollback", handling: "lenient", invalid: ["anything"] },
    ],
    ["tx=commit, tx=rollback", { tx: "commit" }],
    [
      ["count=exact", "count=planned, wait=10", "respond-async"],
      { count: "exact", invalid: ["wait=10", "respond-async"] },
    ],
    ["timezone=America/Los_Angeles", { timezone: "America/Los_Angeles" }],
    ["timezone=+05:30", { timezone: "+05:30" }],
    ["timezone=x;y", { invalid: ["timezone=x;y"] }],
    ["max-affected=0", { maxAffected: 0 }],
    ["max-affected=-1", { invalid: ["max-affected=-1"] }],
    ["max-affected=1e3", { invalid: ["max-affected=1e3"] }],
    ["max-affected=99999999999999999999", { invalid: ["max-affected=99999999999999999999"] }],
    ["count=none, Return=minimal", { invalid: ["count=none", "Return=minimal"] }],
    ["params=single-object", { invalid: ["params=single-object"] }],
    ["__proto__=x, constructor", { invalid: ["__proto__=x", "constructor"] }],
  ]
  it.each(rows)("%j", (header, preferences) => {
    expect(parsePreferences(header)).toEqual({ ...none, ...preferences })
  })

  it("takes only the time zones that are known", () => {
    const zones = new Set(["Europe/Berlin"])
    expect(parsePreferences("timezone=Europe/Berlin", zones).timezone).toBe("Europe/Berlin")
    expect(parsePreferences("timezone=Europe/Atlantis", zones)).toEqual({
      ...none,
      invalid: ["timezone=Europe/Atlantis"],
    })
  })
})

describe("handling=strict", () => {
  const rows: readonly [header: string | string[], details: string][] = [
    ["handling=strict, anything", "anything"],
    [["handling=strict", "something, else"], "something, else"],
    ["timezone=x y, handling=strict", "timezone=x y"],
    [`handling=strict, ${"x".repeat(200)}`, `${"x".repeat(100)}…`],
  ]
  it.each(rows)("%j", (header, details) => {
    expect(() => parsePreferences(header)).toThrowError(
      expect.objectContaining({
        code: "PGRST122",
        status: 400,
        message: "Invalid preferences given with handling=strict",
        details: `Invalid preferences: ${details}`,
      }),
    )
  })
})

describe("Preference-Applied", () => {
  const rows: readonly [header: string, kind: keyof typeof preferencesHonoured, applied: string | null][] = [
    ["", "read", null],
    ["return=minimal", "read", null],
    ["return=minimal, count=exact", "read", "count=exact"],
    [
      "count=exact, return=representation, missing=default, resolution=merge-duplicates",
      "insert",
      "resolution=merge-duplicates, missing=default, return=representation, count=exact",
    ],
    ["max-affected=5", "delete", null],
    ["max-affected=5, handling=strict", "update", "handling=strict, max-affected=5"],
    ["max-affected=5, handling=strict", "read", "handling=strict"],
    ["handling=lenient, timezone=-4, tx=rollback", "upsert", "tx=rollback, handling=lenient, timezone=-4"],
  ]
  it.each(rows)("%s of %s", (header, kind, applied) => {
    expect(appliedHeader(parsePreferences(header), preferencesHonoured[kind])).toBe(applied)
  })
})

it("says of any header no more than that it is not understood", () => {
  const words = fc.constantFrom(
    "handling=strict",
    "handling=",
    "count=exact",
    "timezone=",
    "max-affected=",
    ",",
    "=",
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ unit: "binary" }))), (parts) => {
      try {
        parsePreferences(parts.join(""))
      } catch (error) {
        expect(error).toBeInstanceOf(UndercroftError)
        expect((error as UndercroftError).code).toBe("PGRST122")
      }
    }),
  )
})
