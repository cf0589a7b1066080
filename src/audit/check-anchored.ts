/** Compares the tree, as it grows, with the heads that an anchor kept. */
import type { SignedHead } from "./anchor.ts"
import type { AnchoredHead } from "./anchored-heads.ts"
import type { Findings } from "./findings.ts"
import { type Signer, signerOf } from "./signers.ts"
import type { Frontier } from "./tree.ts"

export class AnchorCheck {
  readonly notes: string[] = []
  readonly #heads: AsyncIterator<AnchoredHead> | null
  readonly #signers: readonly Signer[]
  readonly #findings: Findings
  #next: SignedHead | null = null
  #count = 0
  /** Up to here the record is that of the anchor. */
  #good = 0

  constructor(heads: AsyncIterable<AnchoredHead> | null, signers: readonly Signer[], findings: Findings) {
    this.#heads = heads?.[Symbol.asyncIterator]() ?? null
    this.#signers = signers
    this.#findings = findings
  }

  async start(): Promise<void> {
    await this.#advance()
  }

  /** How many entries the next head is of. */
  get next(): number {
    return this.#next?.size ?? Number.POSITIVE_INFINITY
  }

  /** To be asked after as many entries as the next head is of. */
  async compare(tree: Frontier): Promise<void> {
    while (this.#next !== null && this.#next.size <= tree.size) {
      const problem = this.#problem(this.#next, tree)
      if (problem === null) this.#good = tree.size
      else this.#findings.within(this.#good + 1, tree.size, problem)
      await this.#advance()
    }
  }

  /** After the last entry: what the anchor has beyond it was cut off. */
  async end(size: number): Promise<void> {
    let last = 0
    for (; this.#next !== null; await this.#advance()) last = Math.max(last, this.#next.size)
    if (this.#heads && this.#count === 0)
      this.notes.push("The anchor holds no head: nothing was compared with it.")
    if (last > size)
      this.#findings.at(size + 1, `it is missing, with all up to ${last}, which the anchor knows`)
  }

  #problem(head: SignedHead, tree: Frontier): string | null {
    const { size } = head
    if (size < tree.size) return "the anchor's heads are out of order"
    if (head.root !== tree.root().toString("base64"))
      return `from here to entry ${size} the record is not what the anchor knows: it was rewritten, or forked`
    if (signerOf(this.#signers, size)?.key.text !== head.key)
      return `the anchor knows the head of ${size} entries under another key`
    return null
  }

  async #advance(): Promise<void> {
    this.#next = null
    for (;;) {
      const one = await this.#heads?.next()
      if (!one || one.done) return
      if ("wrong" in one.value) {
        this.notes.push(`Line ${one.value.line} of the anchor was passed over: ${one.value.wrong}.`)
        continue
      }
      this.#next = one.value
      this.#count++
      return
    }
  }
}
