/** Definitions where ids come from several sources: which build, and what the others are told. */
import { expect, test } from "vitest"
import { type BackendDefinition, defineBackend } from "../backend.ts"
import { buildBackend } from "../build-backend.ts"
import type { ModelError } from "../model/model-error.ts"

type Callers = NonNullable<BackendDefinition["callers"]>

const secret = "a secret of at least thirty-two bytes"
const [a, b] = [
  { issuer: "https://a.example", secret },
  { issuer: "https://b.example", secret },
]
const named = [
  { ...a, namespace: "a" },
  { ...b, namespace: "b" },
]
const identify = () => ({ id: "somebody" })

function problems(callers: Callers, accounts: boolean): readonly string[] {
  try {
    buildBackend(
      defineBackend({ name: "n", model: [], callers, ...(accounts && { accounts: { password: true } }) }),
    )
    return []
  } catch (error) {
    return (error as ModelError).problems.map((one) => `${one.code} ${one.where} ${one.message}`)
  }
}

const refused: readonly (readonly [string, Callers, boolean, number])[] = [
  ["two issuers", { issuers: [a, b] }, false, 2],
  ["two, one of them with a namespace", { issuers: [a, named[1]!] }, false, 1],
  ["accounts beside an issuer", { issuers: [a] }, true, 1],
  ["accounts beside an issuer without a name", { issuers: [{ secret }] }, true, 1],
  ["two of one namespace", { issuers: [named[0]!, { ...b, namespace: "a" }] }, false, 1],
  ["a namespace that could be another one with its id", { issuers: [{ ...a, namespace: "a:b" }] }, false, 1],
  ["an empty namespace", { issuers: [{ ...a, namespace: "" }], identify }, true, 1],
]

test.each(refused)(
  "ASVS 10.3.3: a definition where two sources of ids could give the same one does not build: %s",
  (_, callers, accounts, count) => {
    const found = problems(callers, accounts)
    expect(found).toHaveLength(count)
    for (const one of found) expect(one).toMatch(/^UC430 callers\.issuers\[\d\]/)
  },
)

const built: readonly (readonly [string, Callers, boolean])[] = [
  ["one issuer", { issuers: [a] }, false],
  ["accounts alone", {}, true],
  ["two with their namespaces, and accounts", { issuers: named }, true],
  ["two, told apart by the team's own code", { issuers: [a, b], identify }, true],
]

test.each(built)("a definition that builds: %s", (_, callers, accounts) => {
  expect(problems(callers, accounts)).toEqual([])
})
