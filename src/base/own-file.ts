/** Files that root makes belong to whoever owns their folder, who may start the server later without root. */
import { chown, stat } from "node:fs/promises"
import { dirname } from "node:path"

/** Does nothing for anyone but root. */
export async function giveToOwner(path: string): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = await stat(dirname(path))
  await chown(path, uid, gid)
}
