/** What there is of a person in each of the places that an erasure changes, and which of it must never stand beside which. */
import pg from "pg"
import type { KeyStore } from "../../src/keys/key-store.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import type { Someone } from "./people.ts"

export interface PersonState {
  /** Rows, or an account, with their words. */
  readonly isThere: boolean
  readonly hasKey: boolean
  /** Lines of the ledger that name them. */
  readonly lines: number
  /** Those lines that the database has a report for. */
  readonly reports: number
}

/** When whoever was killed has nothing under way in the database any more. */
export async function stateOf(
  adminUrl: string,
  { store, ledger }: { readonly store: KeyStore; readonly ledger: string },
  people: readonly Someone[],
): Promise<readonly PersonState[]> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    for (let left = 200; left > 0; left--) {
      const { rows } = await admin.query(
        "select from pg_stat_activity where application_name = 'undercroft internal' and datname = current_database()",
      )
      if (rows.length === 0) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const all = await erasureLedger(ledger).read()
    const { rows: found } = await admin.query("select id::text from undercroft_state.erasures")
    const reported = new Set(found.map((row) => row.id as string))
    const states: PersonState[] = []
    for (const { patient, account, word } of people) {
      const { rows } = await admin.query(
        `select exists (select from app.patients where id = $1 and (name = $3 or number is not null or history is not null))
          or exists (select from app.visits where patient = $1 and remark = 'remark ' || $3) or exists (select from accounts."user" where id = $2) as there`,
        [patient, account, word],
      )
      const [key] = await store.read([`Patient:${patient}`])
      const lines = all.filter(({ persons }) => persons.some((one) => one.key === patient))
      states.push({
        isThere: rows[0].there,
        hasKey: key !== null && key !== "destroyed",
        lines: lines.length,
        reports: lines.filter(({ id }) => reported.has(id)).length,
      })
    }
    return states
  } finally {
    await admin.end()
  }
}

/** At any moment, whoever was killed where: a report of what is not done, or rows that nobody can read. */
export function lieOf({ isThere, hasKey, lines, reports }: PersonState): string | null {
  if (reports > 0 && isThere) return "a report says erased, and rows are there"
  if (isThere && !hasKey) return "the key is gone, and rows are there"
  if (!isThere && lines === 0) return "rows are gone, and the ledger does not know"
  return null
}

/** After the next start: erased altogether, or not at all. */
export function halfOf(state: PersonState): string | null {
  const { isThere, hasKey, lines, reports } = state
  const isErased = !isThere && !hasKey && lines > 0 && reports === lines
  const isWhole = isThere && hasKey && lines === 0
  return isErased || isWhole ? null : `half erased: ${JSON.stringify(state)}`
}
