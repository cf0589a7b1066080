/** Compiled statements by the shape of their operation, bounded by number and by size: callers choose the shapes. */

export class StatementCache<Statement extends { readonly text: string }> {
  private readonly statements: Map<string, Statement> = new Map()
  private readonly countMax: number
  private readonly charactersMax: number
  private characters = 0

  constructor(countMax = 5000, charactersMax = 10_000_000) {
    this.countMax = countMax
    this.charactersMax = charactersMax
  }

  get(key: string): Statement | undefined {
    return this.statements.get(key)
  }

  /** The oldest go, until there is room. */
  set(key: string, statement: Statement): void {
    this.statements.set(key, statement)
    this.characters += key.length + statement.text.length
    for (const [oldest, { text }] of this.statements) {
      if (this.statements.size <= this.countMax && this.characters <= this.charactersMax) return
      this.statements.delete(oldest)
      this.characters -= oldest.length + text.length
    }
  }
}
