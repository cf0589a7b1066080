/** Groups and what is computed of each: from the options to `select`, and from flat answers to rows by kind. */
import { checkName } from "./write-value.ts"

const kinds = ["sum", "avg", "min", "max"] as const

export type AnyAggregate = {
  readonly by?: readonly string[]
  readonly count?: boolean
} & { readonly [Kind in (typeof kinds)[number]]?: readonly string[] }

/**
 * Items under names with a dash below, which no field has: `min_born:born.min()`. Rows are always counted: without
 * anything computed, the answer would be of rows, not of groups.
 */
export function aggregateItems(query: AnyAggregate): readonly string[] {
  return [
    ...(query.by ?? []).map(checkName),
    "count()",
    ...kinds.flatMap((kind) =>
      (query[kind] ?? []).map((name) => `${kind}_${name}:${checkName(name)}.${kind}()`),
    ),
  ]
}

/** `{ status, min_born }` → `{ status, min: { born } }`. */
export function foldAggregates(query: AnyAggregate, row: Readonly<Record<string, unknown>>): object {
  const folded: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    if (name === "count" && query.count !== true) continue
    const [kind, field] = name.split("_") as [string, string?]
    if (field === undefined) folded[kind] = value
    else folded[kind] = { ...(folded[kind] as object), [field]: value }
  }
  return folded
}
