/** What one connection has prepared, bounded by number and by size: plans are PostgreSQL's memory. */

/** A statement that a flight is about to use. */
export interface StatementText {
  readonly name: string
  readonly text: string
}

/** What has to be said before statements can be used. */
export interface Parting {
  /** Names to close; some of them may not exist, which PostgreSQL does not mind. */
  readonly closed: readonly string[]
  /** Names to parse. */
  readonly parsed: ReadonlySet<string>
  /** Names of statements too large to be kept: they are parsed each time, without a name. */
  readonly unnamed: ReadonlySet<string>
}

/** What is kept on a connection: a plan takes several times the length of its text. */
export interface StatementBounds {
  readonly count: number
  /** Characters of all texts, and of one. */
  readonly length: number
  readonly lengthEach: number
}

const defaultBounds: StatementBounds = { count: 500, length: 500_000, lengthEach: 50_000 }
const nothing: ReadonlySet<string> = new Set()
const noParting: Parting = { closed: [], parsed: nothing, unnamed: nothing }

export class PreparedStatements {
  /** By name, the oldest first. `sure` is false where the statement may or may not be there. */
  private readonly kept: Map<string, { length: number; sure: boolean }> = new Map()
  private readonly bounds: StatementBounds
  private length = 0

  constructor(bounds: StatementBounds = defaultBounds) {
    this.bounds = bounds
  }

  /** Makes room for what a flight uses, and says what it must close and parse. */
  admit(steps: readonly StatementText[]): Parting {
    if (steps.every((step) => this.kept.get(step.name)?.sure === true)) return noParting
    const closed: string[] = []
    const parsed = new Set<string>()
    const unnamed = new Set<string>()
    for (const { name, text } of steps) {
      const known = this.kept.get(name)
      if (known?.sure === true) continue
      parsed.add(name)
      if (known) {
        closed.push(name)
        this.drop(name)
      }
      if (text.length > this.bounds.lengthEach) unnamed.add(name)
      else {
        this.kept.set(name, { length: text.length, sure: true })
        this.length += text.length
      }
    }
    for (const name of this.kept.keys()) {
      if (this.kept.size <= this.bounds.count && this.length <= this.bounds.length) break
      if (steps.some((step) => step.name === name)) continue
      closed.push(name)
      this.drop(name)
    }
    return { closed, parsed, unnamed }
  }

  /** The statement may not be there, or may no longer fit the schema. */
  forget(name: string): void {
    const known = this.kept.get(name)
    if (known) known.sure = false
  }

  private drop(name: string): void {
    this.length -= this.kept.get(name)?.length ?? 0
    this.kept.delete(name)
  }
}
