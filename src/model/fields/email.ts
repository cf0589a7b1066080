/** E-mail addresses: one @, no control characters, compared without regard to case. */
import { Field } from "../field.ts"
import { BadValue } from "../value.ts"
import { textKind } from "./text.ts"

/**
 * An e-mail address. Whether it works, only a mail to it tells.
 *
 * @example
 * email().personal()
 */
export function email(): Field<string> {
  const kind = textKind("email", { max: 254, caseInsensitive: true }, (found) => {
    if (!/^[^\s@<>"'()\\,;:\p{Cc}]+@[^\s@<>"'()\\,;:\p{Cc}]+$/u.test(found)) {
      throw new BadValue("must be an e-mail address", "23514")
    }
  })
  return new Field({
    ...kind,
    checks: (column) => [...(kind.checks?.(column) ?? []), `position('@' in (${column} collate "C")) > 1`],
    schema: () => ({ type: "string", format: "email", maxLength: 254, examples: ["ada@example.org"] }),
  })
}
