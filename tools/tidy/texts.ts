/** What can be seen in a text alone: its length, its first sentence, its docstrings, words that don't belong. */
import type { Entrances } from "./graph.ts"
import type { FileMap, SourceMap, Violation } from "./sources.ts"

const maxLines = 500
/** Lists that a program writes: a test holds them true, and nobody reads them from top to bottom. */
const writtenByPrograms: ReadonlySet<string> = new Set(["src/evidence/platform-tests.ts"])

/** No file of src is longer than 500 lines. */
export function checkLengths(files: FileMap): readonly Violation[] {
  return [...files]
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) => path.startsWith("src/") && lines > maxLines && !writtenByPrograms.has(path))
    .map(({ path, lines }) => ({
      rule: "length",
      path,
      message: `${lines} lines, at most ${maxLines}: divide it`,
    }))
}

/** Every file of src can be parsed, and opens with a sentence in a doc comment. */
export function checkOpenings(sources: SourceMap): readonly Violation[] {
  const violations: Violation[] = []
  for (const { path, text, comments, syntaxError } of sources.values()) {
    if (syntaxError !== undefined) violations.push({ rule: "syntax", path, message: syntaxError })
    if (!path.startsWith("src/")) continue
    const start = text.length - text.replace(/^(#!.*\n)?\s*/, "").length
    const first = comments.find((comment) => comment.start === start)
    const opens = first?.type === "Block" && first.value.startsWith("*") && isSentence(first.value)
    if (opens) continue
    violations.push({ rule: "opening", path, message: "it does not open with a sentence in a doc comment" })
  }
  return violations
}

/** Three words and a full stop. */
function isSentence(comment: string): boolean {
  const text = comment.replaceAll(/^\s*\*+ ?/gm, "").trim()
  return text.split(/\s+/).length >= 3 && /[.!?](\s|$)/.test(text)
}

/** Every name that a door exports has a doc comment where it is declared. */
export function checkDocstrings(sources: SourceMap, { doors }: Entrances): readonly Violation[] {
  return doors.flatMap((door) =>
    publicNames(sources, door)
      .filter(({ path, name }) => sources.get(path)?.documented.has(name) === false)
      .map(({ path, name }) => ({
        rule: "docstring",
        path,
        message: `"${name}" is public (${door}) and has no doc comment`,
      })),
  )
}

interface PublicName {
  readonly path: string
  readonly name: string
}

/** Where the names that a file exports are declared, through whatever passes them on. */
function publicNames(sources: SourceMap, path: string, only?: string): readonly PublicName[] {
  return (sources.get(path)?.exports ?? []).flatMap(({ name, localName, from }) => {
    if (only !== undefined && name !== only && name !== "*") return []
    if (from === undefined) return [{ path, name: name === "default" ? name : localName }]
    return publicNames(sources, from, localName === "*" ? only : localName)
  })
}

/** Places of one machine, and the addresses of package registries. */
const addresses: readonly RegExp[] = [
  /(?:(?<![\w.\-/:])|(?<=file:\/\/))\/(?:work|home|root|Users)\/[\w.-]+/,
  /\b[A-Z]:\\Users\\/,
  /\bregistry\.(?!example\b)[\w.-]+\.(?:org|com|net|io|dev|local|internal)\b/i,
  /\b(?:artif[a]ctory|verd[a]ccio|npm\.pkg\.github)\b/i,
  /_auth[T]oken/,
]

/**
 * Words that say by what or how a text was written: it should stand for itself. Each is written with a dot in
 * it, so that this list passes its own check.
 */
const words: readonly string[] = [
  "cop·ilot",
  "chat·gpt",
  "open·ai",
  "anth·ropic",
  "cla·ude",
  "gem·ini",
  "cod·ex",
  "ll·ms?",
  "large lan·guage model",
  "ai[- ]gene·rated",
  "cod·ing assistant",
  "gene·rated (?:by|with) (?:an? )?(?:ai|assistant)",
  "co-auth·ored-by",
  "system pro·mpt",
]
const provenance = new RegExp(`\\b(?:${words.map((word) => word.replace("·", "")).join("|")})\\b`, "i")

/** No text names a machine's own places, a registry, or the tools it was written with. */
export function checkWords(files: FileMap): readonly Violation[] {
  const violations: Violation[] = []
  for (const [path, text] of files) {
    for (const [index, line] of text.split("\n").entries()) {
      const found = [...addresses, provenance].map((pattern) => pattern.exec(line)?.[0]).find(Boolean)
      if (found === undefined) continue
      violations.push({ rule: "words", path, message: `line ${index + 1} says "${found}"` })
    }
  }
  return violations
}
