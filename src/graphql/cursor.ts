/** Cursors and node identifiers as callers send them: base64 of a JSON list of texts, which may be made up. */
import { UndercroftError } from "../base/errors.ts"

type Texts = readonly (string | null)[]

const lengthMax = 10_000

function readTexts(value: unknown): Texts | null {
  const encoded = String(value)
  if (encoded.length > lengthMax || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return null
  try {
    const list: unknown = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"))
    const isTexts = Array.isArray(list) && list.every((one) => one === null || typeof one === "string")
    return isTexts ? (list as Texts) : null
  } catch {
    return null
  }
}

/** Throws UC340. */
export function readCursor(value: unknown): Texts {
  const texts = readTexts(value)
  if (!texts) throw new UndercroftError("UC340")
  return texts
}

/** Null where it names nothing: then there is no such row. */
export function readNodeId(
  value: unknown,
): { readonly entity: string; readonly key: readonly string[] } | null {
  const [entity, ...key] = readTexts(value) ?? []
  if (typeof entity !== "string" || key.includes(null)) return null
  return { entity, key: key as readonly string[] }
}
