/** A value so that two are the same only when they are written the same: `a` and `A`, a day and 24 hours are not. */
import type { FieldInfo } from "../model/model.ts"

export function exact({ kind }: FieldInfo, sql: string): string {
  if (kind.collation) return `(${sql} collate "C")`
  return /^(point|interval|jsonb)$|range$|\[\]$/.test(kind.sqlType) ? `(${sql})::text` : sql
}
