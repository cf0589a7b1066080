/** Ranges of whole numbers and days, and how PostgreSQL compares them. */

interface Sides {
  readonly from: number | string | null
  readonly to: number | string | null
}

/** Bounds as numbers: the first that is in it, and the first behind it. */
function boundsOf({ from, to }: Sides): readonly [number, number] {
  return [
    from === null ? Number.NEGATIVE_INFINITY : place(from),
    to === null ? Number.POSITIVE_INFINITY : place(to),
  ]
}

function place(bound: number | string): number {
  return typeof bound === "number" ? bound : Date.parse(`${bound}T00:00:00Z`) / 86_400_000
}

/** What an operator of a filter says of two ranges; undefined where it says nothing. */
export function compareRanges(operator: string, left: string, right: string): boolean | undefined {
  const [[a, b], [c, d]] = [boundsOf(sidesOf(left)), boundsOf(sidesOf(right))]
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

function sidesOf(text: string): Sides {
  const [from, to] = text
    .slice(1, -1)
    .split(",")
    .map((one) => (one === "" ? null : /^-?\d+$/.test(one) ? Number(one) : one))
  return { from: from ?? null, to: to ?? null }
}

/** As PostgreSQL writes it; null where it is no such text. */
export function normalRange(text: string): string | null {
  const found = /^[[(]([^,]*),([^,)]*)\)$/.exec(text)
  return found && `${found[1] ? "[" : "("}${found[1]},${found[2]})`
}
