/** What the tests say they show is found; and each aspect of TR-03161-3 on signing in has a test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { findRequirements, missingOf, requirementsIn, unshown } from "./requirements.ts"

// Put together here, or this file would name them itself.
const tr = ["TR", "03161", "3"].join("-")
const cve = ["CVE", "2999", "12345"].join("-")
const ghsa = ["GHSA", "aaaa", "bbbb", "cccc"].join("-")

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "undercroft-requirements-"))
  mkdirSync(join(folder, "src"))
  mkdirSync(join(folder, "node_modules"))
  const titles = `/** Shows ${cve}. */\n\ntest("${tr} Made_1, Made_2: it holds", () => {})\ntest.each([\`\${1} (${ghsa})\`])("%s", () => {})\n`
  writeFileSync(join(folder, "src", "a.test.ts"), titles)
  writeFileSync(
    join(folder, "src", "a.ts"),
    `const text = "${cve}"\n/**\n * For ${tr} Made_3,\n * and more.\n */\n`,
  )
  writeFileSync(join(folder, "node_modules", "b.test.ts"), `test("${tr} Made_4: no", () => {})\n`)
  writeFileSync(join(folder, "notes.md"), `${tr} Made_5\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("titles and comments are found, with file and line; other texts are not", () => {
  const title = { file: "src/a.test.ts", line: 3, title: `${tr} Made_1, Made_2: it holds`, kind: "test" }
  expect([...findRequirements(folder)]).toEqual([
    [cve, [{ file: "src/a.test.ts", line: 1, title: `Shows ${cve}.`, kind: "comment" }]],
    [ghsa, [{ file: "src/a.test.ts", line: 4, title: `(${ghsa})`, kind: "test" }]],
    [`${tr} Made_1`, [title]],
    [`${tr} Made_2`, [title]],
    [`${tr} Made_3`, [{ file: "src/a.ts", line: 2, title: `For ${tr} Made_3, and more.`, kind: "comment" }]],
  ])
})

test("each standard's way of counting is read", () => {
  const ids = [
    ["GDPR", "Art. 5(1)(f)"],
    ["HIPAA", "164.312(a)(2)(iv)"],
    ["ASVS", "6.2.1"],
    ["ASVS", "V2.1"],
  ].map((parts) => parts.join(" "))
  expect(requirementsIn(`${ids.slice(0, 3).join(" and ")}, V2.1; CVE-1 and ASVS say nothing`)).toEqual(ids)
})

test("of a list it is told what no test names; a comment is no test", () => {
  const list = `id\twho\nMade_1\tplatform\nMade_3\tplatform\n${ghsa}\n${cve}\n`
  expect(missingOf(list, tr, findRequirements(folder))).toEqual([`${tr} Made_3`, cve])
})

test("what the platform answers for and nothing shows is listed, with what is missing", () => {
  const listed = new Map(unshown().map(({ id, missing }) => [id, missing]))
  expect(listed.get(`${tr} Data_8`)).toContain("lost devices")
  expect([...listed.values()].filter((missing) => missing === "")).toEqual([])
  // Shown by a test whose title names it, by one that its row names, and by a live check.
  for (const id of ["Auth_9", "Arch_5", "Arch_10"]) expect(listed.has(`${tr} ${id}`)).toBe(false)
})

test("each aspect of authentication, passwords and chance has a test that names it", () => {
  const aspects = [
    ...Array.from({ length: 21 }, (_, at) => `Auth_${at + 1}`),
    ...Array.from({ length: 5 }, (_, at) => `Pass_${at + 1}`),
    "Rand_1",
  ]
  const found = findRequirements(fileURLToPath(new URL("..", import.meta.url)))
  expect(missingOf(aspects.join("\n"), tr, found)).toEqual([])
})
