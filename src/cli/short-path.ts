/** Paths as people type them: relative to where they are, unless that is longer. */
import { relative } from "node:path"

export function shortPath(path: string): string {
  const near = relative(process.cwd(), path) || "."
  return near.startsWith("..") && near.length > path.length ? path : near
}
