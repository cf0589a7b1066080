/** Puts exported rows into tables as they were, past the policies and under all constraints. */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { roleNames } from "../sql/roles.ts"
import { encryptSeeds } from "./encrypt-seeds.ts"
import { advanceIdentities } from "./identity-columns.ts"
import { asInternal, inSystem } from "./internal-session.ts"

/** A row by field name, as JSON has it. */
export type ImportedRow = Readonly<Record<string, unknown>>

/** In this order, all or none; gives how many. Throws UC334, UC993. */
export async function importRows(
  adminUrl: string,
  tables: readonly (readonly [EntityInfo, readonly ImportedRow[]])[],
  ciphers: FieldCiphers | null,
): Promise<Readonly<Record<string, number>>> {
  return asInternal(adminUrl, (session) =>
    inSystem(session, "privacy", async () => {
      const counts: Record<string, number> = {}
      for (const [entity, rows] of tables) {
        // Who agreed, and when, is the database's own word, but for what it said before.
        if (entity.consent)
          await asOwner(session, `alter table ${tableOf(entity)} disable trigger undercroft_consent_keep`)
        for (let at = 0; at < rows.length; at += 1000)
          await insert(session, entity, rows.slice(at, at + 1000), ciphers)
        // What is checked at the end is checked before the table can be altered again.
        if (entity.consent)
          await asOwner(session, `alter table ${tableOf(entity)} enable trigger undercroft_consent_keep`)
        counts[entity.name] = rows.length
      }
      const { rows } = await session.query("select current_database() as name")
      const entities = tables.map(([entity]) => entity)
      await advanceIdentities(session, roleNames(String(rows[0].name)), entities)
      return counts
    }),
  )
}

async function asOwner(session: pg.Client, statement: string): Promise<void> {
  const { rows } = await session.query("select current_database() as name")
  const { owner, internal } = roleNames(String(rows[0].name))
  await session.query(`set local role ${quoteName(owner)}`)
  await session.query(statement)
  await session.query(`set local role ${quoteName(internal)}`)
}

async function insert(
  session: pg.Client,
  entity: EntityInfo,
  given: readonly ImportedRow[],
  ciphers: FieldCiphers | null,
): Promise<void> {
  const plain = given.map((row) => row ?? {})
  const rows = await encryptSeeds(plain, entity, session, ciphers, (field, value) => {
    const parsed = parse(entity, field, value)
    if (parsed === null)
      throw new UndercroftError("UC993", { why: `a row of ${entity.name} has no ${field.name}` })
    return parsed
  })
  const fields = entity.fields.filter((one) => !one.generated)
  const records = rows.map((row) =>
    Object.fromEntries(fields.map((field) => [field.column, parse(entity, field, row[field.name])])),
  )
  const columns = fields.map((one) => quoteName(one.column)).join(", ")
  const types = fields.map((one) => `${quoteName(one.column)} ${one.kind.sqlType}`).join(", ")
  const values = fields
    .map((one) => (isAccount(one) ? accountOf(one) : `x.${quoteName(one.column)}`))
    .join(", ")
  try {
    await session.query(
      `insert into ${tableOf(entity)} (${columns}) select ${values} from json_to_recordset($1::json) as x(${types})`,
      [JSON.stringify(records)],
    )
  } catch (cause) {
    const { code, constraint } = cause as { code?: string; constraint?: string }
    if (!code?.startsWith("23")) throw cause
    const what =
      code === "23503"
        ? "refers to a row that is not here"
        : code === "23505"
          ? "is here already"
          : "does not fit"
    throw new UndercroftError("UC993", { why: `a row of ${entity.name} ${what} (${constraint})` }, { cause })
  }
}

/** Accounts are not imported: where there is none of that identifier, the person has none yet. */
function isAccount({ reference, optional }: FieldInfo): boolean {
  return optional && reference?.entity.name === "User"
}

function accountOf({ column, reference }: FieldInfo): string {
  return `(select u.id from ${tableOf(reference!.entity)} u where u.id = x.${quoteName(column)})`
}

function parse(entity: EntityInfo, field: FieldInfo, value: unknown): unknown {
  try {
    if (value === undefined || value === null) return null
    return Buffer.isBuffer(value) ? `\\x${value.toString("hex")}` : field.kind.parse(value)
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    throw new UndercroftError(
      "UC993",
      { why: `a row of ${entity.name} has a ${field.name} that ${cause.message}` },
      { cause },
    )
  }
}
