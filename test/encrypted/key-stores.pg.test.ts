/** Every key store keeps the same promises: whole records, one writer wins, and what is destroyed stays so. */
import { randomBytes } from "node:crypto"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { afterAll, describe, expect, test, vi } from "vitest"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { openKeyRing } from "../../src/keys/key-ring.ts"
import type { KeyRecord, KeyStore } from "../../src/keys/key-store.ts"
import { openKeyDatabase } from "../../src/store/key-database.ts"
import { createDatabase } from "../support/backend.ts"
import { testDirectory } from "../support/keys.ts"

const directory = await testDirectory()
const database = await createDatabase()
const stores: readonly (readonly [string, () => KeyStore])[] = [
  ["a directory", () => openDirectoryStore(directory)],
  ["a database", () => openKeyDatabase(database.url)],
]
afterAll(() => database.drop())

const kek = () => localKey(randomBytes(32).toString("base64"))
const recordOf = (subject: string, wrapped: string): KeyRecord => ({
  subject,
  keys: [{ version: 1, root: "r", wrapped, createdAt: "2026-01-01T00:00:00.000Z" }],
})

describe.each(stores)("%s", (name, open) => {
  test("of two who make a key at the same time one wins, for both", async () => {
    const [a, b] = [open(), open()]
    await Promise.all([a.create([recordOf("P:1", "a")]), b.create([recordOf("P:1", "b")])])
    const [first] = await a.read(["P:1"])
    expect(await b.read(["P:1", "P:none"])).toEqual([first, null])
    await Promise.all([a.close(), b.close()])
  })

  test("a record is replaced only by who saw the one that is there", async () => {
    const store = open()
    const former = recordOf("P:2", "a")
    await store.create([former])
    expect(await store.replace(recordOf("P:2", "b"), recordOf("P:2", "x"))).toBe(false)
    expect(await store.replace(recordOf("P:2", "b"), former)).toBe(true)
    expect(await store.read(["P:2"])).toEqual([recordOf("P:2", "b")])
    await store.close()
  })

  test("what is destroyed is not listed, not replaced, and never made again (GDPR Art. 17)", async () => {
    const store = open()
    const former = recordOf("P:3", "a")
    await store.create([former])
    const before = await store.countDestroyed()
    await store.destroy("P:3")
    await store.destroy("P:3")
    await store.create([recordOf("P:3", "b")])
    expect(await store.replace(recordOf("P:3", "c"), former)).toBe(false)
    expect(await store.read(["P:3"])).toEqual(["destroyed"])
    const listed: string[] = []
    for await (const one of store.list()) listed.push(one.subject)
    expect(listed).not.toContain("P:3")
    expect(await store.countDestroyed()).toBe(before + 1)
    await store.close()
  })

  test("TR-03161-3 Cryp_6: two nodes that begin on an empty store have one set of keys; another key-encryption key opens none", async () => {
    const right = kek()
    const parts = { kek: right, expected: null }
    const [a, b] = await Promise.all([
      openKeyRing({ ...parts, store: open() }),
      openKeyRing({ ...parts, store: open() }),
    ])
    expect(a.id).toBe(b.id)
    expect(a.purposeKey("blind index")).toEqual(b.purposeKey("blind index"))
    const [one, two] = await Promise.all([a.current(["P:9"]), b.current(["P:9"])])
    expect(one.get("P:9")!.key.equals(two.get("P:9")!.key)).toBe(true)
    await expect(openKeyRing({ kek: kek(), expected: null, store: open() })).rejects.toMatchObject({
      code: "UC540",
    })
    await Promise.all([a.store.close(), b.store.close()])
  })

  test("TR-03161-3 Cryp_6: held keys are not read again while nothing changed; one that another node destroyed is gone in time", async () => {
    const parts = { kek: localKey(randomBytes(32).toString("base64")), expected: null, seconds: 0.2 }
    const place = await testDirectory()
    const own = await createDatabase()
    const openOwn = (): KeyStore =>
      name === "a directory" ? openDirectoryStore(place) : openKeyDatabase(own.url)
    const [a, b] = [
      await openKeyRing({ ...parts, store: openOwn() }),
      await openKeyRing({ ...parts, store: openOwn() }),
    ]
    await a.current(["P:1", "P:2"])
    const read = vi.spyOn(a.store, "read")
    const find = async (subject: string) =>
      (await a.find([{ subject, version: 1 }]))(subject, 1) !== undefined
    await setTimeout(300)
    expect([await find("P:1"), await find("P:2")]).toEqual([true, true])
    expect(read).not.toHaveBeenCalled()
    await b.destroy("P:1")
    await setTimeout(300)
    expect([await find("P:1"), await find("P:2")]).toEqual([false, true])
    expect(read).toHaveBeenCalled()
    await Promise.all([a.store.close(), b.store.close()])
    await own.drop()
  })
})

test("TR-03161-3 Cryp_5: keys of one purpose are no keys of another, and a person's are their own", async () => {
  const ring = await openKeyRing({
    kek: kek(),
    expected: null,
    store: openDirectoryStore(await testDirectory()),
  })
  const keys = await ring.current(["P:1", "P:2"])
  const all = [...keys.values()].map((one) => one!.key.export().toString("hex"))
  all.push(ring.purposeKey("blind index").toString("hex"), ring.purposeKey("kept answers").toString("hex"))
  expect(new Set(all).size).toBe(4)
})

test("TR-03161-3 Data_1: the directory holds no key in the clear, names no person, and is its owner's alone", async () => {
  const place = await testDirectory()
  const secret = randomBytes(32)
  const ring = await openKeyRing({
    kek: localKey(secret.toString("base64")),
    expected: null,
    store: openDirectoryStore(place),
  })
  const key = (await ring.current(["Patient:ada"])).get("Patient:ada")!.key.export()
  const names = (await readdir(place, { recursive: true, withFileTypes: true })).filter((one) => one.isFile())
  for (const one of names) {
    const path = join(one.parentPath, one.name)
    const text = await readFile(path, "utf8")
    expect(path).not.toContain("ada")
    for (const bytes of [secret, key])
      for (const form of ["hex", "base64", "base64url"] as const)
        expect(text).not.toContain(bytes.toString(form))
    expect((await stat(path)).mode & 0o077).toBe(0)
  }
  expect(names.length).toBeGreaterThan(1)
})

test.each([
  ["", "0 bytes"],
  [Buffer.alloc(16, 1).toString("base64"), "16 bytes"],
  [Buffer.alloc(32, 7).toString("base64"), "no random key"],
])("TR-03161-3 Cryp_4: what is no key-encryption key is refused as one: %j", (text, why) => {
  expect(() => localKey(text)).toThrow(why)
})
