/** Imports an export into a backend of the same model: the rows as they were, all or none (GDPR Art. 20). */
import { unzipSync } from "fflate"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { mirrored } from "../sql/subject-rows.ts"
import { requireKeys } from "../store/erase-keys.ts"
import { type ImportedRow, importRows } from "../store/import-rows.ts"
import type { ArchiveManifest } from "./export-archive.ts"

export interface Imported {
  /** By entity. */
  readonly rows: Readonly<Record<string, number>>
}

/** What an archive may grow to; more is taken for an attack. */
const mostBytes = 2 ** 30

/** Where it goes. */
export interface ImportTarget {
  readonly adminUrl: string
  readonly model: Model
  /** Encrypts; null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
}

/** Throws UC545 without keys, UC993, and UC334 for values of a person whose key was destroyed. */
export async function importArchive(
  { adminUrl, model, ciphers }: ImportTarget,
  bytes: Uint8Array,
): Promise<Imported> {
  requireKeys(model, ciphers)
  const files = open(bytes)
  const manifest = readJson(files, "manifest.json") as Partial<ArchiveManifest>
  if (manifest.format !== "undercroft-export-1" || !Array.isArray(manifest.entities))
    throw refuse("it is of another form")
  // People and memberships follow accounts, which nobody can import.
  const named = manifest.entities.filter((name) => !mirrored.includes(name))
  const tables = named.map((name): [EntityInfo, readonly ImportedRow[]] => {
    const entity = model.byName.get(String(name))
    if (!entity?.subject)
      throw refuse(`the model has no ${String(name).slice(0, 60)} whose rows are a person's`)
    const rows = readJson(files, `data/${entity.name}.json`)
    if (!Array.isArray(rows)) throw refuse(`data/${entity.name}.json is no list`)
    return [entity, rows as ImportedRow[]]
  })
  return { rows: await importRows(adminUrl, tables, ciphers) }
}

function open(bytes: Uint8Array): Readonly<Record<string, Uint8Array>> {
  let total = 0
  try {
    return unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        const isRead = name === "manifest.json" || name.startsWith("data/")
        if (isRead) total += originalSize
        if (total > mostBytes) throw refuse("it is larger than 1 GB")
        return isRead
      },
    })
  } catch (cause) {
    if (cause instanceof UndercroftError) throw cause
    throw refuse("it is no zip", cause)
  }
}

function readJson(files: Readonly<Record<string, Uint8Array>>, path: string): unknown {
  const bytes = Object.hasOwn(files, path) ? files[path] : undefined
  if (!bytes) throw refuse(`it has no ${path}`)
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  } catch (cause) {
    throw refuse(`${path} is no JSON`, cause)
  }
}

function refuse(why: string, cause?: unknown): UndercroftError {
  return new UndercroftError("UC993", { why }, { cause })
}
