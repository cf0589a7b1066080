/**
 * One value of an encrypted field as it is stored: form, version of the key, blind index, person, and the value's JSON under
 * AES-256-GCM. All before it, the field, the row and the row's reference to its person are authenticated with it.
 */
import { createHmac, type KeyObject } from "node:crypto"
import { indexBytes, plainKind } from "../model/encryption.ts"
import type { FieldInfo } from "../model/model.ts"
import { decrypt, encrypt } from "./wrap.ts"

const form = 1
const personAt = 3 + indexBytes

/** Where a value belongs. */
export interface ValuePlace {
  readonly field: FieldInfo
  /** The row's `id`. */
  readonly row: string
  /** The row's reference towards its person; empty where the row is the person. */
  readonly link: string
}

/** What is said in the clear before a value. */
export interface ValueHead {
  readonly version: number
  readonly person: string
  readonly length: number
}

/** `person` is the key of the person's row. */
export function sealValue(
  place: ValuePlace,
  { person, version, key, index }: { person: string; version: number; key: KeyObject; index: Buffer | null },
  json: string,
): Buffer {
  const name = Buffer.from(person)
  const head = Buffer.concat([
    Buffer.from([form, version >> 8, version & 255]),
    index ?? Buffer.alloc(indexBytes),
    Buffer.from([name.length]),
    name,
  ])
  return Buffer.concat([head, encrypt(key, Buffer.from(json), about(head, place))])
}

/** Null where it is no such value. */
export function readHead(bytes: Buffer): ValueHead | null {
  if (bytes.length < personAt + 1 || bytes[0] !== form) return null
  const length = personAt + 1 + bytes[personAt]!
  if (bytes.length < length) return null
  return { version: bytes.readUInt16BE(1), person: bytes.toString("utf8", personAt + 1, length), length }
}

/** Gives the value's JSON. Throws where anything is another than when it was written. */
export function openValue(place: ValuePlace, bytes: Buffer, { length }: ValueHead, key: KeyObject): string {
  return decrypt(key, bytes.subarray(length), about(bytes.subarray(0, length), place)).toString("utf8")
}

/** How the place of a field's values begins. */
const beginnings = new WeakMap<FieldInfo, string>()

/** What is authenticated with a value: its head, and the JSON of entity, field, row and link; asked for at every value, so it is one buffer. */
function about(head: Buffer, { field, row, link }: ValuePlace): Buffer {
  const known = beginnings.get(field)
  const beginning = known ?? JSON.stringify([field.entity.name, field.name]).slice(0, -1)
  if (known === undefined) beginnings.set(field, beginning)
  const place = `${beginning},${JSON.stringify(row)},${JSON.stringify(link)}]`
  const made = Buffer.allocUnsafe(head.length + Buffer.byteLength(place))
  made.set(head)
  made.write(place, head.length)
  return made
}

/** What equal values of one field have in common: a keyed hash, cut short, under a key of the field's own. */
export function blindIndex(field: FieldInfo, key: Buffer, value: unknown): Buffer {
  const fieldKey = createHmac("sha256", key).update(`${field.entity.name}.${field.name}`).digest()
  return createHmac("sha256", fieldKey).update(normalise(field, value)).digest().subarray(0, indexBytes)
}

/** Text as its field compares it. */
function normalise(field: FieldInfo, value: unknown): string {
  const text = String(value)
  return plainKind(field).collation ? text.normalize("NFC").toLowerCase() : text
}
