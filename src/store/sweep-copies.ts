/** Copies that tell of many persons are found in one look at each table: one look a person would read all of them ten thousand times. */
import type pg from "pg"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Model } from "../model/model.ts"
import { gatherValues, writtenForms } from "./erase-copies.ts"
import type { SweptCopies } from "./erase-subject.ts"
import { subjectOf, type Whom } from "./find-subject.ts"
import { inSystem } from "./internal-session.ts"
import { holdsInForce } from "./legal-holds.ts"
import { WordSearch } from "./word-search.ts"

/** A request that began before the look may keep its answer after it: so much of the past each person's erasure looks at itself. */
const overlap = "interval '10 minutes'"

interface Place {
  readonly table: string
  readonly key: string
  readonly text: string
  /** What has something to say, still. */
  readonly told: string
  readonly change: string
}

const places: readonly Place[] = [
  {
    table: "once",
    key: "array[t.caller, t.key]::text",
    text: "t.body",
    told: "t.body <> 'null'",
    change: "body = 'null'",
  },
  {
    table: "system_steps",
    key: "t.id::text",
    text: "t.reason",
    told: "t.reason <> 'erased'",
    change: "reason = 'erased'",
  },
  {
    table: "approvals",
    key: "t.id::text",
    text: "t.reason",
    told: "t.reason is not null",
    change: "reason = null",
  },
]

/**
 * Empties what tells of any of them, and gives how many each of them was told of by. Done before they are erased: a process that is
 * killed in between has emptied answers of people who are still there, and nobody who is erased has one.
 */
export async function sweepCopies(
  session: pg.Client,
  model: Model,
  people: readonly Whom[],
  ciphers: FieldCiphers | null,
): Promise<ReadonlyMap<Whom, SweptCopies>> {
  return inSystem(session, "privacy", async () => {
    const { rows } = await session.query(`select now() - ${overlap} as since`)
    const since: Date = rows[0].since
    const owners = new Map<string, Set<Whom>>()
    for (const whom of people)
      for (const word of await wordsOf(session, model, whom))
        owners.set(word, (owners.get(word) ?? new Set<Whom>()).add(whom))
    const counts = new Map(people.map((whom) => [whom, 0]))
    const search = new WordSearch(owners.keys())
    for (const place of places)
      await sweep(session, place, (text) => {
        const plain = openKept(text, ciphers)
        // What nobody can open may tell of anybody.
        if (plain === null) return true
        const told = new Set([...search.findIn(plain)].flatMap((word) => [...owners.get(word)!]))
        for (const whom of told) counts.set(whom, counts.get(whom)! + 1)
        return told.size > 0
      })
    return new Map(people.map((whom) => [whom, { since, count: counts.get(whom)! }]))
  })
}

/** Nothing of whom a hold keeps. */
async function wordsOf(session: pg.Client, model: Model, whom: Whom): Promise<readonly string[]> {
  const persons = []
  for (const person of whom.persons)
    if ((await holdsInForce(session, subjectOf(person))).length === 0) persons.push(person)
  const isHeld = persons.length < whom.persons.length
  if (isHeld && whom.account !== null)
    persons.splice(0, persons.length, ...persons.filter((one) => one.entity !== "User"))
  return writtenForms(await gatherValues(session, model, { ...whom, persons }))
}

async function sweep(
  session: pg.Client,
  { table, key, text, told, change }: Place,
  tells: (text: string) => boolean,
): Promise<void> {
  const cursor = "undercroft_swept"
  await session.query(
    `declare ${cursor} no scroll cursor for select ${key} as key, ${text} as text from undercroft_state.${table} t where ${told}`,
  )
  const gone: string[] = []
  for (;;) {
    const { rows } = await session.query(`fetch 500 from ${cursor}`)
    if (rows.length === 0) break
    for (const row of rows) if (tells(row.text)) gone.push(row.key)
  }
  await session.query(`close ${cursor}`)
  if (gone.length > 0)
    await session.query(
      `update undercroft_state.${table} t set ${change} where ${key} = any($1) and ${told}`,
      [gone],
    )
}

/** An answer of an action may be kept encrypted as a whole; null where it can't be opened. */
function openKept(text: string, ciphers: FieldCiphers | null): string | null {
  if (!ciphers || !text.startsWith('{"kept":')) return text
  try {
    return ciphers.recall(text)
  } catch {
    return null
  }
}
