/** What somebody with the database in their hands can do to encrypted values, and what becomes of lost, wrong and rotated keys. */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { rm } from "node:fs/promises"
import { text as readAll } from "node:stream/consumers"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startApp } from "../../src/app.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { listKeys } from "../../src/keys/inventory.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { startTestBackend, type TestBackend, testSecret } from "../support/backend.ts"
import { testDirectory } from "../support/keys.ts"
import { ward } from "./ward-backend.ts"

const doctor = { id: "doc", roles: ["doctor"] }
const people = 60
const secrets = { first: randomBytes(32).toString("base64"), second: randomBytes(32).toString("base64") }
const told: string[] = []
let directory: string
let backend: TestBackend
let ids: string[]

const keysOf = (secret: string, more: object = {}) => ({
  store: openDirectoryStore(directory),
  kek: localKey(secret),
  seconds: 1,
  ...more,
})

async function ask(method: string, path: string, body?: unknown): Promise<any> {
  return backend.request(doctor, method, path, { body, headers: { prefer: "return=representation" } })
}

beforeAll(async () => {
  directory = await testDirectory()
  backend = await startTestBackend(ward, {
    keys: keysOf(secrets.first),
    onError: (error) =>
      void told.push(`${error.message} ${error.details ?? ""} ${String((error.cause as Error)?.message)}`),
  })
  const rows = Array.from({ length: people }, (_, at) => ({
    ward: "a",
    name: `p${at}`,
    number: `A${String(at).padStart(9, "0")}`,
    history: `history ${at}`,
  }))
  ids = (await ask("POST", "/rest/people?select=id", rows)).json.map((one: any) => one.id)
  await ask(
    "POST",
    "/rest/notes",
    ids.map((person, at) => ({ person, label: "n", body: `body ${at}` })),
  )
}, 60_000)
afterAll(() => backend.stop())

describe("TR-03161-3 Cryp_2: an encrypted value opens only where it was written", () => {
  async function tampered(change: string, read: string): Promise<void> {
    await backend.sql(change)
    const { status, json, text } = await ask("GET", read)
    expect([status, json.code], text).toEqual([500, "UC331"])
    expect(text).not.toMatch(/history \d|body \d|A0000/)
  }

  test("in another row of the same person's entity", () =>
    tampered(
      `update app.people set history = (select history from app.people where id = '${ids[1]}') where id = '${ids[0]}'`,
      `/rest/people?id=eq.${ids[0]}`,
    ))

  test("in another field of the same row", () =>
    tampered(`update app.people set history = number where id = '${ids[2]}'`, `/rest/people?id=eq.${ids[2]}`))

  test("in a row that was moved to another person", () =>
    tampered(
      `update app.notes set person = '${ids[4]}' where person = '${ids[3]}'`,
      `/rest/notes?person=eq.${ids[4]}`,
    ))

  test.each([0, 2, 5, 25, 45, -1])("with its byte %i changed", async (at) => {
    const place = at < 0 ? "octet_length(history) - 1" : String(at)
    const id = ids[5 + Math.abs(at)]
    if (at === 0) await backend.sql("alter table app.people drop constraint people_history_check")
    await tampered(
      `update app.people set history = set_byte(history, ${place}, get_byte(history, ${place}) # 1) where id = '${id}'`,
      `/rest/people?id=eq.${id}`,
    ).catch(async () => {
      // A version or a person that there is no key of.
      const { status, json } = await ask("GET", `/rest/people?id=eq.${id}`)
      expect([status, json.code]).toEqual([500, "UC332"])
    })
  })

  test("a text that pretends to be one stays a text", async () => {
    const pretended = `${"0".repeat(32)}Person.history:${ids[0]}::AAAA!`
    const { json } = await ask("POST", "/rest/people?select=name", { ward: "b", name: pretended })
    expect(json).toEqual([{ name: pretended }])
  })

  test("what was tampered with can be written over, and read again", async () => {
    const changed = await ask("PATCH", "/rest/people?name=like.p*&select=id", { history: "mended" })
    expect(changed.status, changed.text).toBe(200)
    await backend.sql("delete from app.notes where label = 'n'")
    const numbers = await ask("GET", "/rest/people?select=number,history&name=like.p*")
    expect(numbers.json).toHaveLength(people)
  })
})

