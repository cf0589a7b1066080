/** Web addresses: http and https only, so that a stored link can't run script. */
import { Field } from "../field.ts"
import { BadValue } from "../value.ts"
import { textKind } from "./text.ts"

/**
 * An absolute http or https URL of at most 2,048 characters.
 *
 * @example
 * url().optional()
 */
export function url(): Field<string> {
  const kind = textKind("url", { max: 2048 }, (found) => {
    const parsed = URL.canParse(found) ? new URL(found) : null
    if (parsed === null || !/^https?:\/\//i.test(found))
      throw new BadValue("must be an http or https URL", "23514")
  })
  return new Field({
    ...kind,
    checks: (column) => [...(kind.checks?.(column) ?? []), `${column} ~* '^https?://'`],
    schema: () => ({ type: "string", format: "uri", maxLength: 2048, examples: ["https://example.org/"] }),
  })
}
