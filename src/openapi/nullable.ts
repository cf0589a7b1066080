/** Which fields of a row may be null as answers give them. */
import type { FieldInfo } from "../model/model.ts"

/** Optional fields, those that only some may see, and what a view reads at the end of a path or computes. */
export function isNullable({ optional, visibleTo, source }: FieldInfo): boolean {
  const isCopy = source === null || (source.kind === "field" && source.path.length === 1)
  return optional || visibleTo !== null || !isCopy
}
