/** Searches the bytes of every file in folders: tables, indexes, the write-ahead log, PostgreSQL's own log, whatever lies there. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

/** What is searched for, by what it is called. */
export type Needles = ReadonlyMap<string, Buffer>

/** `needle in path`, for each that is found. */
export async function searchFolders(
  folders: readonly string[],
  needles: Needles,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of new Set(folders))
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      // What goes while it is looked for is not there any more.
      const bytes = await readFile(path).catch(() => Buffer.alloc(0))
      for (const [name, needle] of needles) if (bytes.includes(needle)) found.push(`${name} in ${path}`)
    }
  return found
}
