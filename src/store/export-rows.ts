/** Reads all that is there about a person at one moment: rows, the account, and who did what with it (GDPR Art. 15). */
import type pg from "pg"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import { encryptedFields } from "../model/encryption.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { quoteName } from "../policy/to-sql.ts"
import { roleNames } from "../sql/roles.ts"
import { rowsAsJson, rowsOf } from "../sql/subject-rows.ts"
import { requireKeys } from "./erase-keys.ts"
import { accessColumns, accessesQuery } from "./export-accesses.ts"
import type { Whom } from "./find-subject.ts"
import { asInternal } from "./internal-session.ts"

/** One row: its JSON, and its cells as texts in the order of the columns. */
export interface ExportRow {
  readonly json: string
  readonly cells: readonly (string | null)[]
}

/** A table of the export. */
export interface ExportTable {
  readonly name: string
  /** Null where it is none of the model's. */
  readonly entity: EntityInfo | null
  readonly columns: readonly string[]
  /** Of each column, as JSON Schema has it; empty where the entity says it. */
  readonly schemas: Readonly<Record<string, object>>
  readonly rows: AsyncIterable<readonly ExportRow[]>
}

/** The entities whose rows are exported, what is referred to before what refers. */
function exportedEntities(model: Model, { persons }: Whom): readonly EntityInfo[] {
  const kinds = new Set(persons.map(({ entity }) => entity))
  return [...kinds].flatMap((kind) =>
    rowsOf(model, model.byName.get(kind)!)
      .toReversed()
      .map((one) => one.entity),
  )
}

/** `session` is under the internal role, in one transaction that sees one moment. Throws UC545 and, where a value can't be decrypted, UC331 to UC333. */
export async function* exportTables(
  session: pg.Client,
  model: Model,
  whom: Whom,
  ciphers: FieldCiphers | null,
): AsyncGenerator<ExportTable> {
  requireKeys(model, ciphers)
  const mark = ciphers?.mark() ?? ""
  for (const entity of exportedEntities(model, whom)) {
    const { person } = entity.subject!
    const rows = rowsOf(model, person).find((one) => one.entity === entity)!
    const keys = whom.persons.filter((one) => one.entity === person.name).map(({ key }) => key)
    const found = each(
      session,
      keys.map((key) => [rowsAsJson(rows, mark), [key]]),
    )
    const isSealed = ciphers !== null && encryptedFields(entity).length > 0
    yield {
      name: entity.name,
      entity,
      columns: entity.fields.map((one) => one.name),
      schemas: {},
      rows: isSealed ? opened(found, entity, mark, ciphers) : found,
    }
  }
  const [accesses, told] = await accessesQuery(session, model, whom)
  yield table(session, "access", accessColumns, accesses, told)
  if (whom.account === null) return
  const database = String((await session.query("select current_database() as name")).rows[0].name)
  const roles = roleNames(database)
  const { rows } = await session.query("select to_regclass('accounts.user') is not null as there")
  if (!rows[0].there) return
  await session.query(`set local role ${quoteName(roles.owner)}`)
  for (const [name, [columns, from]] of Object.entries(accountTables))
    yield table(session, name, columns, from, [whom.account])
  await session.query(`set local role ${quoteName(roles.internal)}`)
}

const someText = { type: ["string", "null"] }
const someMoment = { type: ["string", "null"], format: "date-time" }

/** No table with what proves who somebody is, other than when and how. */
const accountTables: Readonly<
  Record<string, readonly [columns: Readonly<Record<string, object>>, from: string]>
> = {
  account: [
    {
      id: someText,
      name: someText,
      email: someText,
      emailVerified: { type: ["boolean", "null"] },
      createdAt: someMoment,
    },
    `select id, name, email, "emailVerified", "createdAt" from accounts."user" where id::text = $1`,
  ],
  sessions: [
    { createdAt: someMoment, expiresAt: someMoment, address: someText, userAgent: someText },
    `select "createdAt", "expiresAt", "ipAddress", "userAgent" from accounts.session where "userId"::text = $1 order by 1`,
  ],
  credentials: [
    { kind: someText, createdAt: someMoment },
    `select "providerId", "createdAt" from accounts.account where "userId"::text = $1 order by 2`,
  ],
  accountEvents: [
    {
      at: someMoment,
      kind: someText,
      address: someText,
      userAgent: someText,
      route: someText,
      result: someText,
    },
    // From where somebody else did it, such as an administrator, is theirs.
    `select at, kind, case when coalesce(actor, $1) = $1 then address end, case when coalesce(actor, $1) = $1 then "userAgent" end, route, result from accounts.event where subject = $1 or actor = $1 order by place`,
  ],
}

function table(
  session: pg.Client,
  name: string,
  schemas: Readonly<Record<string, object>>,
  from: string,
  values: readonly unknown[],
): ExportTable {
  const columns = Object.keys(schemas)
  const names = columns.map(quoteName).join(", ")
  const text = `select row_to_json(x)::text as json, array[${columns.map((one) => `x.${quoteName(one)}::text`).join(", ")}] as cells from (${from}) x(${names})`
  return { name, entity: null, columns, schemas, rows: each(session, [[text, values]]) }
}

/** The same rows with what is encrypted in the clear: as JSON, and in cells as PostgreSQL would write it. */
async function* opened(
  rows: AsyncIterable<readonly ExportRow[]>,
  entity: EntityInfo,
  mark: string,
  ciphers: FieldCiphers,
): AsyncGenerator<readonly ExportRow[]> {
  for await (const some of rows) {
    const found: ExportRow[] = []
    for (const { json, cells } of some) {
      const values = (await ciphers.openDeep(cells, mark)) as readonly unknown[]
      found.push({
        json: await ciphers.openText(json, mark, "json-with-texts"),
        cells: values.map((value, at) =>
          entity.fields[at]!.encrypted ? cellText(value) : (value as string | null),
        ),
      })
    }
    yield found
  }
}

function cellText(value: unknown): string | null {
  if (value === null) return null
  if (Array.isArray(value) && value.every((one) => typeof one !== "object"))
    return arrayLiteral(value.map(String))
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

let cursors = 0

async function* each(
  session: pg.Client,
  statements: readonly (readonly [text: string, values: readonly unknown[]])[],
): AsyncGenerator<readonly ExportRow[]> {
  for (const [text, values] of statements) {
    const name = `undercroft_export_${++cursors}`
    await session.query(`declare ${name} no scroll cursor for ${text}`, [...values])
    for (;;) {
      const { rows } = await session.query(`fetch 500 from ${name}`)
      if (rows.length === 0) break
      yield rows as ExportRow[]
    }
    await session.query(`close ${name}`)
  }
}

/** Does work under the internal role in one transaction that sees one moment and changes nothing. Throws UC520. */
export async function atOneMoment<T>(adminUrl: string, work: (session: pg.Client) => Promise<T>): Promise<T> {
  return asInternal(adminUrl, async (session) => {
    await session.query("begin transaction isolation level repeatable read, read only")
    const done = await work(session)
    await session.query("commit")
    return done
  })
}
