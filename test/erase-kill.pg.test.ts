/** Erasure and export are killed where it hurts most: what is left is never a lie, and the next start makes it whole. */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { unzipSync } from "fflate"
import { afterAll, beforeAll, expect, test } from "vitest"
import { openDirectoryStore } from "../src/keys/directory-store.ts"
import { FieldCiphers } from "../src/keys/field-ciphers.ts"
import { localKey } from "../src/keys/key-encryption-key.ts"
import { reapplyLedger } from "../src/privacy/erase.ts"
import { erasureLedger } from "../src/privacy/erasure-ledger.ts"
import { makePeople, peopleBackend } from "../tools/erase/people.ts"
import type { Doing } from "../tools/erase/process.ts"
import { halfOf, lieOf, stateOf } from "../tools/erase/state.ts"
import { startTestBackend, type TestBackend, testSecret } from "./support/backend.ts"
import { testDirectory } from "./support/keys.ts"

const people = makePeople(6)
const kek = randomBytes(32).toString("base64")
let folder = ""
let backend: TestBackend
const places = (): { store: ReturnType<typeof openDirectoryStore>; ledger: string } => ({
  store: openDirectoryStore(join(folder, "keys")),
  ledger: join(folder, "erasures.jsonl"),
})

beforeAll(async () => {
  folder = await testDirectory()
  const keys = { store: places().store, kek: localKey(kek) }
  backend = await startTestBackend(peopleBackend(people), { keys, secret: testSecret })
}, 60_000)
afterAll(() => backend?.stop())

/** Gives the exit code; null where it was killed. */
async function run(doing: Partial<Doing>): Promise<number | null> {
  const parts = {
    adminUrl: backend.adminUrl,
    keys: join(folder, "keys"),
    kek,
    ledger: places().ledger,
    ...doing,
  }
  const child = spawn(
    process.execPath,
    [
      "--conditions=undercroft-source",
      fileURLToPath(new URL("../tools/erase/process.ts", import.meta.url)),
      JSON.stringify(parts),
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  )
  const [code] = await once(child, "exit")
  return code
}

test("GDPR Art. 15: an export that is killed leaves no file under its name, and the next one is whole", async () => {
  const [first] = people
  const out = join(folder, "data.zip")
  const subjects = [`user:${first!.account}`]
  expect(await run({ subjects, out, at: "half exported" })).toBeNull()
  expect((await readdir(folder)).filter((one) => one.startsWith("data.zip"))).toEqual(["data.zip.part"])
  expect(await run({ subjects, out })).toBe(0)
  expect((await readdir(folder)).filter((one) => one.startsWith("data.zip"))).toEqual(["data.zip"])
  const files = unzipSync(await readFile(out))
  expect(Buffer.from(files["data/Patient.json"]!).toString()).toContain(`history ${first!.word}`)
}, 60_000)

test("GDPR Art. 17: an erasure that is killed anywhere never leaves a false report or rows without their key, and is completed", async () => {
  const moments = ["signed", "in the ledger", "committed", "without a key"] as const
  for (const [n, at] of moments.entries()) {
    const code = await run({ subjects: [`user:${people[n]!.account}`], at })
    expect(code, at).toBeNull()
  }
  const killed = await stateOf(backend.adminUrl, places(), people)
  expect(killed.map(lieOf)).toEqual(people.map(() => null))
  // Each was killed where it was to be.
  expect(killed.slice(0, 4)).toEqual([
    { isThere: true, hasKey: true, lines: 0, reports: 0 },
    { isThere: true, hasKey: true, lines: 1, reports: 0 },
    { isThere: false, hasKey: true, lines: 1, reports: 1 },
    { isThere: false, hasKey: false, lines: 1, reports: 1 },
  ])

  const { model } = backend.app.policies
  const ciphers = new FieldCiphers(backend.app.keys!, model)
  const ledger = erasureLedger(places().ledger)
  const parts = { adminUrl: backend.adminUrl, model, ciphers, ledger, sign: null }
  expect(await reapplyLedger(parts)).toBe(1)
  const whole = await stateOf(backend.adminUrl, places(), people)
  expect(whole.map(halfOf)).toEqual(people.map(() => null))
  expect(whole.map((one) => one.isThere)).toEqual([true, false, false, false, true, true])
  expect(await reapplyLedger(parts)).toBe(0)

  // The same command again, for all of them and some more: each is erased once.
  const again = people.slice(0, 5).map((one) => `user:${one.account}`)
  expect(await run({ subjects: again })).toBe(0)
  const after = await stateOf(backend.adminUrl, places(), people)
  expect(after.map(halfOf)).toEqual(people.map(() => null))
  expect(after.map((one) => one.lines)).toEqual([1, 1, 1, 1, 1, 0])
}, 60_000)

test("the check finds a report that is false, and a key that is gone too early", async () => {
  const [, , , , , last] = people
  await places().store.destroy(`Patient:${last!.patient}`)
  const [state] = await stateOf(backend.adminUrl, places(), [last!])
  expect(lieOf(state!)).toBe("the key is gone, and rows are there")
  expect(lieOf({ isThere: true, hasKey: true, lines: 1, reports: 1 })).toBe(
    "a report says erased, and rows are there",
  )
  expect(lieOf({ isThere: false, hasKey: false, lines: 0, reports: 0 })).toBe(
    "rows are gone, and the ledger does not know",
  )
})
