/** Writers that remember what was acknowledged, and the check that all of it is there and nothing is half there. */
import { randomUUID } from "node:crypto"
import { runSql } from "../support/backend.ts"

const batchSize = 20
const answerMsMax = 8000

interface CounterNote {
  value: number
  acknowledged: number
  attempts: number
  acknowledgements: number
}

/** What a client can say happened. */
export class Ledger {
  /** Batches by identifier, and whether they were acknowledged; a row alone is a batch of one. */
  readonly batches: Map<string, { readonly rows: readonly string[]; acknowledged: boolean }> = new Map()
  readonly counters: Map<string, CounterNote> = new Map()
  /** Answers by status and code; 0 where there was none. */
  readonly answers: Map<string, number> = new Map()
  readonly wrongs: string[] = []

  /** Writes until `isOver`, whatever the answers are. */
  async write(url: () => string, isOver: () => boolean): Promise<void> {
    const counter = randomUUID()
    const created = await this.send(url(), "POST", "/rest/counters", { id: counter, value: 0 })
    if (created) this.counters.set(counter, { value: 0, acknowledged: 0, attempts: 0, acknowledgements: 0 })
    for (let turn = 0; !isOver(); turn++) {
      if (turn % 3 === 0 && created) await this.count(url(), counter)
      else await this.insert(url(), turn % 3 === 1 ? 1 : batchSize)
    }
  }

  private async insert(url: string, size: number): Promise<void> {
    const batch = randomUUID()
    const rows = Array.from({ length: size }, () => randomUUID())
    const note = { rows, acknowledged: false }
    this.batches.set(batch, note)
    const body = rows.map((id) => ({ id, batch, word: "x".repeat(100) }))
    note.acknowledged = await this.send(url, "POST", "/rest/entries", body)
  }

  private async count(url: string, id: string): Promise<void> {
    const note = this.counters.get(id)!
    note.value++
    note.attempts++
    if (!(await this.send(url, "PATCH", `/rest/counters?id=eq.${id}`, { value: note.value }))) return
    note.acknowledged = note.value
    note.acknowledgements++
  }

  /** Whether it was acknowledged. Anything but success, a 503 with a code, or a broken connection is wrong. */
  private async send(url: string, method: string, path: string, body: unknown): Promise<boolean> {
    const signal = AbortSignal.timeout(answerMsMax)
    try {
      const answer = await fetch(url + path, {
        method,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
        signal,
      })
      const text = await answer.text()
      const code = text === "" ? "" : (JSON.parse(text) as { code: string }).code
      this.note(`${answer.status} ${code}`.trim())
      if (!answer.ok && `${answer.status} ${code}` !== "503 UC691")
        this.wrongs.push(`${method} ${path}: ${answer.status} ${text}`)
      if (!answer.ok) await new Promise((resolve) => setTimeout(resolve, 20))
      return answer.ok
    } catch {
      if (signal.aborted) this.wrongs.push(`${method} ${path}: no answer for ${answerMsMax} ms`)
      this.note("0")
      await new Promise((resolve) => setTimeout(resolve, 20))
      return false
    }
  }

  private note(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1)
  }

  /** Everything that is not as it should be. */
  async check(adminUrl: string): Promise<readonly string[]> {
    const wrongs = [...this.wrongs]
    const found = new Map<string, Set<string>>()
    for (const row of await runSql(adminUrl, "select id::text, batch::text from app.entries")) {
      found.set(row.batch, (found.get(row.batch) ?? new Set()).add(row.id))
    }
    for (const [batch, { rows, acknowledged }] of this.batches) {
      const there = found.get(batch) ?? new Set()
      if (acknowledged && there.size !== rows.length)
        wrongs.push(`${there.size} of ${rows.length} acknowledged rows`)
      if (there.size !== 0 && there.size !== rows.length)
        wrongs.push(`half a batch: ${there.size} of ${rows.length}`)
      if ([...there].some((id) => !rows.includes(id))) wrongs.push("a row that nobody wrote")
    }
    if ([...found.keys()].some((batch) => !this.batches.has(batch))) wrongs.push("a batch that nobody wrote")
    const counters = new Map(
      (await runSql(adminUrl, "select id::text, value, version from app.counters")).map((row) => [
        row.id,
        row,
      ]),
    )
    for (const [id, note] of this.counters) {
      const row = counters.get(id)
      if (!row) wrongs.push("an acknowledged counter is gone")
      else if (row.value < note.acknowledged || row.value > note.value) {
        wrongs.push(
          `a counter at ${row.value}, acknowledged at ${note.acknowledged}, asked to be ${note.value}`,
        )
      } else if (row.version - 1 < note.acknowledgements || row.version - 1 > note.attempts) {
        wrongs.push(`version ${row.version} after ${note.acknowledgements} to ${note.attempts} changes`)
      }
    }
    return wrongs
  }

  /** How many rows were acknowledged. */
  get size(): number {
    return [...this.batches.values()].reduce((sum, one) => sum + (one.acknowledged ? one.rows.length : 0), 0)
  }
}
