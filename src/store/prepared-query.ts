/** A statement that a connection runs again and again, planned once: of an erasure's time most would go into planning. */
import { createHash } from "node:crypto"
import type pg from "pg"

/** Known by its text. */
const names = new Map<string, string>()

export function preparedQuery(text: string, values: readonly unknown[]): pg.QueryConfig {
  const name = names.get(text) ?? `undercroft_${createHash("sha256").update(text).digest("hex").slice(0, 24)}`
  names.set(text, name)
  return { name, text, values: [...values] }
}
