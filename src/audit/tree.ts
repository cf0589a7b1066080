/** The Merkle tree of RFC 6962 over the record's entries, in memory that grows with the logarithm of its size. */
import { createHash } from "node:crypto"
import { hashNode } from "./verifier.mts"

/** The right edge of a tree: the roots of its whole subtrees, the largest first. Leaves are added, and the root is known. */
export class Frontier {
  size: number
  readonly #roots: Buffer[]

  constructor(size = 0, roots: Buffer = Buffer.alloc(0)) {
    this.size = size
    this.#roots = Array.from({ length: roots.length / 32 }, (_, at) => roots.subarray(at * 32, at * 32 + 32))
  }

  push(leaf: Buffer): void {
    let node = leaf
    for (let rest = this.size; rest % 2 === 1; rest = Math.floor(rest / 2))
      node = hashNode(this.#roots.pop() as Buffer, node)
    this.#roots.push(node)
    this.size++
  }

  /** The head; of no leaves, the hash of nothing. */
  root(): Buffer {
    if (this.#roots.length === 0) return createHash("sha256").digest()
    return this.#roots.reduceRight((right, left) => hashNode(left, right))
  }

  toBytes(): Buffer {
    return Buffer.concat(this.#roots)
  }

  /** What there is of a part of the tree that a proof needs: such parts begin where a whole subtree does. */
  within({ start, count }: LeafRange): Frontier {
    const end = Math.min(this.size, start + count)
    const kept: Buffer[] = []
    let at = 0
    for (const [index, size] of sizesOf(this.size).entries()) {
      if (at >= start && at + size <= end) kept.push(this.#roots[index] as Buffer)
      at += size
    }
    return new Frontier(Math.max(0, end - start), Buffer.concat(kept))
  }
}

/** Of the whole subtrees that a tree of this size is made of, the largest first. */
function sizesOf(size: number): readonly number[] {
  const bits = size === 0 ? "" : size.toString(2)
  return [...bits].flatMap((bit, index) => (bit === "1" ? [2 ** (bits.length - 1 - index)] : []))
}

/** Whether bytes can be the frontier of a tree of this size: one root for each power of two in it. */
export function isFrontier(size: number, roots: Buffer): boolean {
  const ones = size.toString(2).replaceAll("0", "").length
  return roots.length === ones * 32
}

/** Leaves from `start` on whose common root is a part of a proof. */
export interface LeafRange {
  readonly start: number
  readonly count: number
}

/** The largest power of two below a number. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** The parts of the proof that a leaf is in a tree (RFC 6962, 2.1.1), from the leaf up. */
export function inclusionRanges(index: number, size: number, start = 0): LeafRange[] {
  if (size <= 1) return []
  const split = splitOf(size)
  return index < split
    ? [...inclusionRanges(index, split, start), { start: start + split, count: size - split }]
    : [...inclusionRanges(index - split, size - split, start + split), { start, count: split }]
}

/** The parts of the proof that a tree begins with a smaller one (RFC 6962, 2.1.2). */
export function consistencyRanges(older: number, size: number, start = 0, isWhole = true): LeafRange[] {
  if (older === size) return isWhole ? [] : [{ start, count: size }]
  const split = splitOf(size)
  return older <= split
    ? [...consistencyRanges(older, split, start, isWhole), { start: start + split, count: size - split }]
    : [...consistencyRanges(older - split, size - split, start + split, false), { start, count: split }]
}

/**
 * Computes parts of a proof from leaves that come in order, once. `base` is what is known of the tree before the first of them: a
 * proof from its size on, or of an entry after it, needs no leaf of before.
 */
export async function collectPath(
  ranges: readonly LeafRange[],
  leaves: AsyncIterable<readonly Buffer[]>,
  base: Frontier = new Frontier(),
): Promise<Buffer[]> {
  const parts = ranges.map((range) => ({ range, tree: base.within(range) }))
  const inOrder = parts.toSorted((a, b) => a.range.start - b.range.start)
  let [at, index] = [0, base.size]
  for await (const chunk of leaves) {
    for (const leaf of chunk) {
      while (at < inOrder.length && index >= endOf(inOrder[at]?.range)) at++
      const part = inOrder[at]
      if (part && index >= part.range.start) part.tree.push(leaf)
      index++
    }
  }
  return parts.map(({ tree }) => tree.root())
}

function endOf(range: LeafRange | undefined): number {
  return range ? range.start + range.count : Number.POSITIVE_INFINITY
}
