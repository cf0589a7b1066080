/** The search for many words finds what looking for each of them finds. */
import { expect, test } from "vitest"
import { WordSearch } from "./word-search.ts"

test("finds exactly the words that a search for each would find", () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const word = (length: number): string => Array.from({ length }, () => 'abä"@'[random(5)]).join("")
  let hits = 0
  for (let round = 0; round < 200; round++) {
    const words = Array.from({ length: 30 }, () => word(1 + random(16)))
    const text = word(40) + words[0] + word(10)
    const asked = words.filter((one) => one.length >= 3 && text.includes(one))
    expect([...new WordSearch(words).findIn(text)].toSorted()).toEqual([...new Set(asked)].toSorted())
    hits += asked.length
  }
  expect(hits).toBeGreaterThan(200)
  expect([...new WordSearch([]).findIn("anything")]).toEqual([])
})
