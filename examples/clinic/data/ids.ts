/** Identifiers in the form of UUIDv7 that are the same every time: a moment, a kind and a count. */

/** When the clinic moved in; what is not tied to a moment of its own has this one. */
export const start: number = Date.UTC(2024, 0, 8, 6)

/** Counts the identifiers of one kind of row. */
export function idsOf(kind: number): (moment?: number) => string {
  let count = 0
  return (moment = start) => makeId(kind, moment, ++count)
}

/** An account; who has one can sign in. */
export function userId(number: number): string {
  return makeId(0, start, number)
}

function makeId(kind: number, moment: number, count: number): string {
  const time = moment.toString(16).padStart(12, "0")
  const tail = count.toString(16).padStart(12, "0")
  return `${time.slice(0, 8)}-${time.slice(8)}-7${kind.toString(16).padStart(3, "0")}-8000-${tail}`
}
