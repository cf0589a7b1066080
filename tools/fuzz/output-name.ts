/** The key under which an item of a select list answers. */
import type { SelectDescription } from "./description.ts"

export function outputName(item: Exclude<SelectDescription, { all: true }>): string {
  if ("embed" in item) return embedName(item)
  if ("count" in item) return item.alias ?? "count"
  const last = item.json?.at(-1)?.key
  return item.alias ?? item.aggregate ?? (typeof last === "string" ? last : item.field)
}

/** Filters and orders call an embed so; a hint is no part of its name. */
export function embedName({ alias, embed }: { readonly alias?: string; readonly embed: string }): string {
  return alias ?? (embed.split("!")[0] as string)
}
