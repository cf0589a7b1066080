/** Ranges of whole numbers and days, and how PostgreSQL compares them. */

export interface RangeValue {
  readonly from: number | string | null
  readonly to: number | string | null
}

/** Bounds as numbers: the first that is in it, and the first behind it. */
function boundsOf({ from, to }: RangeValue): readonly [number, number] {
  return [
    from === null ? Number.NEGATIVE_INFINITY : place(from),
    to === null ? Number.POSITIVE_INFINITY : place(to),
  ]
}

function place(bound: number | string): number {
  return typeof bound === "number" ? bound : Date.parse(`${bound}T00:00:00Z`) / 86_400_000
}

/** What an operator of a filter says of two ranges; undefined where it says nothing. */
export function compareRanges(operator: string, left: RangeValue, right: RangeValue): boolean | undefined {
  const [[a, b], [c, d]] = [boundsOf(left), boundsOf(right)]
  const answers: Readonly<Record<string, boolean>> = {
    eq: a === c && b === d,
    neq: a !== c || b !== d,
    isdistinct: a !== c || b !== d,
    cs: a <= c && d <= b,
    cd: c <= a && b <= d,
    ov: a < d && c < b,
    sl: b <= c,
    sr: d <= a,
    nxr: b <= d,
    nxl: c <= a,
    adj: b === c || d === a,
  }
  return answers[operator]
}

export function rangeText({ from, to }: RangeValue): string {
  return `[${from ?? ""},${to ?? ""})`
}

/** Null where it is no such text. */
export function readRange(text: string, of: "integer" | "date"): RangeValue | null {
  const found = /^\[([^,]*),([^,)]*)\)$/.exec(text)
  if (!found) return null
  const [from, to] = [found[1], found[2]].map((one) => (!one ? null : of === "integer" ? Number(one) : one))
  return { from: from ?? null, to: to ?? null }
}
