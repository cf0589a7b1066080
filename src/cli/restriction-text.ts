/** What holds for a restricted field, in words. */
import type { RestrictedField } from "../policy/access-matrix.ts"

/** "visible to …; set by …; never changed", without what everyone who reads or changes the row may do. */
export function restrictionText({ visibleTo, writableBy, immutable }: RestrictedField): string {
  const rules =
    visibleTo !== null && visibleTo === writableBy
      ? [`only seen and set by ${visibleTo}`]
      : [
          ...(visibleTo === null ? [] : [`only seen by ${visibleTo}`]),
          ...(writableBy === null ? [] : [`only set by ${writableBy}`]),
        ]
  const parts = [...rules, ...(immutable ? ["never changed once it is set"] : [])].join("; ")
  return `${parts.charAt(0).toUpperCase()}${parts.slice(1)}.`
}
