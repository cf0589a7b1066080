/** An anchor that is a file: a line of JSON for each head, added at its end and never changed. */
import { mkdir, open, stat } from "node:fs/promises"
import { dirname } from "node:path"
import type { Anchor, SignedHead } from "./anchor.ts"
import { giveToOwner } from "./own-file.ts"
import { parseKey, readAnchorLine, readCheckpoint } from "./verifier.mts"

const tailBytes = 16_384

/** A file that is best on another machine's disk, or on one that can be written once. */
export function fileAnchor(path: string): Anchor {
  return {
    name: path,
    async put({ key, checkpoint }) {
      await mkdir(dirname(path), { recursive: true })
      const file = await open(path, "a+", 0o600)
      try {
        const { size } = await file.stat()
        if (size === 0) await giveToOwner(path)
        const end = Buffer.alloc(1)
        if (size > 0) await file.read(end, 0, 1, size - 1)
        // A power cut may have left half a line: what follows stands on a line of its own.
        const begin = size > 0 && end.toString() !== "\n" ? "\n" : ""
        await file.appendFile(`${begin}${JSON.stringify({ key, checkpoint })}\n`)
        await file.datasync()
      } finally {
        await file.close()
      }
    },
    last: () => readLast(path),
  }
}

async function readLast(path: string): Promise<SignedHead | null> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null
    throw cause
  })
  if (found === null) return null
  const file = await open(path, "r")
  try {
    const bytes = Buffer.alloc(Math.min(tailBytes, found.size))
    await file.read(bytes, 0, bytes.length, found.size - bytes.length)
    const lines = bytes.toString("utf8").split("\n")
    // The first may have been cut.
    const heads = lines.slice(bytes.length < found.size ? 1 : 0).flatMap((line) => readHead(line) ?? [])
    return heads.reduce<SignedHead | null>(
      (last, head) => (last && last.size > head.size ? last : head),
      null,
    )
  } finally {
    await file.close()
  }
}

function readHead(text: string): SignedHead | null {
  const line = readAnchorLine(text)
  if (line === null) return null
  try {
    const { size, root } = readCheckpoint(line.checkpoint, parseKey(line.key))
    return { ...line, size, root }
  } catch {
    return null
  }
}
