/** Nothing is met without a test that exists or a check that passed; and each standard has every number once. */
import { readFile } from "node:fs/promises"
import { describe, expect, test } from "vitest"
import { indexText, titlesOf } from "../../tools/evidence-tests.ts"
import { type Assessment, assess, type Status } from "./assess.ts"
import { findDrift, newlyMet } from "./baseline.ts"
import type { CheckResult } from "./checks.ts"
import { platformTests } from "./platform-tests.ts"
import type { Requirement, Standard } from "./requirement.ts"
import { numbersIn } from "./requirement-numbers.ts"
import { asvsLeftOut, asvsLevels } from "./standards/asvs-levels.ts"
import { shownBy, testWords } from "./standards/shown-by.ts"
import { standards } from "./standards.ts"
import { toDoLists } from "./to-do.ts"
import { dutyOf } from "./words.ts"

// Put together here, or lists of what tests show would take these numbers for shown.
const [tr, gdpr, hipaa, owasp] = ["TR-03161-3", "GDPR", "HIPAA", "ASVS"]

const passed = (name: string, ok: boolean | null = true): [string, CheckResult] => [
  name,
  { name, title: name, ok, says: `${name} says ${ok}` },
]

/** The names of all checks that requirements point at. */
const named = [
  ...new Set(
    Object.values(standards).flatMap((one) => one.requirements.flatMap(({ checks = [] }) => checks)),
  ),
]
const allPass = new Map(named.map((name) => passed(name)))
const everything: Assessment = { checks: allPass, hasAccounts: true }

const one = (
  requirement: Partial<Requirement>,
  found: Partial<Assessment> = {},
): [Status, readonly string[]] => {
  const standard: Standard = {
    name: "Made",
    about: "Made.",
    prefix: "HIPAA",
    requirements: [{ id: "164.999", text: "Something.", who: "platform", ...requirement }],
  }
  const [finding] = assess(standard, { checks: allPass, hasAccounts: true, tests: {}, ...found })
  return [finding!.status, finding!.open]
}

describe("a requirement", () => {
  const tests = { "a.test.ts": [`${hipaa} 164.999: it holds`, "another"] }
  test.each<[string, Partial<Requirement>, Partial<Assessment>, Status]>([
    ["nothing shows", {}, {}, "open"],
    ["a sentence alone shows", { how: "Very well." }, {}, "open"],
    ["a test with its number shows", {}, { tests }, "met"],
    ["a deeper number shows", {}, { tests: { "a.test.ts": [`${hipaa} 164.999(a): it holds`] } }, "met"],
    ["a longer number shows", {}, { tests: { "a.test.ts": [`${hipaa} 164.9990: it holds`] } }, "open"],
    ["a named test shows", { tests: ["a.test.ts › another"] }, { tests }, "met"],
    ["a test that is gone showed", { tests: ["a.test.ts › gone"] }, { tests }, "open"],
    ["a check that passes shows", { checks: ["rows-secured"] }, {}, "met"],
    ["a check that is gone showed", { checks: ["rows-secured"] }, { checks: new Map() }, "open"],
    [
      "a check can't tell of",
      { checks: ["rows-secured"] },
      { checks: new Map([passed("rows-secured", null)]) },
      "open",
    ],
    [
      "a check refutes, whatever tests say",
      { checks: ["rows-secured"] },
      { tests, checks: new Map([passed("rows-secured", false)]) },
      "failed",
    ],
    ["a check shows, and a test is wanted", { checks: ["rows-secured"], needsTest: true }, {}, "open"],
    ["both show", { checks: ["rows-secured"], needsTest: true }, { tests }, "met"],
    ["a gap is known of", { gap: "Not all of it." }, { tests }, "open"],
    ["the operator answers for", { who: "operator", duty: "Do it." }, { tests }, "yours"],
    ["whoever signs people in answers for", { accounts: true }, { tests, hasAccounts: false }, "yours"],
  ])("that %s", (_, requirement, found, status) => {
    const [is, open] = one(requirement, found)
    expect(is).toBe(status)
    expect(open.length > 0).toBe(status === "open" || status === "failed")
  })
})

describe.each(Object.entries(standards))("%s", (_, standard) => {
  const met = assess(standard, everything).filter((it) => it.status === "met")

  test("has each number once, in words of its own, and somebody who answers", () => {
    const ids = standard.requirements.map((it) => it.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { who, duty, text } of standard.requirements) {
      expect(text).toMatch(/^[A-Z].{10,}\.$/)
      if (who !== "platform") expect(duty).toMatch(/\.$/)
    }
  })

  test("loses what is met when what shows it is taken away", () => {
    expect(met.length).toBeGreaterThan(3)
    for (const { requirement, tests, checks } of met) {
      const without = Object.fromEntries(
        Object.entries(platformTests).map(([file, titles]) => [
          file,
          titles.filter((title) => !tests.includes(`${file} › ${title}`)),
        ]),
      )
      const bare: Assessment = {
        ...everything,
        checks: new Map([...allPass].filter(([name]) => !checks.some((it) => it.name === name))),
        tests: without,
      }
      expect([
        requirement.id,
        assess(standard, bare).find((it) => it.requirement.id === requirement.id)?.status,
      ]).toEqual([requirement.id, "open"])
      for (const check of checks) {
        const red = assess(standard, {
          ...everything,
          checks: new Map([...allPass, passed(check.name, false)]),
        })
        expect([requirement.id, red.find((it) => it.requirement.id === requirement.id)?.status]).toEqual([
          requirement.id,
          "failed",
        ])
      }
    }
  })
})

