/** Proofs from a sealed record, checked by the one file that is given away, with nothing but Node beside it. */
import { execFile } from "node:child_process"
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { makeRecord, type TestRecord } from "../../tools/tamper/record.ts"
import { defineBackend } from "../index.ts"
import { type AuditReader, readAudit } from "../store/audit-database.ts"
import { proveConsistency, proveEntry } from "./prove.ts"
import { checkProof, type Proof } from "./verifier.mts"

let backend: TestBackend
let record: TestRecord
let reader: AuditReader
let folder = ""

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "proved", model: [] }))
  record = await makeRecord(backend.adminUrl, randomFrom(3), 6)
  reader = await readAudit(backend.adminUrl)
  folder = await mkdtemp(join(tmpdir(), "undercroft-proof-"))
  await copyFile(fileURLToPath(new URL("verifier.mts", import.meta.url)), join(folder, "verifier.mts"))
})
afterAll(async () => {
  await reader?.close()
  await record?.close()
  await backend?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** As somebody elsewhere does. */
async function check(proof: Proof | null, ...line: string[]): Promise<{ code: number; stdout: string }> {
  const file = join(folder, "proof.json")
  if (proof) await writeFile(file, JSON.stringify(proof))
  const words = [join(folder, "verifier.mts"), ...(proof ? [file] : []), ...line]
  return promisify(execFile)(process.execPath, words, { env: {} }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }) => ({ code, stdout }),
  )
}

test("every entry can be proved, by position and by identifier, and no other text in its place", async () => {
  const entries = await backend.sql("select position::text, id from audit.entry")
  for (const { position, id } of entries) {
    const proof = await proveEntry(reader, position)
    expect(checkProof(proof)).toBeNull()
    expect(await proveEntry(reader, id)).toEqual(proof)
    expect(checkProof({ ...proof, entry: proof.entry.replace('"result"', '"Result"') })).toMatch(
      /not in the tree/,
    )
    const other = JSON.stringify({ ...JSON.parse(proof.entry), position: 99 })
    expect(checkProof({ ...proof, entry: other })).toMatch(/another position/)
    expect(checkProof({ ...proof, checkpoint: proof.checkpoint.replace("time 2", "time 1") })).toMatch(
      /not signed/,
    )
  }
  await expect(proveEntry(reader, "4711")).rejects.toMatchObject({ code: "UC944" })
})

test("the record of then is proved to be the beginning of that of now", async () => {
  const sizes = (await backend.sql("select size::integer from audit.batch order by size")).map(
    ({ size }) => size,
  )
  for (const [at, size] of sizes.entries())
    for (const later of sizes.slice(at)) {
      const proof = await proveConsistency(reader, size, later)
      expect(checkProof(proof)).toBeNull()
      const root = Buffer.alloc(32, 1).toString("base64")
      expect(checkProof({ ...proof, from: { size, root } })).toMatch(/not its beginning/)
    }
  await expect(proveConsistency(reader, 4711)).rejects.toMatchObject({ code: "UC944" })
})

test("TR-03161-3 Arch_11: one file checks a proof by a key or an anchor, with no database and no package", async () => {
  const proof = await proveEntry(reader, "4")
  const alone = await check(proof)
  expect(alone).toMatchObject({ code: 0, stdout: expect.stringContaining("This holds if the key is theirs") })
  expect(alone.stdout).toContain(proof.entry)
  expect((await check(proof, "--key", record.signing.key.text)).code).toBe(0)
  expect((await check(proof, "--anchor", record.anchorPath)).stdout).toMatch(
    /^Proved: Entry 4 is in the record/,
  )
  expect((await check(null, "--anchor", record.anchorPath)).stdout).toBe("The anchor is sound: 6 heads.\n")
  const forged = await check({ ...proof, entry: proof.entry.replace('"result"', '"Result"') })
  expect(forged).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^Not proved: the entry is not in the tree/),
  })
  const empty = join(folder, "empty.jsonl")
  await writeFile(empty, "")
  expect((await check(proof, "--anchor", empty)).code).toBe(1)
  expect((await check(null)).code).toBe(1)
})
