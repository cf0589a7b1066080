/** What encrypts and decrypts a project's fields, for commands that read or end a person's data. */
import { UndercroftError } from "../base/errors.ts"
import { FieldCiphers } from "../keys/field-ciphers.ts"
import type { KeyRing } from "../keys/key-ring.ts"
import type { Policies } from "../policy/policies.ts"
import { openKeys } from "../store/open-keys.ts"
import type { Project } from "./project.ts"
import { readKeys } from "./project-keys.ts"

/** Null where there is no key; the steps that need one refuse then. Throws UC543. */
export async function withCiphers<T>(
  project: Project,
  { model }: Policies,
  adminUrl: string,
  work: (ciphers: FieldCiphers | null) => Promise<T>,
): Promise<T> {
  const settings = await readKeys(project)
  if (!settings) return work(null)
  let ring: KeyRing | null = null
  try {
    ring = await openKeys(adminUrl, settings, model)
    if (ring.lost !== null) throw new UndercroftError("UC543", { why: ring.lost })
    return await work(new FieldCiphers(ring, model))
  } finally {
    await ring?.close()
    await settings.store.close()
  }
}
