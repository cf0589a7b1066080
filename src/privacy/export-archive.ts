/** The export as a zip: each table as JSON with its JSON Schema and as CSV, and a page that says what it is (GDPR Art. 15 and 20). */
import type { ZipDeflate } from "fflate"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { type ExportTable, exportTables } from "../store/export-rows.ts"
import type { Whom } from "../store/find-subject.ts"
import type { InternalSession } from "../store/internal-session.ts"
import { csvLine } from "./export-csv.ts"
import { exportPage, type ToldProcessing } from "./export-page.ts"

export interface ArchiveParts {
  readonly session: InternalSession
  readonly name: string
  readonly model: Model
  readonly whom: Whom
  /** Null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  readonly processing: ToldProcessing | null
  /** Told after each table. */
  readonly onTable?: (done: number) => Promise<void>
}

/** What an archive says of itself, for the import. */
export interface ArchiveManifest {
  readonly format: "undercroft-export-1"
  readonly name: string
  readonly subject: string
  readonly at: string
  readonly entities: readonly string[]
}

/** Its bytes, part by part; at no time is all of it in memory. The session must be in a transaction that sees one moment. */
export async function* exportArchive(parts: ArchiveParts): AsyncGenerator<Uint8Array> {
  const { session, name, model, whom, ciphers, processing } = parts
  const { Zip, ZipDeflate } = await import("fflate")
  const made: Uint8Array[] = []
  let failed: Error | null = null
  const zip = new Zip((error, bytes) => {
    if (error) failed = error
    else made.push(bytes)
  })
  const take = function* (): Generator<Uint8Array> {
    if (failed) throw failed
    yield* made.splice(0)
  }
  const open = (path: string): ZipDeflate => {
    const file = new ZipDeflate(path, { level: 6 })
    zip.add(file)
    return file
  }
  const counts: { table: ExportTable; rows: number }[] = []
  for await (const table of exportTables(session, model, whom, ciphers)) {
    const json = open(`data/${table.name}.json`)
    // A file of a zip follows the other, so the lines of CSV wait, as bytes, until the JSON is done.
    const lines: Buffer[] = [Buffer.from(csvLine(table.columns))]
    let rows = 0
    for await (const some of table.rows) {
      json.push(Buffer.from(some.map((row, at) => `${rows + at === 0 ? "[\n" : ",\n"}${row.json}`).join("")))
      lines.push(Buffer.from(some.map((row) => csvLine(row.cells)).join("")))
      rows += some.length
      yield* take()
    }
    json.push(Buffer.from(rows === 0 ? "[]\n" : "\n]\n"), true)
    whole(open(`csv/${table.name}.csv`), Buffer.concat(lines))
    whole(open(`schema/${table.name}.json`), Buffer.from(`${JSON.stringify(schemaOf(table), null, 2)}\n`))
    counts.push({ table, rows })
    await parts.onTable?.(counts.length)
    yield* take()
  }
  const at = new Date().toISOString()
  const manifest: ArchiveManifest = {
    format: "undercroft-export-1",
    name,
    subject: whom.said,
    at,
    entities: counts.flatMap(({ table }) => (table.entity ? [table.name] : [])),
  }
  whole(open("manifest.json"), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  whole(
    open("index.html"),
    Buffer.from(exportPage({ name, subject: whom.said, at, counts, model, processing })),
  )
  zip.end()
  yield* take()
}

function whole(file: ZipDeflate, bytes: Uint8Array): void {
  file.push(bytes, true)
}

function schemaOf({ name, entity, columns, schemas }: ExportTable): object {
  const items = entity
    ? rowSchema(entity)
    : { type: "object", properties: schemas, required: columns, additionalProperties: false }
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: name, type: "array", items }
}

function rowSchema({ description, fields }: EntityInfo): object {
  return {
    type: "object",
    ...(description ? { description } : {}),
    properties: Object.fromEntries(
      fields.map((one) => {
        const schema = one.kind.schema()
        const value = one.optional ? { anyOf: [schema, { type: "null" }] } : schema
        return [one.name, one.description ? { description: one.description, ...value } : value]
      }),
    ),
    required: fields.map((one) => one.name),
    additionalProperties: false,
  }
}
