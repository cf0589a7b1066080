/** Finds which of many thousand words stand in a text, in time that hangs on the text and hardly on how many words there are. */

/** How much of a word's end is looked up at each place of a text. */
const tails = [12, 6, 3] as const

/** Words of one end, by their length. */
type Ends = Map<number, Set<string>>

export class WordSearch {
  private readonly byTail: ReadonlyMap<number, Map<string, Ends>>

  /** Words of at least three letters; shorter ones are not looked for. */
  constructor(words: Iterable<string>) {
    this.byTail = new Map(tails.map((one) => [one, new Map()]))
    for (const word of words) this.add(word)
  }

  private add(word: string): void {
    const length = tails.find((one) => one <= word.length)
    if (length === undefined) return
    const ends = this.byTail.get(length)!
    const tail = word.slice(-length)
    // Mail addresses, say, have one end: so what ends alike is told apart by its length, and then looked up as a whole.
    const alike: Ends = ends.get(tail) ?? new Map()
    ends.set(tail, alike)
    const same = alike.get(word.length) ?? new Set()
    alike.set(word.length, same.add(word))
  }

  /** Those that stand in it, anywhere. */
  findIn(text: string): ReadonlySet<string> {
    const found = new Set<string>()
    for (const [length, ends] of this.byTail) {
      if (ends.size === 0) continue
      for (let end = length; end <= text.length; end++) {
        const alike = ends.get(text.slice(end - length, end))
        if (!alike) continue
        for (const [whole, words] of alike) {
          const word = end < whole ? "" : text.slice(end - whole, end)
          if (words.has(word)) found.add(word)
        }
      }
    }
    return found
  }
}
