/** Encrypts what is written and decrypts what is read, many values at a time; what can't be decrypted refuses the request. */
import { createHmac, type KeyObject, randomBytes } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import type { FieldInfo, Model } from "../model/model.ts"
import type { KeyRing } from "./key-ring.ts"
import { OpenedValues } from "./opened-values.ts"
import {
  blindIndex,
  openValue,
  readHead,
  sealValue,
  type ValueHead,
  type ValuePlace,
} from "./value-cipher.ts"
import { decrypt, encrypt } from "./wrap.ts"

/** A value that is to be stored. */
export interface PlainValue extends ValuePlace {
  /** The key of the person's row. */
  readonly person: string
  readonly value: unknown
}

/** A value as it is stored. */
export interface StoredValue extends ValuePlace {
  readonly bytes: Buffer
  /** Place and bytes as they stood in an answer. */
  readonly text?: string
}

interface Token {
  readonly start: number
  readonly end: number
  readonly stored: StoredValue
}

/** Forms of an answer; with `json-with-texts` values stand in it as they are stored, and large numbers are strings. */
export type TextForm = "json" | "json-with-texts" | "json-without-nulls" | "csv"

const markBytes = 16

export class FieldCiphers {
  readonly ring: KeyRing
  private readonly fields: ReadonlyMap<string, FieldInfo>
  private readonly opened: OpenedValues = new OpenedValues()

  constructor(ring: KeyRing, model: Model) {
    this.ring = ring
    this.fields = new Map(
      model.entities.flatMap((entity) =>
        entity.fields
          .filter((one) => one.encrypted)
          .map((one) => [`${entity.name}.${one.name}`, one] as const),
      ),
    )
  }

  /** What begins encrypted values in one answer; the same for the same request under a key, which is answered once. */
  mark(request: string | null = null): string {
    if (request === null) return randomBytes(markBytes).toString("hex")
    const key = this.ring.purposeKey("kept answers")
    return createHmac("sha256", key)
      .update(`mark ${request}`)
      .digest("hex")
      .slice(0, 2 * markBytes)
  }

  /** In hexadecimal. */
  indexOf(field: FieldInfo, value: unknown): string {
    return blindIndex(field, this.ring.purposeKey("blind index"), value).toString("hex")
  }

  /** `isEmpty`: the database has no values yet. Throws UC334 where a person was erased, UC333 where their key was lost. */
  async seal(values: readonly PlainValue[], isEmpty = false): Promise<readonly Buffer[]> {
    const keys = await this.ring.current(values.map(subjectOf), isEmpty)
    return values.map((one) => {
      const key = keys.get(subjectOf(one))
      const { field, value, person } = one
      if (!key) throw new UndercroftError("UC334", { field: nameOf(field) })
      const index = field.encrypted!.findable
        ? blindIndex(field, this.ring.purposeKey("blind index"), value)
        : null
      return sealValue(one, { person, ...key, index }, JSON.stringify(value))
    })
  }

  /** The JSON of each. Throws UC331, UC332. */
  async open(values: readonly StoredValue[]): Promise<readonly string[]> {
    const heads = values.map((one) => {
      const head = readHead(one.bytes)
      if (!head) throw new UndercroftError("UC331", { field: nameOf(one.field) })
      return head
    })
    const wanted = values.map(({ field }, at) => ({
      subject: subjectOf({ field, person: heads[at]!.person }),
      version: heads[at]!.version,
    }))
    const held = wanted.map(({ subject, version }) => this.ring.heldKey(subject, version))
    const find = held.includes(undefined) ? await this.ring.find(wanted) : null
    return values.map((one, at) => {
      const { subject, version } = wanted[at]!
      const key = find ? find(subject, version) : held[at]
      if (!key) throw new UndercroftError("UC332", { field: nameOf(one.field) })
      return this.openOne(one, heads[at]!, key)
    })
  }

  /** Of stored values those under a former key of their person; what nobody can decrypt any more is left out. */
  async outdated<T extends StoredValue>(values: readonly T[]): Promise<readonly T[]> {
    const heads = values.map((one) => readHead(one.bytes))
    const subjects = values.map(({ field }, at) => subjectOf({ field, person: heads[at]?.person ?? "" }))
    const newest = await this.ring.newest(subjects)
    return values.filter((_, at) => heads[at] && heads[at].version < (newest.get(subjects[at]!) ?? 0))
  }

  private openOne(stored: StoredValue, head: ValueHead, key: KeyObject): string {
    const { text } = stored
    const known = text === undefined ? undefined : this.opened.get(key, text)
    if (known !== undefined) return known
    try {
      const json = openValue(stored, stored.bytes, head, key)
      if (text !== undefined) this.opened.put(key, text, json)
      return json
    } catch {
      // What went wrong says nothing that the place does not.
      throw new UndercroftError("UC331", { field: nameOf(stored.field) })
    }
  }

