/** How PostgreSQL orders, folds and reads values: what the oracle does with JSON values in its place. */
import type { KindDescription } from "./description.ts"

/** A moment as microseconds since 1970; a day is its midnight in UTC. */
function micros(value: unknown): bigint {
  const text = String(value)
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return BigInt(Date.parse(`${text}T00:00:00Z`)) * 1000n
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ""
  return BigInt(Date.parse(text.replace(/\.\d+/, ""))) * 1000n + BigInt(fraction.padEnd(6, "0").slice(0, 6))
}

/** A number of any kind as an exact fraction over 10^9. */
function scaled(value: unknown): bigint {
  const [, sign, whole, fraction] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(String(value)) ?? []
  const size = BigInt((whole || "0") + (fraction ?? "").padEnd(9, "0").slice(0, 9))
  return sign === "-" ? -size : size
}

function sign<T extends bigint | number | string | boolean>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** By code point, as the collations C and C.UTF-8 do. */
export function compareTexts(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** Orders two values that are not null. The kinds differ at most within moments or within numbers. */
export function compareJson(
  left: unknown,
  right: unknown,
  kind: KindDescription,
  _other: KindDescription = kind,
): number {
  switch (kind.type) {
    case "text":
      return kind.caseInsensitive
        ? compareTexts(foldCase(left), foldCase(right))
        : compareTexts(String(left), String(right))
    case "integer":
    case "bigint":
    case "decimal":
      return sign(scaled(left), scaled(right))
    case "instant":
    case "date":
      return sign(micros(left), micros(right))
    case "boolean":
      return sign(left as boolean, right as boolean)
    case "list":
    case "json":
    case "range":
      throw new Error(`${kind.type} has no order here`)
    default:
      return compareTexts(String(left), String(right))
  }
}

/** Simple case mapping: one code point for one, without regard to what stands around it (builtin provider, C.UTF-8). */
export function lowerText(text: string): string {
  return Array.from(text, (char) => (char === "İ" ? "i" : simple(char, char.toLowerCase()))).join("")
}

function simple(char: string, mapped: string): string {
  return [...mapped].length === 1 ? mapped : char
}

export function foldCase(text: unknown): string {
  return lowerText(String(text).normalize("NFC"))
}
