/** Reads rows past the policies, and the facts about a caller, as JSON in the model's names: for explanations of access. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import type { Fact } from "../policy/rule.ts"
import type { JsonRow } from "../policy/to-predicate.ts"
import { quoteName, SqlPrinter, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "../sql/roles.ts"
import { type Entrance, enterStatement } from "./flight.ts"

/** Reads in one transaction, which can't write. */
export interface RowReader {
  /** The row of a key given as text, a part for each field of the key. Throws UC912, UC913. */
  rowByKey(entity: EntityInfo, key: readonly string[]): Promise<JsonRow>
  /** The rows whose field has a value, at most 10,000. */
  rowsWhere(entity: EntityInfo, field: FieldInfo, value: unknown): Promise<readonly JsonRow[]>
  /** The values of a fact about the caller. */
  factValues(fact: Fact): Promise<readonly unknown[]>
  close(): Promise<void>
}

/** Opens a reader behind an administrator's URL. */
export async function openRowReader(
  adminUrl: string,
  roles: RoleNames,
  caller: Entrance | null,
): Promise<RowReader> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: "undercroft row reader" })
  client.on("error", () => undefined)
  await client.connect()
  await client.query("begin isolation level repeatable read read only")
  await client.query(`set local role ${quoteName(roles.internal)}`)
  await client.query(
    "set local timezone = 'UTC'; set local intervalstyle = iso_8601; set local datestyle = ISO",
  )
  if (caller) {
    const enter = enterStatement(caller)
    await client.query(enter.text, [...enter.values])
  }
  const read = async (
    entity: EntityInfo,
    where: string,
    values: readonly string[],
  ): Promise<readonly JsonRow[]> => {
    const columns = entity.fields.map((field) => {
      const column = quoteName(field.column)
      return `${field.kind.toJson?.(column) ?? column} as ${quoteName(field.name)}`
    })
    const text = `select row_to_json(x) as row from (select ${columns.join(", ")} from ${tableOf(entity)} where ${where} limit 10000) x`
    return (await client.query(text, [...values])).rows.map((one) => one.row as JsonRow)
  }
  return {
    async rowByKey(entity, key) {
      const values = keyTexts(entity, key)
      const where = entity.key.map(
        (field, at) => `${quoteName(field.column)} = $${at + 1}::${field.kind.sqlType}`,
      )
      const [row] = await read(entity, where.join(" and "), values)
      if (!row) throw new UndercroftError("UC913", { entity: entity.name, key: key.join(", ") })
      return row
    },
    rowsWhere(entity, field, value) {
      const wanted = `(select v from json_to_record($1) as r(v ${field.kind.sqlType}))`
      return read(entity, `${quoteName(field.column)} = ${wanted}`, [
        JSON.stringify({ v: field.kind.parse(value) }),
      ])
    },
    async factValues(fact) {
      const list = new SqlPrinter().fact(fact)
      const json = fact.field.kind.toJson
      const item = json
        ? `(select coalesce(json_agg(${json("u.x")}), '[]') from unnest(${list}) u(x))`
        : `to_json(${list})`
      return (await client.query(`select ${item} as list`)).rows[0].list as unknown[]
    },
    async close() {
      await client.end()
    },
  }
}

/** The parts of a key as texts that cast to its columns. Throws UC912. */
export function keyTexts(entity: EntityInfo, key: readonly string[]): readonly string[] {
  const names = entity.key.map((field) => field.name).join(", ")
  if (key.length !== entity.key.length) {
    const why = key.length === 0 ? "it is missing" : `it has ${entity.key.length} part(s): ${names}`
    throw new UndercroftError("UC912", { key: key.join(", "), entity: entity.name, why })
  }
  return entity.key.map((field, at) => {
    try {
      return field.kind.parseText(key[at] ?? "")
    } catch (cause) {
      if (!(cause instanceof BadValue)) throw cause
      throw new UndercroftError("UC912", {
        key: key[at] ?? "",
        entity: entity.name,
        why: `${field.name} ${cause.message}`,
      })
    }
  })
}
