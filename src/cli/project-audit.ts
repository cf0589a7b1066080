/** Where a project keeps the key of its record and its anchor: by its definition and the environment, else beside its data. */
import { createHash, randomBytes } from "node:crypto"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { heldKey, type KeyHolder, keyFile, readSigningKey, type SigningKey } from "../audit/signing-key.ts"
import { UndercroftError } from "../base/errors.ts"
import { isProduction } from "./production.ts"
import type { Project } from "./project.ts"

export interface AuditPlaces {
  /** Under the name that a record gets which has none yet. */
  readonly keys: KeyHolder
  /** The key's file, where it is in one. */
  readonly keyPath: string | null
  /** The anchor's file, where there is one. */
  readonly anchorPath: string | null
  /** The file that says who was erased, where there is one. */
  readonly ledgerPath: string | null
  /** The key that signs reports of erasure: one key, one purpose. */
  readonly reports: KeyHolder
}

/** `url` is that of one's own PostgreSQL. Throws UC550 where production has no key. */
export function auditPlaces(
  { definition, directory, folder }: Project,
  url: string | undefined,
): AuditPlaces {
  // On a machine of its own the database has a key and an anchor that whoever runs it chose, or none.
  const needsNames = isProduction() && url !== undefined
  const name = `undercroft/${encodeURIComponent(definition.name)}`
  // Of one definition there may be several databases: each has a record of its own, and a log is known by its name alone.
  const origin = `${name}/${randomBytes(8).toString("hex")}`
  const given = process.env.UNDERCROFT_AUDIT_KEY
  if (!given && needsNames) throw new UndercroftError("UC550", { why: "UNDERCROFT_AUDIT_KEY is not set" })
  const { anchor } = definition.audit ?? {}
  const named =
    process.env.UNDERCROFT_AUDIT_ANCHOR || (anchor instanceof URL ? fileURLToPath(anchor) : anchor)
  const usual = needsNames ? null : join(directory, `audit-anchor${suffixOf(url)}.jsonl`)
  const { ledger } = definition.privacy ?? {}
  const ledgerFile =
    process.env.UNDERCROFT_ERASURE_LEDGER || (ledger instanceof URL ? fileURLToPath(ledger) : ledger)
  const usualLedger = needsNames ? null : join(directory, `erasures${suffixOf(url)}.jsonl`)
  const places = {
    anchorPath: named ? resolve(folder, named) : usual,
    ledgerPath: ledgerFile ? resolve(folder, ledgerFile) : usualLedger,
    reports: reportKey(`${name}/privacy`, directory),
  }
  if (given?.includes("-----BEGIN"))
    return { ...places, keyPath: null, keys: heldKey(given.replaceAll("\\n", "\n"), origin) }
  const keyPath = given ? resolve(given) : join(directory, "audit.key")
  return { ...places, keyPath, keys: keyFile(keyPath, origin, !given) }
}

/** The key of the witness that a project declares, as `UNDERCROFT_WITNESS_KEY` or in a file beside its data. Throws UC550. */
export async function witnessKey(
  { definition, directory }: Project,
  url: string | undefined,
): Promise<SigningKey | undefined> {
  if (!definition.audit?.witness) return undefined
  const name = `undercroft-witness/${encodeURIComponent(definition.name)}`
  const given = process.env.UNDERCROFT_WITNESS_KEY
  if (!given && isProduction() && url !== undefined)
    throw new UndercroftError("UC550", { why: "UNDERCROFT_WITNESS_KEY is not set" })
  if (given?.includes("-----BEGIN")) return readSigningKey(given.replaceAll("\\n", "\n"), name)
  return keyFile(given ? resolve(given) : join(directory, "witness.key"), name, !given).find(null)
}

function reportKey(name: string, directory: string): KeyHolder {
  const given = process.env.UNDERCROFT_PRIVACY_KEY
  if (given?.includes("-----BEGIN")) return heldKey(given.replaceAll("\\n", "\n"), name)
  return keyFile(given ? resolve(given) : join(directory, "privacy.key"), name, !given)
}

/** Records of several databases are not kept in one file. */
function suffixOf(url: string | undefined): string {
  if (url === undefined) return ""
  const { host, pathname } = new URL(url)
  return `-${createHash("sha256").update(`${host}${pathname}`).digest("hex").slice(0, 8)}`
}
