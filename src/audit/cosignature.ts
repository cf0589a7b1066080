/** Signatures of a witness under somebody else's head: Ed25519 over a time and the head (C2SP tlog-cosignature). */
import { createHash } from "node:crypto"
import type { SigningKey } from "./signing-key.ts"
import { idOfKey, parseKey } from "./verifier.mts"

const cosigning = Uint8Array.of(4)

/** The key of a witness as others are given it: `<name>+<identifier>+<base64>`, of another kind than a record's. */
export function witnessKeyOf({ key }: SigningKey): string {
  const bytes = Buffer.from(key.text.slice(key.name.length + 10), "base64").subarray(1)
  const id = createHash("sha256").update(`${key.name}\n`).update(cosigning).update(bytes).digest("hex")
  return `${key.name}+${id.slice(0, 8)}+${Buffer.concat([cosigning, bytes]).toString("base64")}`
}

/** The line under a checkpoint that says: at this time this was the largest head that I knew. */
export function cosign(signing: SigningKey, checkpoint: string, seconds: number): string {
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(seconds))
  const id = Buffer.from(parseWitnessKey(witnessKeyOf(signing)).id, "hex")
  const signature = signing.sign(messageOf(checkpoint, seconds))
  return `— ${signing.key.name} ${Buffer.concat([id, time, signature]).toString("base64")}\n`
}

/** When a witness cosigned a checkpoint, in seconds. Throws with what is wrong with the line. */
export function readCosignature(line: string, checkpoint: string, witnessKey: string): number {
  const witness = parseWitnessKey(witnessKey)
  const [, name, base64 = ""] = /^— (\S+) ([A-Za-z0-9+/]+=*)\n$/.exec(line) ?? []
  const bytes = Buffer.from(base64, "base64")
  if (name !== witness.name || bytes.subarray(0, 4).toString("hex") !== witness.id)
    throw new Error(`it is not signed by the witness ${witness.name}`)
  if (bytes.length !== 76) throw new Error("it is no cosignature")
  const seconds = Number(bytes.readBigUInt64BE(4))
  if (!witness.verify(messageOf(checkpoint, seconds), bytes.subarray(12)))
    throw new Error(`the signature of the witness ${witness.name} is not good`)
  return seconds
}

/** A witness's key; throws where it is none. */
export function parseWitnessKey(text: string): {
  readonly name: string
  readonly id: string
  verify(said: string, signature: Buffer): boolean
} {
  const [, name = "", id = "", base64 = ""] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? []
  const bytes = Buffer.from(base64, "base64")
  const own = createHash("sha256").update(`${name}\n`).update(bytes).digest("hex").slice(0, 8)
  if (bytes.length !== 33 || bytes[0] !== 4 || own !== id)
    throw new Error("this is no witness's key such as name+0123abcd+BA…")
  const raw = bytes.subarray(1)
  const plain = `${name}+${idOfKey(name, raw)}+${Buffer.concat([Uint8Array.of(1), raw]).toString("base64")}`
  const { verify } = parseKey(plain)
  return { name, id, verify }
}

function messageOf(checkpoint: string, seconds: number): string {
  return `cosignature/v1\ntime ${seconds}\n${checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1)}`
}
