/** An anchor that is a file: a line of JSON for each head, added at its end and never changed. */
import { open, stat } from "node:fs/promises"
import { appendLine } from "../base/append-line.ts"
import type { Anchor, SignedHead } from "./anchor.ts"
import { parseKey, readAnchorLine, readCheckpoint } from "./verifier.mts"

const tailBytes = 16_384

/** A file that is best on another machine's disk, or on one that can be written once. */
export function fileAnchor(path: string): Anchor {
  return {
    name: path,
    put: ({ key, checkpoint }) => appendLine(path, { key, checkpoint }),
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