test("what tests show is said without holes that a row of a table would fill in", () => {
  const tests = Object.values(standards).flatMap((it) =>
    assess(it, everything).flatMap((found) => found.tests),
  )
  expect(tests.filter((it) => /%[sdijfo]|\$\w|…|^$/.test(testWords(it)))).toEqual([])
  expect(testWords("a.test.ts › a dataset is refused: with %s")).toBe("a dataset is refused")
})

test("nobody is told to do what a check has seen done", () => {
  const dutyIn = (found: Assessment): string | null =>
    dutyOf(assess(standards.gdpr, found).find((it) => it.requirement.id === "Art. 6")!)
  expect(dutyIn(everything)).toMatch(/^Look again/)
  expect(dutyIn({ ...everything, checks: new Map() })).toMatch(/^Declare/)
  const items = toDoLists([["gdpr", assess(standards.gdpr, everything)]]).flatMap((it) => it.items)
  expect(items.map((it) => it.text)).not.toContain("Declare the legal basis of each purpose.")
})

test("TR-03161-3 has all its 105 aspects", () => {
  const groups = {
    Purp: 7,
    Arch: 12,
    Source: 11,
    TrdP: 10,
    Cryp: 8,
    Rand: 1,
    Auth: 21,
    Pass: 5,
    Data: 8,
    Paid: 7,
    Ntwk: 10,
    Org: 5,
  }
  const ids = Object.entries(groups).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => `${name}_${at + 1}`),
  )
  expect(standards["tr-03161-3"].requirements.map((it) => it.id)).toEqual(ids)
})

test("OWASP ASVS has all of levels 1 and 2, with their levels, but what is left out for a reason", () => {
  const count = (level: string): number => [...asvsLevels.values()].filter((it) => it === level).length
  expect([count("L1"), count("L2"), count("L3")]).toEqual([70, 183, 92])
  const listed = standards.asvs.requirements
  expect(listed.filter((it) => it.weight !== asvsLevels.get(it.id))).toEqual([])
  const known = new Set([...listed.map((it) => it.id), ...Object.keys(asvsLeftOut)])
  expect(known.size).toBe(listed.length + Object.keys(asvsLeftOut).length)
  expect([...asvsLevels].filter(([id, level]) => level !== "L3" && !known.has(id))).toEqual([])
})

describe("the list of tests", () => {
  test("is what the tests' titles say (npm run evidence:tests writes it)", async () => {
    expect(await readFile(new URL("platform-tests.ts", import.meta.url), "utf8")).toBe(indexText())
  })

  test("has every test that standards point at", () => {
    const known = Object.entries(platformTests).flatMap(([file, titles]) =>
      titles.map((title) => `${file} › ${title}`),
    )
    const named = Object.values(standards).flatMap((one) => one.requirements.flatMap((it) => it.tests ?? []))
    expect([...Object.values(shownBy), ...named].filter((it) => !known.includes(it))).toEqual([])
  })

  test("has no test that may be skipped", () => {
    const text =
      'test.skip("a", f)\nit.todo("b")\ntest.skipIf(x)("c", f)\ntest("d", f)\ntest.each([1])("e", f)\nexpect(test("f"))\nother("g")'
    expect(titlesOf("a.test.ts", text)).toEqual(["d", "e", "f"])
  })
})

test("numbers are read as titles have them", () => {
  const title = `${tr} Auth_1, Pass_2: ${gdpr} Art. 5(1)(f), Art. 6; ${hipaa} 164.312(a)(2)(iv), ${owasp} V6.2.1, 6.2.2`
  expect(numbersIn(title)).toEqual([
    `${tr} Auth_1`,
    `${tr} Pass_2`,
    `${gdpr} Art. 5(1)(f)`,
    `${gdpr} Art. 6`,
    `${hipaa} 164.312(a)(2)(iv)`,
    `${owasp} 6.2.1`,
    `${owasp} 6.2.2`,
  ])
})

describe("drift", () => {
  const all = [["gdpr", assess(standards.gdpr, everything)]] as const

  test("is what was met and is not", () => {
    const red = [
      [
        "gdpr",
        assess(standards.gdpr, {
          ...everything,
          checks: new Map([...allPass, passed("rows-secured", false)]),
        }),
      ],
    ] as const
    const met = { gdpr: all[0][1].filter((it) => it.status === "met").map((it) => it.requirement.id) }
    expect(findDrift(met, all)).toEqual([])
    expect(newlyMet(met, all)).toBe(0)
    const drift = findDrift(met, red)
    expect(drift.map((it) => it.id)).toContain("Art. 5(1)(f)")
    expect(drift[0]?.why.join(" ")).toContain("rows-secured says false")
  })

  test("is also a number that is gone, and what is new is no drift", () => {
    expect(findDrift({ gdpr: ["Art. 999"] }, all).map((it) => it.id)).toEqual(["Art. 999"])
    expect(findDrift({}, all)).toEqual([])
    expect(newlyMet({}, all)).toBeGreaterThan(3)
  })
})
