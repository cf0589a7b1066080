/** What was sealed once must be found to be the same for ever: the canonical text of an entry never changes. */
import pg from "pg"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { hashLeaf } from "../audit/verifier.mts"
import { defineBackend } from "../index.ts"
import { quoteName } from "../policy/to-sql.ts"
import { entryColumnNames } from "./audit-tables.ts"
import { canonicalText } from "./canonical-entry.ts"

let backend: TestBackend
let admin: pg.Client

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "canonical", model: [] }))
  admin = new pg.Client({ connectionString: backend.adminUrl })
  await admin.connect()
  await admin.query("create table public.entry (like audit.entry including defaults)")
  await admin.query("alter table public.entry alter leaf drop not null")
})
afterAll(async () => {
  await admin?.end()
  await backend?.stop()
})

/** As the first records were sealed: by PostgreSQL's own way to write a JSON object. */
const first = (row: string): string => {
  const pairs = entryColumnNames.map((name) =>
    name === "at" ? `'at', ${row}.at at time zone 'UTC'` : `'${name}', to_jsonb(${row}.${quoteName(name)})`,
  )
  return `jsonb_build_object('position', ${row}.position, ${pairs.join(", ")}, 'sealed_at', ${row}.sealed_at at time zone 'UTC', 'commitment', encode(${row}.commitment, 'hex'))::text`
}

test("an entry that was sealed with the first version has its text and its leaf", async () => {
  await admin.query(
    `insert into public.entry (position, id, at, kind, actor, roles, door, request, entity, rows, subjects, question, result, detail, sealed_at, commitment)
      values (7, '018ce7a8-0f00-7003-8000-0000000000aa', '2026-03-01 12:00:00.000120+01', 'update', 'user:"ann"', '{nurse,"a, b"}', 'rest', 'r-1', 'Patient', '{}',
        '{Patient:1}', '{"b": [1, 2.50], "a": null}', 'done', '"text"', '2026-03-01 11:00:01+00', '\\x00ff')`,
  )
  const [{ text }] = (
    await admin.query(`select ${canonicalText("e")} as text from public.entry e where position = 7`)
  ).rows as [{ text: string }]
  expect(text).toBe(
    '{"at": "2026-03-01T11:00:00.00012", "id": "018ce7a8-0f00-7003-8000-0000000000aa", "door": "rest", "kind": "update", "rows": [], "actor": "user:\\"ann\\"", "roles": ["nurse", "a, b"], "detail": "text", "entity": "Patient", "fields": null, "result": "done", "address": null, "purpose": null, "request": "r-1", "position": 7, "question": {"a": null, "b": [1, 2.50]}, "subjects": ["Patient:1"], "assurance": null, "on_behalf": null, "sealed_at": "2026-03-01T11:00:01", "commitment": "00ff", "credential": null}',
  )
  expect(hashLeaf(text).toString("hex")).toBe(
    "8a1a8a4760a20f5beb648d12b9ffe3b69b17121f1218b0047018653aa9b6438c",
  )
})

test("the text is that of the first version, whatever an entry says", async () => {
  const words = [
    "",
    "a",
    'say "no"',
    "back\\slash",
    "line\nend\r\t\b\f",
    "\u0001\u001f\u007f",
    "ÄÖ 漢 😀",
    "\u2028",
    "</script>",
    "null",
    "{}",
    "\\u0000",
    ", ",
  ]
  const texts = (random: ReturnType<typeof randomFrom>): (string | null)[] =>
    Array.from({ length: random.below(4) }, () => random.pick([...words, null]))
  const jsons = [
    "null",
    "1e400",
    "-0.10",
    '"\\u0007x"',
    "[]",
    "{}",
    '[{"b":1,"a":["\\"",null,true]}]',
    '{"é":{"":"\\\\"}}',
  ]
  const moments = [
    "2026-01-01 00:00:00+00",
    "1999-12-31 23:59:59.999999+14",
    "infinity",
    "-infinity",
    "0044-03-15 00:00:00+00 BC",
    "12026-01-01 00:00:00.1+00",
  ]
  // Settings of a session that would write some of it otherwise.
  await admin.query("set timezone = 'Asia/Kathmandu'; set datestyle = 'German'; set bytea_output = 'escape'")
  const count = 300
  for (let at = 0; at < count; at++) {
    const random = randomFrom(at)
    const values = {
      position: 1000 + at,
      at: random.pick(moments),
      kind: random.pick(words),
      actor: `x${random.pick(words)}`,
      on_behalf: random.pick([...words, null]),
      roles: texts(random),
      assurance: random.pick([...words, null]),
      credential: random.pick([...words, null]),
      door: random.pick(words),
      request: random.pick([...words, null]),
      address: random.pick([...words, null]),
      purpose: random.pick([...words, null]),
      entity: random.pick([...words, null]),
      rows: random.pick([texts(random), null]),
      subjects: random.pick([texts(random), null]),
      fields: random.pick([texts(random), null]),
      question: random.pick([...jsons, null]),
      result: random.pick(words),
      detail: random.pick([...jsons, null]),
      sealed_at: random.pick(moments),
      commitment: random.pick([Buffer.alloc(32, at), Buffer.alloc(0), null]),
    }
    const names = Object.keys(values)
    await admin.query(
      `insert into public.entry (${names.map(quoteName).join(", ")}) values (${names.map((_, n) => `$${n + 1}`).join(", ")})`,
      Object.values(values),
    )
  }
  const { rows } = await admin.query(
    `select position, ${canonicalText("e")} as said, ${first("e")} as wanted from public.entry e where position >= 1000`,
  )
  expect(rows).toHaveLength(count)
  for (const { said, wanted } of rows) expect(said).toBe(wanted)
})
