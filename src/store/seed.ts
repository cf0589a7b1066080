/** Puts rows into an empty database, past the policies: data to start with in development. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers, PlainValue } from "../keys/field-ciphers.ts"
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "../sql/roles.ts"
import type { SchemaPlan } from "../sql/tables.ts"
import { encryptSeeds } from "./encrypt-seeds.ts"
import { advanceIdentities } from "./identity-columns.ts"
import { recordSeed, triggersOfRecord } from "./record-seed.ts"

type SeedRow = Readonly<Record<string, unknown>>

const batchRows = 2000

/** What seeding needs of a prepared database. */
export interface SeedTarget {
  readonly adminUrl: string
  readonly model: Model
  readonly roles: RoleNames
  readonly plan: SchemaPlan
  /** Encrypts; null where the model encrypts nothing. */
  readonly ciphers?: FieldCiphers | null
}

/** Inserts all rows or none, once in a database's life, and only into an empty one. Throws UC526 naming the row that does not fit. */
export async function seedDatabase(
  { adminUrl, model, roles, plan, ciphers = null }: SeedTarget,
  rows: Iterable<readonly [string, SeedRow]>,
  onProgress: (count: number) => void = () => undefined,
): Promise<number> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  let count = 0
  const counts = new Map<string, number>()
  try {
    await admin.query("begin")
    const { before, after } = outOfTheWay(plan)
    const hasPeople = await admin.query("select to_regclass('accounts.user') is not null as has")
    const hasAccounts: boolean = hasPeople.rows[0].has && model.byName.has("User")
    const triggers = triggersOfRecord(model, hasAccounts)
    await admin.query("update undercroft_state.schema set seeded = true")
    const told = new Set(model.entities.map((one) => one.consent?.told?.table))
    const kept = Object.fromEntries(Object.entries(plan).filter(([name]) => !told.has(name)))
    if (await holdsRows(admin, kept)) {
      await admin.query("commit")
      return 0
    }
    await admin.query([...before, ...triggers.off].join(";\n"))
    await admin.query(`set local role ${quoteName(roles.internal)}`)
    // One batch is on its way while the next is made.
    let sent: Promise<unknown> = Promise.resolve()
    let entity: EntityInfo | undefined
    let batch: SeedRow[] = []
    let made = ""
    const flush = async (): Promise<void> => {
      await sent
      if (entity && batch.length > 0) {
        counts.set(entity.name, (counts.get(entity.name) ?? 0) + batch.length)
        sent = insertBatch(admin, entity, batch, ciphers)
      }
      sent.catch(() => undefined)
      count += batch.length
      batch = []
      onProgress(count)
    }
    for (const [name, row] of rows) {
      if (name !== entity?.name || batch.length >= batchRows || madeByDatabase(entity, row) !== made) {
        await flush()
        entity = model.byName.get(name)
        if (!entity) throw new UndercroftError("UC526", { entity: name, why: "is not in the model" })
        made = madeByDatabase(entity, row)
      }
      batch.push(row)
    }
    await flush()
    await sent
    await advanceIdentities(
      admin,
      roles,
      model.entities.filter((one) => plan[one.table] !== undefined),
    )
    await admin.query("reset role")
    for (const statement of after) await admin.query(statement)
    const accounts = hasAccounts ? ((await admin.query(accountsOfPeople)).rowCount ?? 0) : 0
    await admin.query(triggers.on.join(";\n"))
    await recordSeed(admin, roles, { rows: Object.fromEntries(counts), accounts })
    await admin.query("commit")
    await admin.query("analyze")
    return count
  } catch (cause) {
    await admin.query("rollback").catch(() => undefined)
    throw cause
  } finally {
    await admin.end()
  }
}

/** The people of the data have accounts, which nobody can sign in to yet. */
const accountsOfPeople = `insert into accounts."user" (id, name, email, "emailVerified", role, "createdAt", "updatedAt")
  select id, name, lower(email), false, array_to_string(roles, ','), now(), now() from app.users on conflict do nothing`

/** A database that people have filled already gets nothing. */
async function holdsRows(admin: pg.Client, plan: SchemaPlan): Promise<boolean> {
  const tables = Object.keys(plan).map((name) => `exists (select from ${tableOf({ table: name })})`)
  return (await admin.query(`select ${["false", ...tables].join(" or ")} as holds`)).rows[0].holds
}

/** References, exclusions and indexes are made faster over all rows at once than row by row, and checked all the same. */
function outOfTheWay(plan: SchemaPlan): { before: string[]; after: string[] } {
  const before: string[] = []
  const after: string[] = []
  for (const [name, table] of Object.entries(plan)) {
    for (const [constraint, { kind, definition }] of Object.entries(table.constraints)) {
      if (kind !== "reference" && kind !== "exclude") continue
      before.push(`alter table ${tableOf({ table: name })} drop constraint ${quoteName(constraint)}`)
      after.push(
        `alter table ${tableOf({ table: name })} add constraint ${quoteName(constraint)} ${definition}`,
      )
    }
    for (const [index, definition] of Object.entries(table.indexes)) {
      before.push(`drop index app.${quoteName(index)}`)
      after.push(`create index ${quoteName(index)} ${definition}`)
    }
  }
  return { before, after }
}

/** Throws UC526. */
function parseSeed(field: FieldInfo, value: unknown): unknown {
  try {
    return field.kind.parse(value)
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    const why = `has a row whose ${field.name} ${cause.message}`
    throw new UndercroftError("UC526", { entity: field.entity.name, why })
  }
}

/** Which values of a row the database makes: rows of one statement agree on that. */
function madeByDatabase(entity: EntityInfo, row: SeedRow): string {
  return entity.fields
    .filter((field) => (field.automatic !== null || field.kind.identity) && !(field.name in row))
    .map((field) => field.name)
    .join()
}

async function insertBatch(
  admin: pg.Client,
  entity: EntityInfo,
  given: readonly SeedRow[],
  ciphers: FieldCiphers | null,
): Promise<void> {
  // There are no rows yet whose key could be lost, and this transaction keeps others from looking.
  const first = ciphers && { seal: (values: readonly PlainValue[]) => ciphers.seal(values, true) }
  const encrypt = (): Promise<readonly SeedRow[]> => encryptSeeds(given, entity, admin, first, parseSeed)
  const rows = ciphers ? await encrypt() : given
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const fields = names.map((name) => {
    const field = entity.fieldByName.get(name)
    if (!field) throw new UndercroftError("UC526", { entity: entity.name, why: `has no field ${name}` })
    return field
  })
  const records = rows.map((row) =>
    Object.fromEntries(
      fields.map((field) => {
        const said = row[field.name]
        const value = said === undefined ? (field.defaultValue ?? null) : said
        if (Buffer.isBuffer(value)) return [field.column, `\\x${value.toString("hex")}`]
        return [field.column, value === null ? null : parseSeed(field, value)]
      }),
    ),
  )
  const columns = fields.map((field) => quoteName(field.column))
  const record = fields.map((field) => `${quoteName(field.column)} ${field.kind.sqlType}`)
  await admin.query(
    `insert into ${tableOf(entity)} (${columns.join(", ")}) select ${columns.map((one) => `x.${one}`).join(", ")} from json_to_recordset($1::json) as x(${record.join(", ")})`,
    [JSON.stringify(records)],
  )
}
