/** Passwords that everybody knows: a list that comes with the package, or a file of hashes such as Have I Been Pwned's. */
import { createHash } from "node:crypto"
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { UndercroftError } from "../base/errors.ts"

/** Whether a password, in NFKC, is known. */
export type IsBreached = (password: string) => Promise<boolean>

/** The list of the package: some 30,000 of eight characters or more. Read when it is first needed. */
export function commonPasswords(): IsBreached {
  let known: Promise<ReadonlySet<string>> | undefined
  return async (password) => {
    known ??= import("@zxcvbn-ts/language-common").then(
      ({ dictionary }) => new Set(dictionary["passwords-common"]),
    )
    return (await known).has(password.toLowerCase())
  }
}

/** A line: a SHA-1 in hexadecimal, and perhaps a colon and how often it was seen. */
const line = /^([0-9A-Fa-f]{40})(:\d+)?\r?$/

/** Longer lines than this are none of a corpus. */
const lineBytes = 64

/**
 * A file of SHA-1 hashes in order, one a line, read where it must be and never as a whole. Throws UC916 where the file is not that.
 */
export function breachedIn(path: string): IsBreached {
  checkCorpus(path)
  return async (password) => {
    const wanted = createHash("sha1").update(password).digest("hex").toUpperCase()
    const file = await open(path, "r")
    try {
      return await hasLine(file, wanted)
    } finally {
      await file.close()
    }
  }
}

async function hasLine(file: FileHandle, wanted: string): Promise<boolean> {
  // The line sought begins at `low` or later and before `high`.
  let low = 0
  let high = (await file.stat()).size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const found = await lineFrom(file, middle, low)
    if (found.hash === wanted) return true
    if (found.hash === null || found.hash > wanted) high = Math.min(middle, found.start)
    else low = found.next
  }
  return false
}

/** The line in which a byte stands; `floor` is the beginning of some line before it. */
async function lineFrom(
  file: FileHandle,
  at: number,
  floor: number,
): Promise<{ readonly hash: string | null; readonly start: number; readonly next: number }> {
  const from = Math.max(floor, at - lineBytes)
  const buffer = Buffer.alloc(2 * lineBytes)
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
  const text = buffer.toString("latin1", 0, bytesRead)
  const start = at === from ? 0 : text.lastIndexOf("\n", at - from - 1) + 1
  const end = text.indexOf("\n", start)
  const next = end < 0 ? bytesRead : end + 1
  const hash = line.exec(text.slice(start, end < 0 ? bytesRead : end))?.[1]
  if (hash === undefined && text.slice(start, next).trim() !== "")
    throw new Error("a corpus of passwords has a line that is no hash")
  return { hash: hash?.toUpperCase() ?? null, start: from + start, next: from + next }
}

function checkCorpus(path: string): void {
  const refuse = (why: string, cause?: unknown): UndercroftError =>
    new UndercroftError("UC916", { setting: "accounts.passwords.corpus", why: `${path} ${why}` }, { cause })
  let file: number
  try {
    file = openSync(path, "r")
  } catch (cause) {
    throw refuse("can't be read", cause)
  }
  try {
    const buffer = Buffer.alloc(lineBytes)
    const bytes = fstatSync(file).isFile() ? readSync(file, buffer) : 0
    if (!line.test(buffer.toString("latin1", 0, bytes).split("\n")[0]!))
      throw refuse("does not begin with a SHA-1 in hexadecimal")
  } finally {
    closeSync(file)
  }
}
