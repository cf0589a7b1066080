/** Encrypts rows of the data to start with: each value under its person's key. */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers, PlainValue } from "../keys/field-ciphers.ts"
import { encryptedFields, linkOf } from "../model/encryption.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"

type SeedRow = Readonly<Record<string, unknown>>

/** Rows with what is stored, as bytes, in place of the values of encrypted fields; each of them must say its `id`. */
export async function encryptSeeds(
  rows: readonly SeedRow[],
  entity: EntityInfo,
  admin: pg.Client,
  ciphers: Pick<FieldCiphers, "seal"> | null,
  parse: (field: FieldInfo, value: unknown) => unknown,
): Promise<readonly SeedRow[]> {
  const fields = encryptedFields(entity)
  if (fields.length === 0 || !ciphers) return rows
  const link = linkOf(entity)
  const places = rows.map((row) => {
    const id = row["id"]
    if (id === undefined)
      throw new UndercroftError("UC526", {
        entity: entity.name,
        why: "has a row without id, which encryption needs",
      })
    const to = link ? String(parse(link, row[link.name])) : ""
    return { row: String(parse(entity.key[0]!, id)), link: to }
  })
  const persons = await personsOf(
    places.map((one) => one.link),
    entity,
    admin,
  )
  const plain: { readonly at: number; readonly value: PlainValue }[] = rows.flatMap((row, at) =>
    fields.flatMap((field) => {
      const said = row[field.name]
      if (said === undefined || said === null) return []
      const place = places[at]!
      const person = link ? (persons.get(place.link) ?? place.link) : place.row
      return [{ at, value: { ...place, field, person, value: parse(field, said) } }]
    }),
  )
  const sealed = await ciphers.seal(plain.map((one) => one.value))
  const result: Record<string, unknown>[] = rows.map((row) => ({ ...row }))
  for (const [n, { at, value }] of plain.entries()) result[at]![value.field.name] = sealed[n]!
  return result
}

/** Where the person is further away than one reference: the rows on the way are there already. */
async function personsOf(
  links: readonly string[],
  entity: EntityInfo,
  admin: pg.Client,
): Promise<ReadonlyMap<string, string>> {
  const [first, ...rest] = entity.subject!.path
  if (!first || rest.length === 0) return new Map()
  const key = (field: FieldInfo): string => quoteName(field.reference!.entity.key[0]!.column)
  const table = (field: FieldInfo): string => tableOf(field.reference!.entity)
  const joins = rest
    .slice(0, -1)
    .map(
      (field, at) =>
        ` join ${table(field)} p${at + 1} on p${at + 1}.${key(field)} = p${at}.${quoteName(field.column)}`,
    )
  const person = `p${rest.length - 1}.${quoteName(rest.at(-1)!.column)}`
  const { rows } = await admin.query(
    `select p0.${key(first)}::text as link, ${person}::text as person from ${table(first)} p0${joins.join("")} where p0.${key(first)} = any($1::uuid[])`,
    [[...new Set(links)]],
  )
  return new Map(rows.map((row) => [String(row.link), String(row.person)]))
}
