/** Replaces the key that signs a project's record, in its file or by a file that is named. */
import { readFile, rm } from "node:fs/promises"
import { fileAnchor } from "../audit/file-anchor.ts"
import { rotateKey } from "../audit/rotate-key.ts"
import { sealBatch } from "../audit/seal-batch.ts"
import {
  heldKey,
  makeKey,
  nextPath,
  promoteKey,
  readSigningKey,
  type SigningKey,
  writeKeyFile,
} from "../audit/signing-key.ts"
import { parseKey } from "../audit/verifier.mts"
import { UndercroftError } from "../base/errors.ts"
import { allSigners } from "../sql/audit-seal.ts"
import { type AuditDatabase, openAudit } from "../store/audit-database.ts"
import type { AuditPlaces } from "./project-audit.ts"

/** Gives what to tell. A running server finds the new key in the file; where the key is in the environment it has to be started again. */
export async function rotateProjectKey(
  { keys, keyPath, anchorPath }: AuditPlaces,
  { adminUrl, to }: { adminUrl: string; to: string | undefined },
): Promise<string> {
  if (keyPath === null && to === undefined)
    throw new UndercroftError("UC906", {
      what: "The key is in the environment: name a file that holds the new one with --to.",
      command: "audit",
    })
  const pem = to === undefined ? makeKey() : await readPem(to)
  const database = openAudit(adminUrl)
  let made: SigningKey
  try {
    // Kept before the record knows it: a key that nobody has could never sign again.
    if (keyPath !== null) await endFormerRotation(database, keyPath)
    if (keyPath !== null) await writeKeyFile(nextPath(keyPath), pem)
    made = await rotateKey(database, { keys, next: (name) => readSigningKey(pem, name) })
    if (keyPath !== null) await promoteKey(keyPath)
    // The rotation is sealed under the new key at once.
    const { head } = await sealBatch(database, { keys: heldKey(pem, made.key.name) })
    if (head && anchorPath !== null) await fileAnchor(anchorPath).put(head)
  } finally {
    await database.close()
  }
  const restart = keyPath === null ? `\nSet UNDERCROFT_AUDIT_KEY to ${to}, and start the servers again.` : ""
  return `The record is signed by a new key from now on; keep its public half where checkers find it:\n${made.key.text}${restart}`
}

/** One that was cut off either reached the record, and its key is put in place, or did not, and its key is thrown away. */
async function endFormerRotation(database: AuditDatabase, path: string): Promise<void> {
  const pem = await readFile(nextPath(path), "utf8").catch(() => null)
  if (pem === null) return
  const rows = await database.transaction((query) => query(allSigners))
  const last = rows.at(-1)?.key
  const isKnown = typeof last === "string" && readSigningKey(pem, parseKey(last).name).key.text === last
  if (isKnown) await promoteKey(path)
  else await rm(nextPath(path))
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    throw new UndercroftError("UC550", { why: (cause as Error).message }, { cause })
  }
}
