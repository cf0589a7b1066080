/** Holds what is left to what was to go: nothing of the erased, everything of the others. */
import type pg from "pg"
import type { KeyStore } from "../../src/keys/key-store.ts"
import type { Someone } from "./people.ts"

/** Where words of those who are gone stand still, column by column as text. */
export async function leftOf(admin: pg.Client, gone: readonly Someone[]): Promise<readonly string[]> {
  const { rows: tables } = await admin.query(
    "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname in ('app', 'accounts', 'audit', 'undercroft_state')",
  )
  const found: string[] = []
  for (const { name } of tables) {
    // Each word has one form, so the words of a row are taken out of it rather than each looked for in every row.
    const { rows } = await admin.query(
      `select distinct m[1] as word from ${name} t, regexp_matches(t::text, 'person-[0-9]+-[a-z0-9]+', 'g') m`,
    )
    const words = new Set(rows.map((row) => row.word as string))
    for (const { word } of gone) if (words.has(word)) found.push(`${name}: ${word}`)
  }
  return found
}

/** What those who stay have lost, or those who are gone have kept; their keys, too. */
export async function wrongsOf(
  admin: pg.Client,
  store: KeyStore,
  { gone, stay }: { readonly gone: readonly Someone[]; readonly stay: readonly Someone[] },
): Promise<readonly string[]> {
  const wrongs: string[] = []
  const count = async (text: string, values: unknown[]): Promise<number> =>
    Number((await admin.query(text, values)).rows[0].n)
  const expect = (what: string, is: number, should: number): void => {
    if (is !== should) wrongs.push(`${what}: ${is}, and should be ${should}`)
  }
  const staying = stay.map((one) => one.patient)
  const words = stay.map((one) => one.word)
  const accounts = [stay, gone].map((list) => list.map((one) => one.account))
  expect(
    "rows of those who stay",
    await count(
      "select count(*) n from app.patients where id = any($1) and name = any($2) and number is not null and history is not null",
      [staying, words],
    ),
    stay.length,
  )
  expect(
    "visits of those who stay",
    await count(
      "select count(*) n from app.visits where patient = any($1) and remark = 'remark ' || (select name from app.patients p where p.id = patient)",
      [staying],
    ),
    3 * stay.length,
  )
  expect(
    "accounts of those who stay",
    await count(`select count(*) n from accounts."user" where id = any($1)`, [accounts[0]]),
    stay.length,
  )
  expect(
    "accounts of the erased",
    await count(`select count(*) n from accounts."user" where id = any($1)`, [accounts[1]]),
    0,
  )
  expect(
    "sessions of the erased",
    await count(`select count(*) n from accounts.session where "userId" = any($1)`, [accounts[1]]),
    0,
  )
  expect(
    "consents of those who stay",
    await count("select count(*) n from app.consents where person = any($1)", [staying]),
    stay.length,
  )
  const keys = async (list: readonly Someone[]): Promise<number> => {
    const found = []
    for (let at = 0; at < list.length; at += 500)
      found.push(...(await store.read(list.slice(at, at + 500).map((one) => `Patient:${one.patient}`))))
    return found.filter((one) => one !== null && one !== "destroyed").length
  }
  expect("keys of those who stay", await keys(stay), stay.length)
  expect("keys of the erased", await keys(gone), 0)
  return wrongs
}
