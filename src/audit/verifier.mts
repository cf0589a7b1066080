#!/usr/bin/env node
/**
 * Checks proofs and anchors of a record without its database: one file that needs nothing but Node.
 * `node verifier.mjs proof.json [--key <key>] [--anchor <file>]`, or `node verifier.mjs --anchor <file>`.
 */
import { createPublicKey, hash, verify } from "node:crypto"
import { readFileSync, realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** A head of the tree: what a checkpoint says (C2SP tlog-checkpoint), and who signed it. */
export interface Head {
  readonly origin: string
  readonly size: number
  /** In base64. */
  readonly root: string
  /** When the head was made, ISO 8601. */
  readonly time: string
}

/** That an entry stands in the tree under a head. */
export interface InclusionProof {
  readonly kind: "inclusion"
  readonly position: number
  /** The canonical text of the entry. */
  readonly entry: string
  /** Hashes in base64, from the leaf up. */
  readonly path: readonly string[]
  readonly checkpoint: string
  readonly key: string
}

/** That the tree of one size begins with the tree of a smaller one. */
export interface ConsistencyProof {
  readonly kind: "consistency"
  readonly from: { readonly size: number; readonly root: string }
  readonly path: readonly string[]
  readonly checkpoint: string
  readonly key: string
}

export type Proof = InclusionProof | ConsistencyProof

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer =>
  // At once: of a short text an object that hashes costs more than the hash.
  hash(
    "sha256",
    Buffer.concat(parts.map((one) => (typeof one === "string" ? Buffer.from(one) : one))),
    "buffer",
  )
const leafMark: Uint8Array = Uint8Array.of(0)
const nodeMark: Uint8Array = Uint8Array.of(1)

/** RFC 6962, 2.1. */
export const hashLeaf = (text: Uint8Array | string): Buffer => sha256(leafMark, text)
export const hashNode = (left: Uint8Array, right: Uint8Array): Buffer => sha256(nodeMark, left, right)

/** The root that a path leads to, or null where it fits no tree of this size (RFC 9162, 2.1.3.2). */
export function rootOfPath(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | null {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null
  let [at, last, root] = [index, size - 1, leaf]
  for (const one of path) {
    if (last === 0) return null
    if (at % 2 === 1 || at === last) {
      root = hashNode(one, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else root = hashNode(root, one)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : null
}

/** Whether a tree begins with a smaller one (RFC 9162, 2.1.4.2). */
export function isConsistent(
  from: { readonly size: number; readonly root: Buffer },
  to: { readonly size: number; readonly root: Buffer },
  path: readonly Buffer[],
): boolean {
  if (!Number.isSafeInteger(from.size) || !Number.isSafeInteger(to.size)) return false
  if (from.size < 1 || from.size > to.size) return false
  if (from.size === to.size) return path.length === 0 && from.root.equals(to.root)
  const isWhole = 2 ** Math.round(Math.log2(from.size)) === from.size
  const [first, ...rest] = isWhole ? [from.root, ...path] : path
  if (!first) return false
  let [at, last] = [from.size - 1, to.size - 1]
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  let [older, newer] = [first, first]
  for (const one of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      older = hashNode(one, older)
      newer = hashNode(one, newer)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else newer = hashNode(newer, one)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 && older.equals(from.root) && newer.equals(to.root)
}

/** A key as C2SP's signed notes write one: `<name>+<identifier>+<base64>`. */
export interface NoteKey {
  readonly text: string
  readonly name: string
  /** Eight hexadecimal digits. */
  readonly id: string
  verify(text: string, signature: Buffer): boolean
}

const ed25519: Uint8Array = Uint8Array.of(1)
const spkiOfEd25519: Buffer = Buffer.from("302a300506032b6570032100", "hex")

/** Throws where it is none. */
export function parseKey(text: string): NoteKey {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim())
  const [, name = "", id = "", base64 = ""] = parts ?? []
  const bytes = Buffer.from(base64, "base64")
  if (!parts || bytes.length !== 33 || bytes[0] !== 1 || idOfKey(name, bytes.subarray(1)) !== id)
    throw new Error("this is no key such as name+0123abcd+AQ…")
  const key = createPublicKey({
    key: Buffer.concat([spkiOfEd25519, bytes.subarray(1)]),
    format: "der",
    type: "spki",
  })
  return {
    text: text.trim(),
    name,
    id,
    verify: (said, signature) => signature.length === 64 && verify(null, Buffer.from(said), key, signature),
  }
}

/** The identifier of a public key under a name. */
export function idOfKey(name: string, publicKey: Uint8Array): string {
  return sha256(`${name}\n`, ed25519, publicKey).subarray(0, 4).toString("hex")
}

/** The head that a checkpoint signed by this key says. Throws with what is wrong with it. */
export function readCheckpoint(note: string, key: NoteKey): Head {
  const end = note.indexOf("\n\n")
  const body = note.slice(0, end + 1)
  const [origin = "", size = "", root = "", time = "", ...more] = body.split("\n")
  const isHead =
    end > 0 && /^(0|[1-9]\d{0,15})$/.test(size) && /^[A-Za-z0-9+/]{43}=$/.test(root) && more.join("") === ""
  if (!isHead || !/^time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time))
    throw new Error("it is no checkpoint")
  if (origin !== key.name) throw new Error(`it is of ${origin}, not of ${key.name}`)
  const isSigned = note
    .slice(end + 2)
    .split("\n")
    .some((line) => {
      const [, name, base64 = ""] = /^— (\S+) (\S+)$/.exec(line) ?? []
      const bytes = Buffer.from(base64, "base64")
      return (
        name === key.name &&
        bytes.subarray(0, 4).toString("hex") === key.id &&
        key.verify(body, bytes.subarray(4))
      )
    })
  if (!isSigned) throw new Error(`it is not signed by the key ${key.id}`)
  return { origin, size: Number(size), root, time: time.slice(5) }
}

/** What is wrong with a proof, or null; it says nothing of whether its key is to be believed. */
export function checkProof(proof: Proof): string | null {
  try {
    const head = readCheckpoint(proof.checkpoint, parseKey(proof.key))
    const path = proof.path.map((one) => Buffer.from(one, "base64"))
    const root = Buffer.from(head.root, "base64")
    if (path.some((one) => one.length !== 32)) return "its path holds something that is no hash"
    if (proof.kind === "consistency") {
      const from = { size: proof.from.size, root: Buffer.from(proof.from.root, "base64") }
      return isConsistent(from, { size: head.size, root }, path)
        ? null
        : "the smaller tree is not its beginning"
    }
    if ((JSON.parse(proof.entry) as { position?: unknown }).position !== proof.position)
      return "the entry says another position"
    const found = rootOfPath(hashLeaf(proof.entry), proof.position - 1, head.size, path)
    return found?.equals(root) ? null : "the entry is not in the tree: it, or the path, was changed"
  } catch (cause) {
    return (cause as Error).message
  }
}

/** A line of an anchor's file. */
export interface AnchorLine {
  readonly key: string
  readonly checkpoint: string
}

/** The line as it is meant, or null where it is none, as one that a power cut left half written. */
export function readAnchorLine(text: string): AnchorLine | null {
  try {
    const { key, checkpoint } = JSON.parse(text) as Partial<AnchorLine>
    return typeof key === "string" && typeof checkpoint === "string" ? { key, checkpoint } : null
  } catch {
    return null
  }
}

/** What is wrong with an anchor's file by itself, and the heads in it, by size. */
function checkAnchor(text: string): { problems: readonly string[]; heads: ReadonlyMap<number, string> } {
  const heads = new Map<number, string>()
  const problems: string[] = []
  for (const [at, line] of text.split("\n").entries()) {
    const said = readAnchorLine(line)
    if (said === null) {
      if (line !== "") problems.push(`line ${at + 1} can't be read`)
      continue
    }
    try {
      const { size, root } = readCheckpoint(said.checkpoint, parseKey(said.key))
      if ((heads.get(size) ?? root) !== root)
        problems.push(`line ${at + 1}: two heads of size ${size} (a fork)`)
      heads.set(size, root)
    } catch (cause) {
      problems.push(`line ${at + 1}: ${(cause as Error).message}`)
    }
  }
  return { problems, heads }
}

function main(words: readonly string[]): void {
  try {
    for (const line of said(words)) console.log(line)
  } catch (cause) {
    console.log(`Not proved: ${(cause as Error).message}.`)
    process.exitCode = 1
  }
}

/** What was proved; throws what was not. */
function said(words: readonly string[]): readonly string[] {
  const optionOf = (name: string): string | undefined =>
    words.includes(name) ? words[words.indexOf(name) + 1] : undefined
  const [file] = words.filter((word, at) => !word.startsWith("--") && !words[at - 1]?.startsWith("--"))
  const [key, anchorFile] = [optionOf("--key"), optionOf("--anchor")]
  if (!file && !anchorFile)
    throw new Error("say what to check: node verifier.mjs proof.json [--key <key>] [--anchor <file>]")
  const anchor = anchorFile ? checkAnchor(readFileSync(anchorFile, "utf8")) : null
  if (anchor?.problems[0]) throw new Error(`the anchor's ${anchor.problems[0]}`)
  if (!file) return [`The anchor is sound: ${anchor?.heads.size ?? 0} heads.`]
  const proof = JSON.parse(readFileSync(file, "utf8")) as Proof
  const problem = checkProof(proof)
  if (problem) throw new Error(problem)
  const head = readCheckpoint(proof.checkpoint, parseKey(proof.key))
  if (key && parseKey(key).text !== parseKey(proof.key).text) throw new Error("it is signed by another key")
  if (anchor && anchor.heads.get(head.size) !== head.root)
    throw new Error(`the anchor has no such head of ${head.size} entries`)
  const isEntry = proof.kind === "inclusion"
  const what = isEntry ? `Entry ${proof.position} is` : `The first ${proof.from.size} entries are`
  return [
    `Proved: ${what} in the record of ${head.origin} as it was at ${head.time}.`,
    ...(isEntry ? [proof.entry] : []),
    ...(key || anchor
      ? []
      : [`This holds if the key is theirs: ${proof.key}`, "Compare it, or give --key or --anchor."]),
  ]
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  main(process.argv.slice(2))
