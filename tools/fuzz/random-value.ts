/** Values of every kind: few, so that rows, rules and filters meet, and awkward, so that a slip shows. */
import type { KindDescription } from "./description.ts"
import type { Random } from "./random.ts"

/** Identifiers of callers; some stand in rows, some are no UUID, one stands nowhere. */
export const callerIds: readonly string[] = [
  "00000000-0000-4000-8000-00000000ca01",
  "00000000-0000-4000-8000-00000000ca02",
  "00000000-0000-4000-8000-00000000ca03",
  "anna",
  "7",
]
export const absentCallerIds: readonly string[] = [
  "00000000-0000-4000-8000-00000000dead",
  "nobody",
  "1e9999",
  " ",
  "00000000",
]

export const roles: readonly string[] = ["doctor", "nurse", "it's", "Doctor"]

/** Texts by what they may confuse: case, accents, patterns, quoting, the grammar of URLs, other types, ordering. */
const texts: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  "b",
  "anna",
  "Anna",
  "ANNA",
  "ann",
  "ä",
  "Ä",
  "é",
  "e\u0301",
  "ß",
  "SS",
  "İ",
  "ı",
  "Σ",
  "ς",
  "日本",
  "\u{1f600}",
  "\uffee",
  "z",
  "Z",
  "zz",
  "red fox",
  "Fox",
  "a red Fox",
  "a%b",
  "a_b",
  "aXb",
  "%",
  "_",
  "\\",
  "\\%",
  "'",
  "''",
  '"',
  "a,b",
  "(",
  ")",
  "a.b",
  "{a}",
  "*",
  "a&b=c",
  "null",
  "true",
  "1",
  "10",
  "9",
  "a\nb",
  "\t",
  "a'; --",
  "$1",
  "$undercroft$",
]
/** Where case counts for nothing only letters and digits stand: other signs an ICU collation orders in its own way. */
const plainTexts: readonly string[] = [
  "a",
  "A",
  "anna",
  "Anna",
  "ANNA",
  "b",
  "ann",
  "Bob",
  "bOB",
  "1",
  "10",
  "z",
]
const uuids: readonly string[] = [
  ...callerIds.slice(0, 3),
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "a0000000-0000-4000-8000-000000000001",
  "0a000000-0000-4000-8000-000000000001",
]
// Never near the present: rules ask for `now`, and a kept case must mean tomorrow what it means today.
const instants: readonly string[] = [
  "1970-01-01T00:00:00+00:00",
  "2001-09-09T01:46:40+00:00",
  "2016-02-29T00:00:00+00:00",
  "2016-02-28T23:59:59.999999+00:00",
  "2016-02-29T12:00:00+00:00",
  "2016-03-01T00:00:00.000001+00:00",
  "2016-02-28T10:30:00.5+00:00",
  "2090-12-31T23:59:59+00:00",
  "9999-12-31T12:00:00+00:00",
]
const dates: readonly string[] = [
  "1970-01-01",
  "2001-09-09",
  "2016-02-28",
  "2016-02-29",
  "2016-03-01",
  "2091-01-01",
  "9999-12-31",
]
const times: readonly string[] = ["00:00:00", "08:30:00", "08:30:00.25", "23:59:59.999999"]
const integers: readonly number[] = [0, 1, -1, 2, 7, 10, 2147483647, -2147483648]
const bigints: readonly (number | string)[] = [
  0,
  1,
  -1,
  7,
  2147483648,
  9007199254740991,
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
]
const cents: readonly number[] = [0, 1, -1, 50, 100, 700, 1000, 1250, 99999]
const documents: readonly unknown[] = [
  {},
  [],
  { a: 1 },
  { a: null },
  { a: { b: ["x", 1.5] } },
  { a: "x", b: "y" },
  { b: "x" },
  "text",
  7,
  true,
  [null],
]

/** As PostgreSQL writes them. */
const integerRanges: readonly unknown[] = ["[0,10)", "[10,20)", "[-5,0)", "[2,3)", "(,2)", "[7,)", "(,)"]
const dateRanges: readonly unknown[] = [
  "[2016-02-28,2016-03-01)",
  "[2016-03-01,2016-04-01)",
  "(,2016-02-29)",
  "[2016-02-29,)",
]

/** The values that one model draws from: a few of each kind. */
export class ValuePool {
  private readonly pools = new Map<string, readonly unknown[]>()
  private readonly random: Random

  constructor(random: Random) {
    this.random = random
  }

  /** The pool of a kind that is not a reference. */
  of(kind: KindDescription): readonly unknown[] {
    const name = JSON.stringify(kind)
    const known = this.pools.get(name)
    if (known) return known
    const all = this.all(kind)
    const made = this.random.branch(`pool ${name}`).shuffle(all).slice(0, 6)
    // Who calls stands in the data.
    if (kind.type === "uuid") made.push(callerIds[0], callerIds[1])
    if (kind.type === "text" && (kind.max ?? 99) >= 36)
      made.push(callerIds[0], ...((kind.min ?? 0) > 4 ? [] : ["anna"]))
    if (kind.type === "integer" && (kind.max ?? 7) >= 7) made.push(7)
    const pool = [...new Set(made)]
    this.pools.set(name, pool)
    return pool
  }

  private all(kind: KindDescription): readonly unknown[] {
    switch (kind.type) {
      case "text":
        return (kind.caseInsensitive ? plainTexts : texts).filter(
          (one) => [...one].length <= (kind.max ?? 99) && [...one].length >= (kind.min ?? 0),
        )
      case "choice":
        return kind.words
      case "integer":
        return integers.filter((one) => one >= (kind.min ?? one) && one <= (kind.max ?? one))
      case "bigint":
        return bigints
      case "decimal":
        return cents
          .filter((one) => String(Math.abs(one)).length <= kind.precision)
          .map((one) => (one / 10 ** kind.scale).toFixed(kind.scale))
      case "boolean":
        return [true, false]
      case "date":
        return dates
      case "instant":
        return instants
      case "uuid":
        return uuids
      case "time":
        return times
      case "list":
        return [[], ["a"], ["A", "b"], ["a,b"], ['"', "\\"], ["", " "]]
      case "json":
        return documents
      case "range":
        return kind.of === "integer" ? integerRanges : dateRanges
      case "ref":
        throw new Error("a reference has no values of its own")
    }
  }
}

/** The key of row `at` of the entity at `entity`: a UUID that tells where it belongs. */
export function uuidKey(entity: number, at: number): string {
  return `00000000-0000-4000-8000-${entity.toString(16).padStart(4, "0")}${at.toString(16).padStart(8, "0")}`
}
