/** The key that signs the record's heads: Ed25519, outside of the database, in a file for its owner alone or in the environment. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { giveToOwner } from "../base/own-file.ts"
import { idOfKey, type NoteKey, parseKey } from "./verifier.mts"

/** A private key under the record's name. */
export interface SigningKey {
  readonly key: NoteKey
  sign(text: string): Buffer
  /** The text, signed: a note as C2SP writes one. `text` ends with a line's end. */
  note(text: string): string
}

/** The keys at hand. */
export interface KeyHolder {
  /**
   * The key whose public half is this, under the name that it has there: a record keeps the name that it was given first. Null
   * takes the first one, for a record that no key has signed yet. Throws UC550.
   */
  find(active: string | null): Promise<SigningKey>
}

/** Throws UC550 where a PEM holds no private Ed25519 key. */
export function readSigningKey(pem: string, name: string): SigningKey {
  let secret: KeyObject
  try {
    secret = createPrivateKey(pem)
  } catch (cause) {
    throw new UndercroftError("UC550", { why: "it is no private key in PEM" }, { cause })
  }
  if (secret.asymmetricKeyType !== "ed25519")
    throw new UndercroftError("UC550", { why: `it is of the kind ${secret.asymmetricKeyType}, not Ed25519` })
  const bytes = Buffer.from(String(secret.export({ format: "jwk" }).x), "base64url")
  const id = idOfKey(name, bytes)
  const key = parseKey(`${name}+${id}+${Buffer.concat([Uint8Array.of(1), bytes]).toString("base64")}`)
  const signText = (text: string): Buffer => sign(null, Buffer.from(text), secret)
  return {
    key,
    sign: signText,
    note: (text) => {
      const signature = Buffer.concat([Buffer.from(id, "hex"), signText(text)]).toString("base64")
      return `${text}\n— ${name} ${signature}\n`
    },
  }
}

/** A new private key in PEM. */
export function makeKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString()
}

/** The one key that a PEM holds. */
export function heldKey(pem: string, name: string): KeyHolder {
  readSigningKey(pem, name)
  return holderOf(name, async () => [pem])
}

/** The key of a file, and the one that a rotation puts into its place. `makes`: a file that isn't there is made. */
export function keyFile(path: string, name: string, makes: boolean): KeyHolder {
  return holderOf(name, async () => {
    if (makes) await makeKeyFile(path)
    const next = await readFile(nextPath(path), "utf8").catch(() => null)
    const pem = await readFile(path, "utf8").catch((cause: Error) => {
      throw new UndercroftError("UC550", { why: cause.message }, { cause })
    })
    return [pem, ...(next === null ? [] : [next])]
  })
}

/** Where a rotation writes the new key, before the record knows it. */
export function nextPath(path: string): string {
  return `${path}.next`
}

/** Puts the new key into the place of the old one, which nobody needs any more. */
export async function promoteKey(path: string): Promise<void> {
  await rename(nextPath(path), path)
}

function holderOf(name: string, load: () => Promise<readonly string[]>): KeyHolder {
  let keys: readonly SigningKey[] = []
  return {
    async find(active) {
      const held = (): SigningKey | undefined =>
        active === null
          ? keys.find(({ key }) => key.name === name)
          : keys.find(({ key }) => key.text === active)
      if (!held()) {
        const wanted = active === null ? name : parseKey(active).name
        keys = (await load()).map((one) => readSigningKey(one, wanted))
      }
      const found = held()
      if (found) return found
      throw new UndercroftError("UC550", {
        why: `the record is signed by the key ${active?.split("+")[1]}, and this is ${keys[0]?.key.id}`,
      })
    },
  }
}

/** Whole or not at all, and the same for two processes that make it at once. */
async function makeKeyFile(path: string): Promise<void> {
  if ((await readFile(path).catch(() => null)) !== null) return
  const draft = `${path}.${randomBytes(6).toString("hex")}`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeKeyFile(draft, makeKey())
    await link(draft, path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EEXIST") throw cause
    })
  } catch (cause) {
    throw new UndercroftError("UC550", { why: (cause as Error).message }, { cause })
  } finally {
    await rm(draft, { force: true })
  }
}

/** For its owner alone; throws where there is such a file. */
export async function writeKeyFile(path: string, pem: string): Promise<void> {
  await writeFile(path, pem, { mode: 0o600, flag: "wx" })
  await giveToOwner(path)
}
