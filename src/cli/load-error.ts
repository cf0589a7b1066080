/** What went wrong while a project's files were loaded: in which file, in which line, and what. */
import { readFileSync } from "node:fs"
import { sep } from "node:path"
import { fileURLToPath } from "node:url"
import { UndercroftError } from "../base/errors.ts"
import { shortPath } from "./short-path.ts"

/** UC902 for what a project's file threw; errors of Undercroft itself stay what they are. */
export function toLoadError(cause: unknown, file: string): UndercroftError {
  if (cause instanceof UndercroftError) return cause
  if (!(cause instanceof Error))
    return new UndercroftError(
      "UC902",
      { place: shortPath(file), why: `it threw ${String(cause)}` },
      { cause },
    )
  const missing = missingModule(cause)
  if (missing)
    return new UndercroftError(
      "UC902",
      { place: missing.from, why: `it imports ${missing.what}, which is not there` },
      { cause, hint: missing.mend },
    )
  const place = placeOf(cause) ?? { path: file, line: null }
  const why = cause.message || cause.name
  const where = `${shortPath(place.path)}${place.line === null ? "" : `:${place.line}`}`
  const source = place.line === null ? null : sourceLine(place.path, Number.parseInt(place.line, 10))
  const mend =
    (cause as NodeJS.ErrnoException).code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" ? erasableOnly : undefined
  return new UndercroftError(
    "UC902",
    { place: where, why },
    { cause, ...(source && { details: source }), ...(mend && { hint: mend }) },
  )
}

const erasableOnly =
  "Node runs TypeScript by leaving the types out: use a union in place of an enum, fields in place of parameter properties."

interface Place {
  readonly path: string
  readonly line: string | null
}

/** A syntax error begins with its place; another has it in the first of its frames that is not Node's or a package's. */
function placeOf(error: Error): Place | null {
  const lines = (error.stack ?? "").split("\n")
  const first = /^((?:file:\/\/)?(?:\/|[A-Za-z]:\\).*?):(\d+)$/.exec(lines[0] ?? "")
  const found =
    first ??
    lines
      .map((line) => /^\s+at .*?\(?(file:\/\/[^\s)]+?):(\d+:\d+)\)?$/.exec(line))
      .find((frame) => frame && !isForeign(frame[1] ?? ""))
  if (!found?.[1]) return null
  return { path: found[1].startsWith("file://") ? fileURLToPath(found[1]) : found[1], line: found[2] ?? null }
}

/** Whether the code of a folder threw an error, or called what threw it. */
export function isThrownIn(folder: string, error: unknown): boolean {
  return error instanceof Error && placeOf(error)?.path.startsWith(folder + sep) === true
}

const ownSources = new URL("..", import.meta.url).href

function isForeign(url: string): boolean {
  return url.startsWith(ownSources) || url.includes("/node_modules/")
}

function missingModule(error: Error): { what: string; from: string; mend: string } | null {
  if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") return null
  const found = /Cannot find (package|module) '(.+?)' imported from (.+)$/.exec(error.message)
  if (!found) return null
  const [, kind, name = "", from = ""] = found
  return kind === "package"
    ? { what: `the package ${name}`, from: shortPath(from), mend: `Install it: npm install ${name}` }
    : {
        what: shortPath(name),
        from: shortPath(from),
        mend: "Correct the path; it ends with the file's own ending, such as ./model.ts.",
      }
}

function sourceLine(path: string, line: number): string | null {
  try {
    return readFileSync(path, "utf8").split("\n")[line - 1]?.trim().slice(0, 200) || null
  } catch {
    return null
  }
}
