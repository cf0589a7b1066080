/** The heads of an anchor in the order of their sizes, read as a stream: a file, a folder of objects, or what a witness knows. */
import { createReadStream } from "node:fs"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { UndercroftError } from "../base/errors.ts"
import type { SignedHead } from "./anchor.ts"
import { parseKey, readAnchorLine, readCheckpoint } from "./verifier.mts"

/** A head of the file, or what is wrong with its line. */
export type AnchoredHead =
  | (SignedHead & { readonly line: number })
  | { readonly line: number; readonly wrong: string }

/** Several processes that share a file may add to it slightly out of order. */
const windowSize = 256

/**
 * What the anchor holds now: what is added while it is read does not count, so it is to be opened before the database is looked at.
 * A path is that of a file, of a folder with the objects of a bucket, or the address of a witness's last head.
 * Throws UC943 where it can't be read.
 */
export async function openAnchorFile(path: string): Promise<AsyncIterable<AnchoredHead>> {
  try {
    if (/^https?:/.test(path)) return inOrder(readLines(await fetchLines(path)))
    const found = await stat(path)
    if (found.isDirectory()) return inOrder(readFolder(path, (await readdir(path)).toSorted()))
    const { size } = found
    return size === 0 ? nothing() : inOrder(readHeads(path, size - 1))
  } catch (cause) {
    throw new UndercroftError("UC943", { path, why: (cause as Error).message }, { cause })
  }
}

async function* nothing(): AsyncGenerator<AnchoredHead> {}

async function* readHeads(path: string, end: number): AsyncGenerator<AnchoredHead> {
  let line = 0
  for await (const text of createInterface({ input: createReadStream(path, { end }) })) {
    line++
    if (text !== "") yield readHead(text, line)
  }
}

/** Whoever verifies names the address, so that it may be anywhere. */
async function fetchLines(address: string): Promise<readonly string[]> {
  const answer = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(10_000) })
  if (!answer.ok) throw new Error(`it answered ${answer.status}`)
  return (await answer.text()).split("\n")
}

async function* readLines(lines: readonly string[]): AsyncGenerator<AnchoredHead> {
  for (const [at, text] of lines.entries()) if (text !== "") yield readHead(text, at + 1)
}

async function* readFolder(folder: string, names: readonly string[]): AsyncGenerator<AnchoredHead> {
  let line = 0
  for (const name of names) {
    if (!name.endsWith(".json")) continue
    line++
    yield readHead((await readFile(join(folder, name), "utf8")).trim(), line)
  }
}

function readHead(text: string, line: number): AnchoredHead {
  const said = readAnchorLine(text)
  if (said === null) return { line, wrong: "it can't be read" }
  try {
    const { size, root } = readCheckpoint(said.checkpoint, parseKey(said.key))
    return { ...said, size, root, line }
  } catch (cause) {
    return { line, wrong: (cause as Error).message }
  }
}

async function* inOrder(heads: AsyncIterable<AnchoredHead>): AsyncGenerator<AnchoredHead> {
  const window: (SignedHead & { readonly line: number })[] = []
  for await (const head of heads) {
    if ("wrong" in head) {
      yield head
      continue
    }
    const at = window.findLastIndex((one) => one.size <= head.size)
    window.splice(at + 1, 0, head)
    if (window.length > windowSize) yield window.shift() as AnchoredHead
  }
  yield* window
}
