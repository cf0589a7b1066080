/** What `field::text` gives. */
import type { KindDescription } from "./description.ts"
import { jsonbText } from "./oracle-json.ts"
import { OpenQuestion } from "./oracle-search.ts"

export function castText(value: unknown, kind: KindDescription): string | null {
  if (value === null) return null
  if (kind.type === "json") return jsonbText(value)
  // How moments, lists and ranges are written hangs on settings and quoting.
  if (kind.type === "instant" || kind.type === "list" || kind.type === "range")
    throw new OpenQuestion(`${kind.type} as text`)
  return String(value)
}
