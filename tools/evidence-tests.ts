/**
 * Writes down the tests that evidence may point at: those whose titles carry a requirement's number, and those that a
 * standard's list names. `npm run evidence:tests` writes `src/evidence/platform-tests.ts`; a test holds the file true.
 */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseSync, Visitor } from "oxc-parser"
import { numbersIn } from "../src/evidence/requirement-numbers.ts"
import { standards } from "../src/evidence/standards.ts"
import { readFiles } from "./tidy.ts"

const path = "src/evidence/platform-tests.ts"

/** The titles of a file's tests and groups; what may be skipped shows nothing. */
export function titlesOf(file: string, text: string): readonly string[] {
  const titles: string[] = []
  const visitor = new Visitor({
    CallExpression({ callee, arguments: [first] }) {
      if (
        !/^(test|it|describe)(\.(each|concurrent|sequential|only)\b.*)?$/s.test(
          text.slice(callee.start, callee.end),
        )
      )
        return
      if (first?.type === "Literal" && typeof first.value === "string") titles.push(first.value)
      if (first?.type === "TemplateLiteral" && first.expressions.length === 0)
        titles.push(first.quasis[0]?.value.cooked ?? "")
    },
  })
  visitor.visit(parseSync(file, text).program)
  return titles
}

/** The index as it should stand in the file. */
export function indexText(files: ReadonlyMap<string, string> = readFiles()): string {
  const named = new Set(
    Object.values(standards).flatMap(({ requirements }) => requirements.flatMap((one) => one.tests ?? [])),
  )
  const lines = [...files]
    .filter(([file]) => /\.test\.tsx?$/.test(file))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([file, text]) => {
      const kept = titlesOf(file, text).filter(
        (title) => numbersIn(title).length > 0 || named.has(`${file} › ${title}`),
      )
      const unique = [...new Set(kept)].map((title) => `    ${JSON.stringify(title)},`)
      return unique.length === 0 ? [] : [`  ${JSON.stringify(file)}: [`, ...unique, "  ],"]
    })
  return `${opening}${lines.join("\n")}\n}\n`
}

const opening = `/** The tests of the platform that evidence points at, by file. Written by \`npm run evidence:tests\`; a test holds it true. */
// biome-ignore-all format: it is written by a program.

export const platformTests: Readonly<Record<string, readonly string[]>> = {
`

if (import.meta.main) writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), indexText())
