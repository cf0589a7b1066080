/**
 * Which requirements and advisories the tests say they show, and the comments that cite them: `npm run requirements`, and with a
 * list of numbers which of them no test names.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { parseSync, Visitor } from "oxc-parser"
import { assess } from "../src/evidence/assess.ts"
import { standards as rows } from "../src/evidence/standards.ts"
import { readFiles } from "./tidy.ts"

/** Where a number stands. */
export interface RequirementPlace {
  /** From the root, with forward slashes. */
  readonly file: string
  readonly line: number
  /** The title, or the sentence of the comment. */
  readonly title: string
  /** Only a test shows something; a comment says what a line is for. */
  readonly kind: "test" | "comment"
}

interface Standard {
  readonly name: string
  /** The number, or several with commas between; the first group is what stands before each of them. */
  readonly pattern: RegExp
}

const standards: readonly Standard[] = [
  { name: "TR-03161-3", pattern: /\b(TR-03161-3 )(?:[A-Z][A-Za-z]*_\d+)(?:, [A-Z][A-Za-z]*_\d+)*/g },
  { name: "CVE", pattern: /\b()CVE-\d{4}-\d{4,7}\b/g },
  { name: "GHSA", pattern: /\b()GHSA(?:-[a-z0-9]{4}){3}\b/g },
  {
    name: "GDPR",
    pattern: /\b(GDPR )Art\. \d+(?:\(\d+\))*(?:\([a-z]\))?(?:, Art\. \d+(?:\(\d+\))*(?:\([a-z]\))?)*/g,
  },
  { name: "EHDS", pattern: /\b(EHDS )Art\. \d+(?:\(\d+\))*/g },
  { name: "HIPAA", pattern: /\b(HIPAA )164\.\d+(?:\([a-z0-9]+\))*/g },
  { name: "ASVS", pattern: /\b(ASVS )V?\d+(?:\.\d+)+(?:, V?\d+(?:\.\d+)+)*/g },
]

/** The numbers that a text names, each with its standard: `TR-03161-3 Auth_19, Auth_20` is two. */
export function requirementsIn(text: string): readonly string[] {
  const found = standards.flatMap(({ pattern }) =>
    [...text.matchAll(pattern)].flatMap(([all, before = ""]) =>
      all
        .slice(before.length)
        .split(", ")
        .map((one) => before + one),
    ),
  )
  return [...new Set(found)]
}

/** All numbers below a folder, in the order of their names, each with the places where it stands. */
export function findRequirements(root: string): Map<string, RequirementPlace[]> {
  const places = new Map<string, RequirementPlace[]>()
  for (const [file, text] of readFiles(root)) {
    if (!/\.tsx?$/.test(file) || requirementsIn(text).length === 0) continue
    for (const { id, ...place } of placesIn(file, text)) places.set(id, [...(places.get(id) ?? []), place])
  }
  const inOrder = (one: string, other: string): number => one.localeCompare(other, "en", { numeric: true })
  return new Map([...places].toSorted(([one], [other]) => inOrder(one, other)))
}

function placesIn(file: string, text: string): readonly (RequirementPlace & { readonly id: string })[] {
  const { program, comments } = parseSync(file, text)
  const said: { readonly at: number; readonly text: string; readonly kind: "test" | "comment" }[] = []
  for (const { start, value } of comments) said.push({ at: start, text: value, kind: "comment" })
  if (/\.test\.tsx?$/.test(file))
    // A title may be put together of rows, so every text of a test counts.
    new Visitor({
      Literal({ start, value }) {
        if (typeof value === "string") said.push({ at: start, text: value, kind: "test" })
      },
      TemplateElement({ start, value }) {
        said.push({ at: start, text: value.raw, kind: "test" })
      },
    }).visit(program)
  return said
    .toSorted((one, other) => one.at - other.at)
    .flatMap(({ at, text: words, kind }) =>
      requirementsIn(words).map((id) => ({
        id,
        file,
        line: text.slice(0, at).split("\n").length,
        title: words
          .replaceAll(/^\s*\*+ ?/gm, "")
          .replaceAll(/\s+/g, " ")
          .trim(),
        kind,
      })),
    )
}

/** Numbers of a list, one a line up to the first tab, that no test names. What has no standard before it is of the one given. */
export function missingOf(
  list: string,
  standard: string,
  found: ReadonlyMap<string, readonly RequirementPlace[]>,
): readonly string[] {
  return list
    .split(/\r?\n/)
    .map((line) => line.split("\t")[0]!.trim())
    .filter((id) => /\d/.test(id))
    .map((id) => (requirementsIn(id).length > 0 ? id : `${standard} ${id}`))
    .filter((id) => !found.get(id)?.some(({ kind }) => kind === "test"))
}

/** What the platform answers for and neither a test shows nor a live check looks at: by standard, with what is missing. */
export function unshown(): readonly { readonly id: string; readonly missing: string }[] {
  return Object.values(rows).flatMap((standard) =>
    assess(standard, { checks: new Map(), hasAccounts: true })
      .filter(
        ({ requirement, tests, checks }) =>
          requirement.who === "platform" && tests.length + checks.length === 0,
      )
      .map(({ requirement, open }) => ({
        id: `${standard.prefix} ${requirement.id}`,
        missing: open.join(" "),
      })),
  )
}

const help = `Lists the requirements and advisories that tests name, by standard, and those that nothing shows.

  npm run requirements                              all of them
  npm run requirements -- --list numbers.tsv        which of a list no test names; fails if there is one

  --list <file>       one number a line, up to the first tab
  --standard <name>   what a number of the list is of, when it does not say (TR-03161-3)
  --only <text>       numbers of the list that begin with it, or with one of several with commas between
  --json              prints the result as JSON
`

function main(): void {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h", default: false },
      list: { type: "string" },
      standard: { type: "string", default: "TR-03161-3" },
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const found = findRequirements(fileURLToPath(new URL("..", import.meta.url)))
  const begins = values.only.split(",").map((one) => `${values.standard} ${one}`)
  const missing = values.list
    ? missingOf(readFileSync(values.list, "utf8"), values.standard, found).filter((id) =>
        begins.some((one) => values.only === "" || id.startsWith(one)),
      )
    : []
  if (missing.length > 0) process.exitCode = 1
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ found: Object.fromEntries(found), missing, unshown: unshown() }, null, 2)}\n`
      : print(found, missing),
  )
}

function print(found: ReadonlyMap<string, readonly RequirementPlace[]>, missing: readonly string[]): string {
  const lines = standards.flatMap(({ name }) => {
    const ids = [...found].filter(([id]) => id.startsWith(name))
    if (ids.length === 0) return []
    const told = ids.map(([id, places]) => {
      const tests = places.filter(({ kind }) => kind === "test")
      const { file, line } = (tests[0] ?? places[0])!
      return `  ${id}: ${tests.length > 0 ? `${tests.length} in tests` : "in comments alone"}, ${file}:${line}`
    })
    return [`${name}: ${ids.length}`, ...told]
  })
  lines.push("", "The platform answers for these, and no test or live check shows them:")
  for (const { id, missing: what } of unshown()) lines.push(`  ${id}: ${what}`)
  if (missing.length > 0) lines.push("", "No test names:", ...missing.map((id) => `  ${id}`))
  return `${lines.join("\n")}\n`
}

if (import.meta.main) main()
