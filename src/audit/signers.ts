/** The public keys of a record, one after the other, each announced by the one before it. */
import { type NoteKey, parseKey } from "./verifier.mts"

/** A row of `audit.signer`. */
export interface SignerRow {
  readonly number: number
  readonly key: string
  /** Heads of more entries than this are signed by it. */
  readonly since: number
  /** The former key's, over `announcement`; of the first there is none. */
  readonly signature: string | null
}

/** What the former key signs of the one that follows. */
export function announcement(origin: string, since: number, key: string): string {
  return `undercroft record key\n${origin}\n${since}\n${key}\n`
}

/** A key of the chain. */
export interface Signer {
  readonly key: NoteKey
  readonly since: number
}

/** Reads the chain; throws with what is wrong with it. */
export function readSigners(rows: readonly SignerRow[]): readonly Signer[] {
  const signers: Signer[] = []
  for (const { key: text, since, signature } of rows) {
    const key = parseKey(text)
    const before = signers.at(-1)
    if (before === undefined && since !== 0) throw new Error("the first key is missing")
    if (before !== undefined) {
      if (since < before.since) throw new Error(`the key ${key.id} is out of order`)
      const isSigned = before.key.verify(
        announcement(before.key.name, since, text),
        Buffer.from(signature ?? "", "base64"),
      )
      if (!isSigned || key.name !== before.key.name)
        throw new Error(`the key ${key.id} was not announced by the one before it`)
    }
    signers.push({ key, since })
  }
  return signers
}

/** Whose signature a head of this size must have. */
export function signerOf(signers: readonly Signer[], size: number): Signer | undefined {
  return signers.findLast(({ since }) => since < size)
}
