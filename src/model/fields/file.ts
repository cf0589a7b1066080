/** Files, kept as the key under which the object store has them. */
import { Field } from "../field.ts"
import { textKind } from "./text.ts"

/**
 * The key of a stored file.
 *
 * @example
 * file().optional()
 */
export function file(): Field<string> {
  const kind = textKind("file", {
    max: 512,
    pattern: /[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*/,
  })
  return new Field(kind)
}
