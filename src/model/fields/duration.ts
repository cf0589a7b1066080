/** A length of time in ISO 8601, `PT45M`. */
import { Field } from "../field.ts"
import { BadValue, checkText, equalityOnly, type FieldKind } from "../value.ts"

/**
 * A length of time of at most 9999 years: `PT45M`, `P1DT2H`; `-P1D` and `P1M-1D` go back.
 *
 * @example
 * duration()
 */
export function duration(): Field<string> {
  return new Field(durationKind)
}

const shape =
  /^([+-]?)P(?=[-+\d]|T)(?:([-+]?\d{1,9})Y)?(?:([-+]?\d{1,9})M)?(?:([-+]?\d{1,9})W)?(?:([-+]?\d{1,9})D)?(?:T(?=[-+\d])(?:([-+]?\d{1,9})H)?(?:([-+]?\d{1,9})M)?(?:([-+]?)(\d{1,12})(?:\.(\d{1,9}))?S)?)?$/

const yearsMax = 9999

/** Checks an ISO 8601 duration, and gives it in months, days and seconds, as PostgreSQL keeps it. Throws `BadValue`. */
export function checkDuration(value: unknown): string {
  const found = shape.exec(checkText(value).trim())
  if (!found) throw new BadValue("must be an ISO 8601 duration such as PT45M", "22007")
  const sign = found[1] === "-" ? -1 : 1
  const parts = found.slice(2, 8).map((part) => Number(part ?? 0) * sign)
  const [years = 0, monthsOnly = 0, weeks = 0, daysOnly = 0, hours = 0, minutes = 0] = parts
  const secondSign = (found[8] === "-" ? -1 : 1) * sign
  const months = years * 12 + monthsOnly
  const days = weeks * 7 + daysOnly
  const micros =
    BigInt(hours * 3600 + minutes * 60 + Number(found[9] ?? 0) * secondSign) * 1_000_000n +
    BigInt((found[10] ?? "").slice(0, 6).padEnd(6, "0")) * BigInt(secondSign)
  const hoursMax = BigInt(yearsMax) * 8766n
  if (
    Math.abs(months) > yearsMax * 12 ||
    Math.abs(days) > yearsMax * 366 ||
    (micros < 0n ? -micros : micros) > hoursMax * 3_600_000_000n
  ) {
    throw new BadValue(`must not be longer than ${yearsMax} years`, "22003")
  }
  const said = `${months === 0 ? "" : `${months}M`}${days === 0 ? "" : `${days}D`}${micros === 0n ? "" : `T${toSeconds(micros)}S`}`
  return said === "" ? "PT0S" : `P${said}`
}

function toSeconds(micros: bigint): string {
  const size = micros < 0n ? -micros : micros
  const fraction = String(size % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "")
  return `${micros < 0n ? "-" : ""}${size / 1_000_000n}${fraction === "" ? "" : `.${fraction}`}`
}

const durationKind: FieldKind = {
  name: "duration",
  sqlType: "interval",
  operators: equalityOnly,
  parse: checkDuration,
  parseText: checkDuration,
  schema: () => ({ type: "string", format: "duration", examples: ["PT45M"] }),
  typescript: () => "string",
}
