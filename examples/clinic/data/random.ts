/** Numbers that look random and are the same every time. */

/** A number from 0 to below 1. */
export type Random = () => number

/** The generator mulberry32: one seed, one sequence. */
export function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1))
}

/** One of the items; the first ones more often when `lean` is above 1. */
export function pick<T>(random: Random, items: readonly T[], lean = 1): T {
  return items[Math.floor(random() ** lean * items.length)] as T
}

/** `count` of the numbers from 0 to below `limit`, in order. */
export function choose(random: Random, count: number, limit: number): readonly number[] {
  const numbers = Array.from({ length: limit }, (_, number) => number)
  for (let at = 0; at < count; at++) {
    const other = between(random, at, limit - 1)
    const number = numbers[at] as number
    numbers[at] = numbers[other] as number
    numbers[other] = number
  }
  return numbers.slice(0, count).toSorted((a, b) => a - b)
}

/** About as often below as above 0, mostly near it, never beyond ±1.5. */
export function noise(random: Random): number {
  return random() + random() + random() - 1.5
}