describe("a person's key", () => {
  test("destroyed, takes their values with it, and none is made again", async () => {
    const [id] = (
      await ask("POST", "/rest/people?select=id", { ward: "c", name: "gone", history: "x" })
    ).json.map((one: any) => one.id)
    const subject = `Person:${id}`
    expect(await backend.app.keys!.has(subject)).toBe(true)
    await backend.app.keys!.destroy(subject)
    expect(await backend.app.keys!.has(subject)).toBe(false)
    const read = await ask("GET", `/rest/people?id=eq.${id}`)
    expect([read.status, read.json.code]).toEqual([500, "UC332"])
    const written = await ask("PATCH", `/rest/people?id=eq.${id}`, { history: "again" })
    expect([written.status, written.json.code]).toEqual([409, "UC334"])
    expect((await ask("DELETE", `/rest/people?id=eq.${id}&select=name`)).json).toEqual([{ name: "gone" }])
  })
})

/** A second server on the same database. */
async function startSecond(
  keys: object,
): Promise<{ told: string[]; stop: () => Promise<void>; url: string }> {
  const told: string[] = []
  const { url, stop } = await startApp(ward, {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    databaseUrl: backend.adminUrl,
    issuers: [{ secret: testSecret }],
    onError: (error) => void told.push(`${error.code} ${error.message}`),
    keys: { ...keysOf(secrets.first), ...keys },
  })
  return { told, stop, url }
}