  /** An answer's text with every encrypted value in it decrypted. */
  async openText(text: string, mark: string, form: TextForm): Promise<string> {
    const tokens = this.tokensIn(text, mark)
    if (tokens.length === 0) return text
    const values = await this.open(tokens.map((one) => one.stored))
    const parts: string[] = []
    let at = 0
    for (const [n, { start, end, stored }] of tokens.entries()) {
      const json = form === "json-with-texts" ? values[n]! : answerOf(stored.field, values[n]!)
      // In a CSV, JSON stands in quotes, and its own are doubled.
      const isNested = form === "csv" && text[start - 1] === '"'
      const around = isNested ? 2 : form === "csv" ? 0 : 1
      parts.push(text.slice(at, start - around))
      parts.push(form !== "csv" ? json : isNested ? json.replaceAll('"', '""') : toCsv(JSON.parse(json)))
      at = end + around
    }
    parts.push(text.slice(at))
    return parts.join("")
  }

  /** The same for values as a program has them, at any depth. */
  async openDeep(value: unknown, mark: string): Promise<unknown> {
    const tokens: StoredValue[] = []
    walk(value, (text) => {
      if (text.startsWith(mark)) tokens.push(this.tokensIn(text, mark)[0]!.stored)
      return text
    })
    if (tokens.length === 0) return value
    const opened = await this.open(tokens)
    let at = 0
    return walk(value, (text) =>
      text.startsWith(mark) ? answerValue(tokens[at]!.field, opened[at++]!) : text,
    )
  }

  private tokensIn(text: string, mark: string): readonly Token[] {
    const found: Token[] = []
    for (let start = text.indexOf(mark); start >= 0; start = text.indexOf(mark, found.at(-1)!.end)) {
      const end = text.indexOf("!", start) + 1
      const from = start + mark.length
      const [toName, toRow, toLink] = threeColons(text, from)
      const field = this.fields.get(text.slice(from, toName))
      if (!field || end <= toLink) throw new UndercroftError("UC331", { field: "a field" })
      const [row, link] = [text.slice(toName + 1, toRow), text.slice(toRow + 1, toLink)]
      const bytes = Buffer.from(text.slice(toLink + 1, end - 1), "base64")
      found.push({ start, end, stored: { field, row, link, bytes, text: text.slice(from, end) } })
    }
    return found
  }

  /** An answer that is kept for a repeat of its request: it may hold what is encrypted elsewhere. */
  keep(answer: string): string {
    const key = this.ring.purposeKey("kept answers")
    return JSON.stringify({ kept: encrypt(key, Buffer.from(answer), keptAnswer).toString("base64") })
  }

  recall(kept: string): string {
    // Erased: it told of somebody who is.
    if (kept === "null") return kept
    const { kept: bytes } = JSON.parse(kept) as { readonly kept: string }
    return decrypt(this.ring.purposeKey("kept answers"), Buffer.from(bytes, "base64"), keptAnswer).toString()
  }
}

const keptAnswer = Buffer.from("kept answer")

/** Where the next three colons are. */
function threeColons(text: string, from: number): readonly [number, number, number] {
  const first = text.indexOf(":", from)
  const second = text.indexOf(":", first + 1)
  return [first, second, text.indexOf(":", second + 1)]
}

function subjectOf({ field, person }: Pick<PlainValue, "field" | "person">): string {
  return `${field.entity.subject!.person.name}:${person}`
}

function nameOf(field: FieldInfo): string {
  return `${field.entity.collection}.${field.name}`
}

function walk(value: unknown, text: (value: string) => unknown): unknown {
  if (typeof value === "string") return text(value)
  if (Array.isArray(value)) return value.map((one) => walk(one, text))
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, text)]))
}

/** What a program is given, from the JSON of a stored value. */
export function answerValue({ encrypted }: FieldInfo, json: string): unknown {
  const value = JSON.parse(json) as unknown
  const { jsonOf } = encrypted!.kind
  return jsonOf ? jsonOf(value) : value
}

function answerOf(field: FieldInfo, json: string): string {
  return field.encrypted!.kind.jsonOf ? JSON.stringify(answerValue(field, json)) : json
}

/** As PostgreSQL's text of a row is written. */
function toCsv(value: unknown): string {
  const text = Array.isArray(value)
    ? arrayLiteral(value.map(String))
    : typeof value === "boolean"
      ? value
        ? "t"
        : "f"
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value)
  return text === "" || /["\\(),\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
