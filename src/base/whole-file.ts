/** Files that hold personal data stand under their name when they are whole, and not at all before: a killed process leaves no half of one. */
import { open, rename, rm, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { syncDirectory } from "./sync-directory.ts"

/** What is not finished lies beside the file; the next attempt takes it away. */
function unfinishedPath(path: string): string {
  return `${path}.part`
}

/** Writes all parts, and returns when the file is on the disk; what fails leaves neither file nor part. Only its owner reads it. */
export async function writeWhole(
  path: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const found = await stat(path).catch(() => null)
  // A pipe or a device has no name to be given later.
  const isStream = found !== null && !found.isFile()
  const draft = isStream ? path : unfinishedPath(path)
  if (!isStream) await rm(draft, { force: true })
  try {
    const file = await open(draft, isStream ? "w" : "wx", 0o600)
    try {
      for await (const part of parts) await file.writeFile(part)
      if (!isStream) await file.sync()
    } finally {
      await file.close()
    }
    if (isStream) return
    await rename(draft, path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    if (!isStream) await rm(draft, { force: true })
    throw cause
  }
}
