/** Prunes a project's record by hand, and tells the public keys that others need. */
import { userInfo } from "node:os"
import { witnessKeyOf } from "../audit/cosignature.ts"
import { fileAnchor } from "../audit/file-anchor.ts"
import { pruneRecord } from "../audit/prune.ts"
import { currentKey } from "../audit/rotate-key.ts"
import { sealBatch } from "../audit/seal-batch.ts"
import { openAudit } from "../store/audit-database.ts"
import type { Project } from "./project.ts"
import { type AuditPlaces, witnessKey } from "./project-audit.ts"

/** Gives what to tell. */
export async function pruneProject(
  { keys, anchorPath }: AuditPlaces,
  { adminUrl, years, isDryRun }: { adminUrl: string; years: number; isDryRun: boolean },
): Promise<string> {
  const database = openAudit(adminUrl)
  // Whatever waits is before the announcement, or with it.
  const seal = async (): Promise<void> => {
    for (let isMore = true; isMore; ) {
      const sealed = await sealBatch(database, { keys })
      if (sealed.head && anchorPath !== null) await fileAnchor(anchorPath).put(sealed.head)
      isMore = sealed.isMore
    }
  }
  try {
    const actor = `system:${userInfo().username}`
    const pruned = await pruneRecord({ adminUrl, years, seal, isDryRun, actor, door: "cli" })
    if (pruned === null)
      return `Nothing is older than ${years} ${years === 1 ? "year" : "years"}, or a legal hold keeps it.`
    const { first, through, before } = pruned
    return `Entries ${first} to ${through}, sealed before ${before}, ${isDryRun ? "would go" : "are gone; their heads stay"}.`
  } finally {
    await database.close()
  }
}

/** The public keys of a project: of its record, for who verifies or witnesses it, and of its witness, for whose heads it cosigns. */
export async function projectKeys(
  project: Project,
  { keys }: AuditPlaces,
  { url, adminUrl }: { readonly url: string | undefined; readonly adminUrl: string },
): Promise<readonly string[]> {
  const witness = await witnessKey(project, url)
  const database = openAudit(adminUrl)
  const { key } = await currentKey(database, keys).finally(() => database.close())
  return [`record   ${key.text}`, ...(witness ? [`witness  ${witnessKeyOf(witness)}`] : [])]
}
