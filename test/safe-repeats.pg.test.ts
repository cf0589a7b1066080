/** Requests that are sent again, or came too late: tags, versions and keys. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestAnswer, type TestBackend, type TestCaller } from "./support/backend.ts"
import { ids, studioBackend } from "./support/studio.ts"

const ada: TestCaller = { id: "ada", roles: ["producer"] }
const bo: TestCaller = { id: "bo", roles: ["agent"] }
let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(studioBackend, { allowsRollback: true })
})
afterAll(() => backend?.stop())

const object = { accept: "application/vnd.pgrst.object+json" }
const film = (id: string, select = "title,length,version"): string =>
  `/rest/films?id=eq.${id}&select=${select}`

function read(
  caller: TestCaller | null,
  path: string,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  return backend.request(caller, "GET", path, { headers })
}

describe("ETag", () => {
  test("a read that has not changed is 304, without a body", async () => {
    const first = await read(ada, "/rest/films?order=id")
    const tag = first.headers.get("etag")!
    const again = await read(ada, "/rest/films?order=id", { "if-none-match": `"other", W/${tag}` })
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", tag])
    expect((await read(ada, "/rest/films?order=id", { "if-none-match": '"other"' })).status).toBe(200)
  })

  test("no two callers have one, even over the same rows", async () => {
    const [mine, theirs, nobody] = await Promise.all(
      [ada, bo, null].map((caller) => read(caller, "/rest/studios?order=code")),
    )
    expect(mine!.text).toBe(theirs!.text)
    expect(new Set([mine, theirs, nobody].map((one) => one!.headers.get("etag"))).size).toBe(3)
    expect(mine!.headers.get("vary")).toContain("Authorization")
  })

  test("what is about people is not stored, whatever is selected of it", async () => {
    expect((await read(ada, "/rest/people?select=first")).headers.get("cache-control")).toBe(
      "private, no-store",
    )
    expect((await read(ada, "/rest/films?select=id,director(first)")).headers.get("cache-control")).toBe(
      "private, no-store",
    )
    expect((await read(ada, "/rest/studios")).headers.get("cache-control")).toBe("private, no-cache")
  })
})

describe("If-Match", () => {
  test("a row that has changed since is 412 and stays; the tag of an answer is good for it", async () => {
    const before = await read(ada, film(ids.alpha), object)
    const tag = before.headers.get("etag")!
    expect(tag).toMatch(/^"\d+\.[\w-]+"$/)
    const change = (length: number, match: string): Promise<TestAnswer> =>
      backend.request(ada, "PATCH", film(ids.alpha), {
        body: { length },
        headers: { "if-match": match, prefer: "return=representation" },
      })
    const first = await change(101, tag)
    expect([first.status, first.json]).toEqual([
      200,
      [{ title: "Alpha", length: 101, version: before.json.version + 1 }],
    ])
    const late = await change(102, tag)
    expect([late.status, late.json.code]).toEqual([412, "UC308"])
    expect((await read(ada, film(ids.alpha), object)).json.length).toBe(101)
    expect((await change(103, `"1", "${first.json[0].version}"`)).status).toBe(200)
    expect((await change(104, "*")).status).toBe(200)
  })

  test.each([
    ["a row that is not there", film(ids.cy), '"1"', 412, "UC308"],
    ["a row that the caller can't see", film(ids.gamma), "*", 412, "UC308"],
    ["no key", "/rest/films?title=eq.Alpha", '"1"', 400, "UC307"],
    ["no version", film(ids.alpha), '"x"', 400, "UC310"],
    ["too many", film(ids.alpha), Array.from({ length: 30 }, () => '"1"').join(), 400, "UC310"],
  ])("%s", async (_, path, match, status, code) => {
    const answer = await backend.request(ada, "PATCH", path, {
      body: { length: 1 },
      headers: { "if-match": match },
    })
    expect([answer.status, answer.json?.code]).toEqual([status, code])
  })

  test("a delete of what has changed is 412, too", async () => {
    const answer = await backend.request(ada, "DELETE", film(ids.alpha), { headers: { "if-match": '"1"' } })
    expect([answer.status, answer.json?.code]).toEqual([412, "UC308"])
  })
})

describe("Idempotency-Key", () => {
  const add = (
    key: string,
    title: string,
    caller = ada,
    prefer = "return=representation",
  ): Promise<TestAnswer> =>
    backend.request(caller, "POST", "/rest/films?select=id,title", {
      body: { studio: "amber", title },
      headers: { "idempotency-key": key, prefer },
    })
  const count = async (title: string): Promise<number> =>
    (await backend.sql("select count(*)::int as n from app.films where title = $1", [title]))[0].n

  test("a repeat gets the same answer and does nothing", async () => {
    const first = await add("k-1", "Once")
    const again = await add('"k-1"', "Once")
    expect([first.status, first.headers.get("idempotency-replayed")]).toEqual([201, null])
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers.get("idempotency-replayed")).toBe("true")
    expect(await count("Once")).toBe(1)
  })

  test("the same key with another request is 422", async () => {
    await add("k-2", "Second")
    const other = await add("k-2", "Other")
    expect([other.status, other.json.code]).toEqual([422, "UC309"])
    expect([(await add("k-2", "Second", ada, "return=minimal")).status, await count("Other")]).toEqual([
      422, 0,
    ])
  })

  test("keys belong to callers", async () => {
    const cleo: TestCaller = { ...ada, id: "cleo" }
    await add("k-3", "Third")
    const theirs = await add("k-3", "Third", cleo)
    expect(theirs.status).toBe(403)
    const unsigned = await backend.request(null, "POST", "/rest/films", {
      body: {},
      headers: { "idempotency-key": "k-3" },
    })
    expect([unsigned.status, unsigned.json.code]).toEqual([400, "UC310"])
  })

  test("many at once have one effect, and one answer", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => add("k-4", "Fourth")))
    expect(new Set(answers.map((one) => `${one.status} ${one.text}`)).size).toBe(1)
    expect(answers[0]!.status).toBe(201)
    expect(await count("Fourth")).toBe(1)
  })

  test("a request that was refused leaves its key free", async () => {
    expect((await add("k-5", "")).status).toBe(400)
    expect((await add("k-5", "Fifth")).status).toBe(201)
  })

  test("updates and deletes are repeated in the same way", async () => {
    await add("k-6", "Sixth")
    const change = (): Promise<TestAnswer> =>
      backend.request(ada, "PATCH", "/rest/films?title=eq.Sixth", {
        body: { length: 7 },
        headers: { "idempotency-key": "k-7", prefer: "count=exact" },
      })
    const [first, again] = [await change(), await change()]
    expect([first.status, first.headers.get("content-range")]).toEqual([204, "0-0/1"])
    expect([again.status, again.headers.get("content-range")]).toEqual([204, "0-0/1"])
    expect((await backend.sql("select version from app.films where title = 'Sixth'"))[0].version).toBe(2)
  })

  test("after a day a key is new", async () => {
    await add("k-8", "Eighth")
    await backend.sql("update undercroft_state.once set at = now() - interval '25 hours' where key = 'k-8'")
    expect((await add("k-8", "Ninth")).status).toBe(201)
    expect(await backend.sql("select from undercroft_state.once where key = 'k-8'")).toHaveLength(1)
  })

  test.each(["", "x".repeat(201), "with space", "ü"])("%j is no key", async (key) => {
    const answer = await backend.request(ada, "POST", "/rest/films", {
      body: { studio: "amber", title: "No" },
      headers: { "idempotency-key": Buffer.from(key).toString("latin1") },
    })
    expect([answer.status, answer.json.code]).toEqual([400, "UC310"])
  })
})

test("tx=rollback answers as if it were done, and does nothing", async () => {
  const answer = await backend.request(ada, "POST", "/rest/films?select=title", {
    body: { studio: "amber", title: "Undone" },
    headers: { prefer: "return=representation, tx=rollback", "idempotency-key": "k-9" },
  })
  expect([answer.status, answer.json]).toEqual([201, [{ title: "Undone" }]])
  expect(answer.headers.get("preference-applied")).toBe("return=representation, tx=rollback")
  expect(await backend.sql("select from app.films where title = 'Undone'")).toEqual([])
  expect(await backend.sql("select from undercroft_state.once where key = 'k-9'")).toEqual([])
})

test("tx=rollback is not heeded where the backend does not allow it, and not said to be", async () => {
  const strict = await startTestBackend(studioBackend)
  try {
    const add = (prefer: string): Promise<TestAnswer> =>
      strict.request(ada, "POST", "/rest/films?select=title", {
        body: { studio: "amber", title: "Done" },
        headers: { prefer },
      })
    const answer = await add("return=representation, tx=rollback")
    expect([answer.status, answer.headers.get("preference-applied")]).toEqual([201, "return=representation"])
    expect(await strict.sql("select from app.films where title = 'Done'")).toHaveLength(1)
    expect((await add("handling=strict, tx=rollback")).json.code).toBe("PGRST122")
  } finally {
    await strict.stop()
  }
})