describe("keys that are lost or wrong", () => {
  test("TR-03161-3 Cryp_6: another key-encryption key does not start", async () => {
    await expect(startSecond({ kek: localKey(secrets.second) })).rejects.toMatchObject({ code: "UC540" })
  })

  test("a model with encrypted fields and no key does not start", async () => {
    const start = startApp(ward, { host: "127.0.0.1", port: 0, directory: "", databaseUrl: backend.adminUrl })
    await expect(start).rejects.toMatchObject({ code: "UC545" })
  })

  test("an empty key store is told of at the start, no key is made, and all else works", async () => {
    const empty = await testDirectory()
    const second = await startSecond({ store: openDirectoryStore(empty) })
    try {
      expect(second.told.join()).toMatch(/^UC543 .* is empty, and this database has used one before/)
      const request = async (method: string, path: string, body?: unknown) => {
        const response = await fetch(second.url + path, {
          method,
          headers: {
            authorization: `Bearer ${await backend.tokenOf(doctor)}`,
            "content-type": "application/json",
            prefer: "return=minimal",
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
        })
        const json: any = await response.json().catch(() => ({}))
        return [response.status, json.code]
      }
      expect(await request("GET", "/rest/people?select=name&limit=1")).toEqual([200, undefined])
      expect(await request("GET", "/rest/people?select=history&history=not.is.null&limit=1")).toEqual([
        503,
        "UC333",
      ])
      expect(await request("POST", "/rest/people", { ward: "d", name: "n", history: "h" })).toEqual([
        503,
        "UC333",
      ])
      expect(await request("POST", "/rest/people", { ward: "d", name: "n" })).toEqual([201, undefined])
      expect(await openDirectoryStore(empty).readMeta()).toBeNull()
    } finally {
      await second.stop()
      await rm(empty, { recursive: true, force: true })
    }
  })
})

describe("rotation, killed again and again while everything is read", () => {
  let failures: string[]
  let reads: number
  let reading: AbortController

  async function readOn(): Promise<void> {
    while (!reading.signal.aborted) {
      const { status, json, text } = await ask(
        "GET",
        "/rest/people?select=number,history&name=like.p*&limit=30",
      )
      reads++
      if (status !== 200 || json.some((one: any) => one.history === null)) failures.push(text)
      await setTimeout(20)
    }
  }

  /** Kills it after each of these; then lets it end. */
  async function rotate(options: object, kills: readonly number[]): Promise<string> {
    failures = []
    reads = 0
    reading = new AbortController()
    const read = readOn()
    const start = () =>
      spawn(
        process.execPath,
        [
          "--conditions=undercroft-source",
          fileURLToPath(new URL("rotate-process.ts", import.meta.url)),
          JSON.stringify({ adminUrl: backend.adminUrl, directory, ...options }),
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      )
    try {
      for (const ms of kills) {
        const child = start()
        await setTimeout(ms)
        child.kill("SIGKILL")
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
      }
      const child = start()
      const [out] = await Promise.all([readAll(child.stdout!), once(child, "exit")])
      return out
    } finally {
      reading.abort()
      await read
    }
  }

  test("TR-03161-3 Cryp_7: the key-encryption key: every key is wrapped anew, and no read fails", async () => {
    const options = { now: secrets.second, before: secrets.first, settleMs: 1500 }
    await rotate(options, [900, 1100, 1300])
    expect(failures).toEqual([])
    expect(reads).toBeGreaterThan(10)
    const meta = await openDirectoryStore(directory).readMeta()
    expect(meta!.roots).toHaveLength(1)
    const [root] = meta!.roots
    expect(Object.keys(root!.wrappings)).toEqual([localKey(secrets.second).id])
    let count = 0
    for await (const one of openDirectoryStore(directory).list()) {
      count++
      expect(one.keys.every((key) => key.root === root!.id)).toBe(true)
    }
    expect(count).toBeGreaterThanOrEqual(people)
    await expect(startSecond({})).rejects.toMatchObject({ code: "UC540" })
    const second = await startSecond({ kek: localKey(secrets.second) })
    await second.stop()
  }, 60_000)

  test("TR-03161-3 Cryp_7: every person's key: values are encrypted anew, rows stay as they are, and no read fails", async () => {
    const look = () =>
      backend.sql(
        "select id, version, updated_at, encode(history, 'hex') as h from app.people where name like 'p%' order by id",
      )
    const before = await look()
    await rotate({ now: secrets.second, settleMs: 1500 }, [900, 1500, 3000])
    expect(failures).toEqual([])
    const after = await look()
    expect(after.map(({ h: _h, ...rest }) => rest)).toEqual(before.map(({ h: _h, ...rest }) => rest))
    expect(after.filter((one, at) => one.h === before[at]!.h)).toEqual([])
    for await (const one of openDirectoryStore(directory).list()) expect(one.keys).toHaveLength(1)
    expect((await openDirectoryStore(directory).readMeta())!.subjects).toBeUndefined()
    expect((await ask("GET", "/rest/people?number=eq.A000000001&select=number")).json).toEqual([
      { number: "A000000001" },
    ])
  }, 60_000)

  test("TR-03161-3 Arch_3, Cryp_3: the inventory names every purpose and algorithm, and no key", async () => {
    const inventory = await listKeys(backend.app.keys!)
    expect(inventory.keys.map((one) => one.purpose.split(":")[0])).toEqual([
      "root keys",
      "persons' keys",
      "blind index",
      "kept answers",
    ])
    expect(inventory.keys[1]!.count).toBeGreaterThanOrEqual(people)
    expect(inventory).toMatchObject({ destroyed: 1, underWay: [] })
    expect(JSON.stringify(inventory)).not.toMatch(/[A-Za-z0-9+/]{43}=/)
  })
})

test("nothing of what went wrong was told to the log with a value", () => {
  expect(told.join("\n")).not.toMatch(/history \d|body \d|A0000/)
})
