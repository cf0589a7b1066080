/** The tree against the vectors that RFC 6962's own implementation is tested with, and against its definition. */
import { createHash } from "node:crypto"
import fc from "fast-check"
import { expect, test } from "vitest"
import { collectPath, consistencyRanges, Frontier, inclusionRanges } from "./tree.ts"
import { hashLeaf, hashNode, isConsistent, rootOfPath } from "./verifier.mts"

const inputs = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
]
const leaves = inputs.map((hex) => hashLeaf(Buffer.from(hex, "hex")))
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

const frontierOf = (all: readonly Buffer[]): Frontier => {
  const tree = new Frontier()
  for (const leaf of all) tree.push(leaf)
  return tree
}

/** RFC 6962, 2.1, word for word. */
function rootByDefinition(all: readonly Buffer[]): Buffer {
  if (all.length === 0) return createHash("sha256").digest()
  if (all.length === 1) return all[0] as Buffer
  let split = 1
  while (split * 2 < all.length) split *= 2
  return hashNode(rootByDefinition(all.slice(0, split)), rootByDefinition(all.slice(split)))
}

async function* chunks(all: readonly Buffer[]): AsyncIterable<readonly Buffer[]> {
  for (let at = 0; at < all.length; at += 3) yield all.slice(at, at + 3)
}

test("the roots are those of RFC 6962's test vectors", () => {
  expect(frontierOf([]).root().toString("hex")).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  )
  expect(
    roots.map((_, at) =>
      frontierOf(leaves.slice(0, at + 1))
        .root()
        .toString("hex"),
    ),
  ).toEqual(roots)
})

const trees = fc
  .integer({ min: 1, max: 140 })
  .map((size) => Array.from({ length: size }, (_, at) => hashLeaf(`entry ${at}`)))

test("the root is that of the definition, also when a tree is gone on with from its bytes", () => {
  fc.assert(
    fc.property(trees, fc.nat(140), (all, cut) => {
      const begun = frontierOf(all.slice(0, cut))
      const tree = new Frontier(begun.size, begun.toBytes())
      for (const leaf of all.slice(cut)) tree.push(leaf)
      expect(tree.root()).toEqual(rootByDefinition(all))
    }),
  )
})

test("an entry's path leads to the root, and no other entry, place, size or path does", async () => {
  await fc.assert(
    fc.asyncProperty(trees, fc.nat(), fc.nat(), async (all, seed, other) => {
      const [index, size] = [seed % all.length, all.length]
      const path = await collectPath(inclusionRanges(index, size), chunks(all))
      const root = frontierOf(all).root()
      const leaf = all[index] as Buffer
      expect(rootOfPath(leaf, index, size, path)).toEqual(root)
      expect(rootOfPath(hashLeaf("forged"), index, size, path)).not.toEqual(root)
      expect(rootOfPath(leaf, index, size, [...path, leaf])).not.toEqual(root)
      expect(rootOfPath(leaf, size, size, path)).toBeNull()
      if (other % size !== index) expect(rootOfPath(leaf, other % size, size, path)).not.toEqual(root)
      if (path.length > 0) expect(rootOfPath(leaf, index, size, path.slice(1))).not.toEqual(root)
    }),
  )
})

test("a tree begins with each smaller one, and with no other", async () => {
  await fc.assert(
    fc.asyncProperty(trees, fc.nat(), async (all, seed) => {
      const older = 1 + (seed % all.length)
      const path = await collectPath(consistencyRanges(older, all.length), chunks(all))
      const from = { size: older, root: frontierOf(all.slice(0, older)).root() }
      const to = { size: all.length, root: frontierOf(all).root() }
      expect(isConsistent(from, to, path)).toBe(true)
      const forged = { size: older, root: hashLeaf("forged") }
      expect(isConsistent(forged, to, path)).toBe(false)
      expect(isConsistent(from, { ...to, root: forged.root }, path)).toBe(false)
      expect(isConsistent(from, to, [...path, forged.root])).toBe(false)
      if (path.length > 0) expect(isConsistent(from, to, path.slice(1))).toBe(false)
    }),
  )
})

test("a proof from a size on, or of an entry after it, needs no leaf of before", async () => {
  await fc.assert(
    fc.asyncProperty(trees, fc.nat(), fc.nat(), async (all, seed, other) => {
      const size = all.length
      const cut = 1 + (seed % size)
      const base = frontierOf(all.slice(0, cut))
      const root = frontierOf(all).root()
      const path = await collectPath(consistencyRanges(cut, size), chunks(all.slice(cut)), base)
      expect(isConsistent({ size: cut, root: base.root() }, { size, root }, path)).toBe(true)
      if (cut === size) return
      const index = cut + (other % (size - cut))
      const own = await collectPath(inclusionRanges(index, size), chunks(all.slice(cut)), base)
      expect(rootOfPath(all[index] as Buffer, index, size, own)).toEqual(root)
    }),
  )
})
