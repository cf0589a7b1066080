/** What was found wrong with a record, and which entry is to be named first. */

/** The first entry that is not as it was, and what is wrong. */
export interface Finding {
  readonly position: number
  /** The entry's identifier, where there is one. */
  readonly id: string | null
  readonly what: string
}

export class Findings {
  #exact: Finding | null = null
  #range: (Finding & { readonly last: number }) | null = null

  /** An entry itself. */
  at(position: number, what: string, id: string | null = null): void {
    if (this.#exact === null || position < this.#exact.position) this.#exact = { position, id, what }
  }

  /** One of several entries; which, only the head over all of them would know. */
  within(position: number, last: number, what: string): void {
    if (this.#range === null || position < this.#range.position)
      this.#range = { position, id: null, what, last }
  }

  /** An entry that is known to be bad explains what is wrong with a range that it stands in. */
  first(): Finding | null {
    if (this.#range && (this.#exact === null || this.#exact.position > this.#range.last)) {
      const { position, id, what } = this.#range
      return { position, id, what }
    }
    return this.#exact
  }
}
