/** A part of a report as text for people, whichever format it is written in: words and tables, nothing else. */

export interface Table {
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Section {
  readonly title: string
  /** What it is, in plain words. */
  readonly intro: string
  readonly tables: readonly Table[]
  /** Remarks, a sentence each. */
  readonly notes?: readonly string[]
}

/** A part of the evidence: for people, and for programs. */
export interface Part {
  readonly section: Section
  readonly data: unknown
}
