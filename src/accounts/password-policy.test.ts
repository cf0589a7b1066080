/** Which passwords are taken and why others are not; the file of hashes is searched, not read. */
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { breachedIn } from "./breached-passwords.ts"
import { createJudge } from "./password-policy.ts"

const judge = createJudge({ password: true }, "clinic")
const words = ["Maria Mueller", "maria.mueller@praxis-nord.example"]
const codeOf = async (password: string): Promise<string | null> =>
  (await judge(password, words))?.code ?? null

test("TR-03161-3 Pass_1: length over composition, in characters as people count them", async () => {
  const rows: readonly [password: string, code: string | null][] = [
    ["seven77", "PASSWORD_TOO_SHORT"],
    ["eightöäü", null],
    ["lowercaseonly", null],
    ["四字熟語です", "PASSWORD_TOO_SHORT"],
    ["四字熟語です長い", null],
    // Sixteen units of UTF-16, eight characters.
    ["😀🐢🌵🎻🧲🪁🥝🛶", null],
    ["😀🐢🌵🎻", "PASSWORD_TOO_SHORT"],
    // Eight as typed, seven once composed.
    ["cafe\u0301xyz", "PASSWORD_TOO_SHORT"],
    [`${"a b c d e f g h ".repeat(8)}end`, null],
    [
      Array.from({ length: 64 }, (_, at) => `w${at * 7919}`)
        .join("")
        .slice(0, 256),
      null,
    ],
    [
      Array.from({ length: 64 }, (_, at) => `w${at * 7919}`)
        .join("")
        .slice(0, 257),
      "PASSWORD_TOO_LONG",
    ],
  ]
  for (const [password, code] of rows) expect([password, await codeOf(password)]).toEqual([password, code])
})

test("what everybody tries first is refused, whatever the case", async () => {
  for (const one of ["password1", "PassWord1", "iloveyou1", "trustno1", "qwertyuiop"])
    expect([one, await codeOf(one)]).toEqual([one, "PASSWORD_COMPROMISED"])
  for (const one of [
    "aaaaaaaaaaaa",
    "abcabcabcabc",
    "12345678901"[0]!.repeat(9),
    "23456789",
    "zyxwvuts",
    "hahahahaha!",
  ])
    expect([one, await codeOf(one)]).toEqual([one, "PASSWORD_TOO_SIMPLE"])
})

test("what anyone can look up is no secret, but may stand in a longer one", async () => {
  for (const one of [
    "MariaMueller1",
    "clinic2026!",
    "Mueller-1984",
    "maria.mueller@praxis-nord.example",
    "Clinic-Clinic-1",
  ])
    expect([one, await codeOf(one)]).toEqual([one, "PASSWORD_TOO_PERSONAL"])
  for (const one of ["the clinic by the old harbour", "mueller grinds no flour here"])
    expect([one, await codeOf(one)]).toEqual([one, null])
})

test("each refusal says why", async () => {
  for (const one of ["short", "a".repeat(300), "aaaaaaaaaa", "clinic2026!", "password1"])
    expect((await judge(one, words))?.message).toMatch(/^The password (has|repeats|is) \w+/)
  expect((await judge("password1", words))?.message).not.toContain("password1")
})

describe("an offline corpus", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "undercroft-corpus-"))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex").toUpperCase()
  const known = Array.from({ length: 3000 }, (_, at) => `known password ${at}`)
  const write = (name: string, lines: readonly string[], end: string): string => {
    const path = join(folder, name)
    writeFileSync(path, lines.join(end) + (name.includes("open") ? "" : end))
    return path
  }

  test("every line of it is found, in every form it comes in, and nothing else", async () => {
    const hashes = known.map(sha1).toSorted()
    const files = [
      write(
        "counted",
        hashes.map((one, at) => `${one}:${at ** 2}`),
        "\r\n",
      ),
      write("bare", hashes, "\n"),
      write(
        "open end",
        hashes.map((one) => one.toLowerCase()),
        "\n",
      ),
    ]
    for (const path of files) {
      const isBreached = breachedIn(path)
      for (const one of known) expect(await isBreached(one)).toBe(true)
      for (let at = 0; at < 300; at++) expect(await isBreached(`unknown password ${at}`)).toBe(false)
    }
    for (const few of [1, 2, 3]) {
      const isBreached = breachedIn(write(`few ${few}`, hashes.slice(0, few), "\n"))
      expect(await Promise.all(known.map(isBreached))).toEqual(
        known.map((one) => hashes.indexOf(sha1(one)) < few),
      )
    }
  })

  test("it takes the place of the list", async () => {
    const corpus = write("own", [sha1("the clinic by the old harbour")], "\n")
    const own = createJudge({ passwords: { corpus } }, "clinic")
    expect((await own("the clinic by the old harbour", []))?.code).toBe("PASSWORD_COMPROMISED")
    expect(await own("password1", [])).toBeNull()
  })

  test("what is no corpus is refused at the start, and a broken one refuses rather than passes", async () => {
    writeFileSync(join(folder, "text"), "password\nletmein\n")
    writeFileSync(join(folder, "empty"), "")
    for (const name of ["text", "empty", "missing", "."])
      expect(() => createJudge({ passwords: { corpus: join(folder, name) } }, "clinic")).toThrow(
        /accounts\.passwords\.corpus/,
      )
    const broken = write("broken", [sha1("a"), ...Array(50).fill("x".repeat(30))], "\n")
    await expect(breachedIn(broken)("anything at all")).rejects.toThrow(/no hash/)
  })
})
