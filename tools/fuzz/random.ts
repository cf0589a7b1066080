/** Seeded randomness: the same seed gives the same world on every machine. */
import { createHash } from "node:crypto"

/** A stream of random choices (sfc32, seeded by SHA-256 of a text). */
export class Random {
  readonly seed: string
  private a: number
  private b: number
  private c: number
  private count = 1

  constructor(seed: string) {
    this.seed = seed
    const digest = createHash("sha256").update(seed).digest()
    this.a = digest.readInt32LE(0)
    this.b = digest.readInt32LE(4)
    this.c = digest.readInt32LE(8)
  }

  /** A stream of its own, so that drawing more from one part of a world leaves the others as they are. */
  branch(name: string | number): Random {
    return new Random(`${this.seed}/${name}`)
  }

  /** A whole number of 32 bits, not negative. */
  next(): number {
    const sum = (this.a + this.b + this.count++) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 to below `end`. */
  below(end: number): number {
    return end <= 1 ? 0 : this.next() % end
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.next() / 4294967296 < probability
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("nothing to pick from")
    return list[this.below(list.length)] as T
  }

  /** One of several makers by weight; a maker that gives null lets another be tried. */
  weighted<T>(choices: readonly (readonly [weight: number, make: () => T | null])[]): T | null {
    const left = choices.filter(([weight]) => weight > 0)
    while (left.length > 0) {
      let at = (this.next() / 4294967296) * left.reduce((sum, [weight]) => sum + weight, 0)
      const index = Math.max(
        0,
        left.findIndex(([weight]) => {
          at -= weight
          return at < 0
        }),
      )
      const made = left[index]?.[1]() ?? null
      if (made !== null) return made
      left.splice(index, 1)
    }
    return null
  }

  shuffle<T>(list: readonly T[]): T[] {
    const result = [...list]
    for (let at = result.length - 1; at > 0; at--) {
      const other = this.below(at + 1)
      ;[result[at], result[other]] = [result[other] as T, result[at] as T]
    }
    return result
  }

  /** Some of them, in their order. */
  some<T>(list: readonly T[], probability = 0.5): T[] {
    return list.filter(() => this.chance(probability))
  }
}
