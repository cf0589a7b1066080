/** Files that grow by lines of JSON and are never changed: the anchor of the record, the ledger of erasures. */
import { mkdir, open } from "node:fs/promises"
import { dirname } from "node:path"
import { giveToOwner } from "./own-file.ts"

/** Adds a line, and returns when it is on the disk. The file is made where there is none. */
export async function appendLine(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, "a+", 0o600)
  try {
    const { size } = await file.stat()
    if (size === 0) await giveToOwner(path)
    const end = Buffer.alloc(1)
    if (size > 0) await file.read(end, 0, 1, size - 1)
    // A power cut may have left half a line: what follows stands on a line of its own.
    const begin = size > 0 && end.toString() !== "\n" ? "\n" : ""
    await file.appendFile(`${begin}${JSON.stringify(value)}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
}
