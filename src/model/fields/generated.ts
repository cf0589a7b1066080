/** Fields that the database computes from other fields of the row, and stores. */
import type { Expr, LooseScope } from "../capture.ts"
import { toNode } from "../expression.ts"
import { Field } from "../field.ts"

/**
 * A value computed from the row's own fields.
 *
 * @example
 * generated(text(), ({ row }) => concat(row.first, " ", row.last))
 */
export function generated<T>(
  of: Field<T, string>,
  from: (scope: LooseScope) => Expr<T>,
): Field<T, "readonly" | "optional"> {
  return new Field(of.kind, {
    ...of.options,
    optional: true,
    readonly: true,
    generated: (scope) => toNode(from(scope)),
  })
}
