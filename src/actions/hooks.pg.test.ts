/** Hooks over real HTTP: what they refuse, complete and see, through REST and GraphQL. */
import { describe, expect, test } from "vitest"
import { ann, board, bob, brief, id, representation, useBoardBackend } from "../../test/support/board.ts"
import { probe } from "../../test/support/board-backend.ts"

const { backend, ask, call, stored, trails, put, causes, entries } = useBoardBackend()

describe("REST", () => {
  test("an insert is shown as PostgreSQL reads it, and completed, also where nobody may write", async () => {
    const body = {
      board,
      title: " one ",
      at: "2026-01-01T08:00:00+02:00",
      total: "9007199254740993",
      extra: { a: [1] },
    }
    const { status, json } = await ask("POST", "posts", { body, headers: representation })
    expect([status, json]).toEqual([
      201,
      [expect.objectContaining({ title: "one", author: "ann", editor: null })],
    ])
    expect(json[0]).toMatchObject({ total: "9007199254740993", extra: { a: [1] } })
    expect(probe.seen).toEqual([
      { kind: "insert", row: { ...body, at: "2026-01-01T06:00:00+00:00", total: "9007199254740993" } },
    ])
    // A field that does not exist for the caller is completed all the same.
    expect(Object.keys(json[0])).not.toContain("note")
    expect(await stored()).toMatchObject([{ title: "one", author: "ann", note: "seen" }])
    expect(await trails()).toEqual(["insert  one "])
  })

  test("what the caller may not write, they may not write", async () => {
    const forged = { board, title: "forged", author: "bob" }
    const { status, json } = await ask("POST", "posts", { body: forged })
    expect([status, json.message]).toEqual([403, "permission denied to set posts.author"])
    // The hook's word counts; not the caller's.
    expect(brief(await ask("POST", "posts", { body: { ...forged, title: "one" } }))).toBe("201")
    // Among rows of which the hook completes one, the other is still the caller's.
    const both = [{ ...forged, title: "one more" }, forged]
    expect(brief(await ask("POST", "posts", { body: both }))).toBe("403 42501")
    expect(await stored()).toMatchObject([{ title: "one", author: "ann" }])
    expect(brief(await ask("POST", "posts", { body: { board, title: "x", note: "mine" } }))).toBe(
      "400 PGRST204",
    )
  })

  test("of five rows the third is refused, and nothing is left", async () => {
    const body = ["a", "b", "refused", "d", "e"].map((title) => ({ board, title }))
    const { status, json } = await ask("POST", "posts", { body })
    expect([status, json.code, json.message]).toEqual([409, "UC702", "not this title"])
    expect(probe.seen).toHaveLength(3)
    expect([await stored(), await trails()]).toEqual([[], []])
  })

  test("rows in bulk come back in their order, completed one by one", async () => {
    const body = ["z", "plain", "a"].map((title) => ({ board, title }))
    const { json } = await ask("POST", "posts?select=title,author", { body, headers: representation })
    expect(json).toEqual(["z", "plain", "a"].map((title) => ({ title, author: "ann" })))
    expect((await stored()).map((one) => one.note)).toEqual(["seen", null, "seen"])
  })

  test("CSV and rows without a field are completed, too", async () => {
    const csv = `board,title,views\n${board},one,3\n${board}, two ,4\n`
    const headers = { "content-type": "text/csv" }
    expect(brief(await ask("POST", "posts", { body: csv, headers }))).toBe("201")
    expect(await stored()).toMatchObject([
      { title: "one", views: 3, author: "ann" },
      { title: "two", views: 4, author: "ann" },
    ])
    expect(probe.seen[0]).toEqual({ kind: "insert", row: { board, title: "one", views: 3 } })
    // The hook can't know the board.
    expect(await ask("POST", "posts", { body: {} })).toMatchObject({ status: 403, json: { code: "42501" } })
  })

  test("an update by filter is shown each row as it is, and completed", async () => {
    await put(0, "a")
    await put(1, "b", "views=50")
    await put(2, "c")
    const { status, json, headers } = await ask(
      "PATCH",
      "posts?title=in.(a,b)&select=title,views,editor,board(name)",
      {
        body: { views: 2 },
        headers: { prefer: "return=representation, count=exact" },
      },
    )
    expect([status, headers.get("content-range")]).toEqual([200, "0-1/2"])
    expect(json).toEqual([
      { title: "a", views: 2, editor: "ann", board: { name: "ann's" } },
      { title: "b", views: 2, editor: null, board: { name: "ann's" } },
    ])
    expect(probe.seen).toEqual([
      {
        kind: "update",
        before: expect.objectContaining({ id: id(0), title: "a", views: 0 }),
        changes: { views: 2 },
      },
      {
        kind: "update",
        before: expect.objectContaining({ id: id(1), title: "b", views: 50 }),
        changes: { views: 2 },
      },
    ])
    expect(await trails()).toEqual(["update a", "update b"])
  })

  test("an update is refused whole, or within its bounds, and leaves nothing", async () => {
    await put(0, "a")
    await put(1, "b", "state='closed'")
    expect(brief(await ask("PATCH", "posts?views=eq.0", { body: { views: 1 } }))).toBe("409 UC702")
    const strict = { prefer: "handling=strict, max-affected=1" }
    const { json } = await ask("PATCH", "posts?views=eq.0", { body: { views: 100 }, headers: strict })
    expect([json.code, json.details]).toEqual(["PGRST124", "The query affects 2 rows"])
    const single = { accept: "application/vnd.pgrst.object+json", ...representation }
    const many = await ask("PATCH", "posts?views=eq.0&state=eq.draft&title=eq.none", {
      body: { views: 1 },
      headers: single,
    })
    expect(brief(many)).toBe("406 PGRST116")
    expect([(await stored()).map((one) => one.version), await trails()]).toEqual([[1, 1], []])
    for (let at = 2; at < 22; at++) await put(at, `t${at}`)
    expect(brief(await ask("PATCH", "posts?views=eq.0", { body: { views: 100 } }))).toBe("400 UC319")
  })

  test("If-Match, one row, tx=rollback, and nothing to do", async () => {
    await put(0, "a")
    const path = `posts?id=eq.${id(0)}`
    const match = (version: number) => ({ ...representation, "if-match": `"${version}"` })
    expect(brief(await ask("PATCH", path, { body: { views: 5 }, headers: match(9) }))).toBe("412 UC308")
    const done = await ask("PATCH", path, { body: { views: 5 }, headers: match(1) })
    expect([done.status, done.json[0].views, done.json[0].editor]).toEqual([200, 5, "ann"])
    const undone = await ask("PATCH", path, {
      body: { views: 6 },
      headers: { prefer: "tx=rollback, return=representation" },
    })
    expect([undone.status, undone.json[0].views]).toEqual([200, 6])
    expect(await stored()).toMatchObject([{ views: 5 }])
    expect(
      (await ask("PATCH", "posts?title=eq.none", { body: { views: 1 }, headers: representation })).json,
    ).toEqual([])
    expect(await trails()).toEqual(["update a"])
  })

  test("a delete", async () => {
    await put(0, "a")
    await put(1, "b", "state='published'")
    expect(brief(await ask("DELETE", "posts?views=eq.0"))).toBe("409 UC702")
    expect(await stored()).toHaveLength(2)
    expect((await ask("DELETE", "posts?title=eq.a&select=title", { headers: representation })).json).toEqual([
      { title: "a" },
    ])
    expect((await stored()).map((one) => one.title)).toEqual(["b"])
    expect(probe.seen.at(-1)).toMatchObject({ kind: "delete", before: { title: "a", note: null } })
  })

  test("a delete by those who may not update", async () => {
    await put(0, "a")
    await backend().sql(`insert into app.flags (post, why) values ('${id(0)}', 'spam'), ('${id(0)}', 'kept')`)
    expect(brief(await ask("DELETE", "flags?why=eq.kept"))).toBe("409 UC702")
    expect(brief(await ask("DELETE", "flags?why=eq.spam"))).toBe("204")
    expect(await backend().sql("select why from app.flags")).toEqual([{ why: "kept" }])
  })

  test("an upsert is shown what is there as an update, and the rest as inserts", async () => {
    await put(0, "a", "slug='one'")
    const body = [
      { board, title: "new", slug: "one" },
      { board, title: "plain", slug: "two" },
    ]
    const headers = { prefer: "resolution=merge-duplicates, return=representation" }
    const { status, json } = await ask("POST", "posts?on_conflict=slug&select=id,title,author,editor", {
      body,
      headers,
    })
    expect([status, json]).toEqual([
      201,
      [
        { id: id(0), title: "new", author: "ann", editor: "ann" },
        { id: expect.any(String), title: "plain", author: "ann", editor: null },
      ],
    ])
    expect(probe.seen).toMatchObject([
      { kind: "update", before: { title: "a" }, changes: { title: "new" } },
      { kind: "insert", row: { title: "plain", slug: "two" } },
    ])
    expect((probe.seen[0] as any).changes).toEqual({ title: "new", board })
    await backend().sql("update app.posts set state = 'closed'")
    expect(brief(await ask("POST", "posts?on_conflict=slug", { body, headers }))).toBe("409 UC702")
    const ignore = { prefer: "resolution=ignore-duplicates, return=representation" }
    probe.seen = []
    const more = [...body, { board, title: "c", slug: "three" }]
    const ignored = await ask("POST", "posts?on_conflict=slug&select=title", { body: more, headers: ignore })
    expect([ignored.json, probe.seen.length]).toEqual([[{ title: "c" }], 1])
    const { json: unsaid } = await ask("POST", "posts?on_conflict=slug", {
      body: { board, title: "x" },
      headers,
    })
    expect([unsaid.code, unsaid.message]).toEqual(["UC706", "an upsert of posts says all of slug"])
  })

  test("a PUT", async () => {
    const path = `posts?id=eq.${id(0)}`
    const body = { id: id(0), board, title: "a" }
    expect((await ask("PUT", path, { body, headers: representation })).status).toBe(201)
    expect((await ask("PUT", path, { body: { ...body, title: "b" }, headers: representation })).status).toBe(
      200,
    )
    expect(probe.seen).toMatchObject([{ kind: "insert" }, { kind: "update", before: { title: "a" } }])
    expect(await stored()).toMatchObject([{ title: "b", author: "ann", editor: "ann" }])
    expect(brief(await ask("PUT", path, { body: { ...body, title: "refused" } }))).toBe("409 UC702")
    // Who may see a field may send it in an upsert, too.
    const auditor = { ...ann, roles: ["auditor"] }
    expect(brief(await ask("PUT", path, { body: { ...body, note: "mine" } }, auditor))).toBe("204")
    expect(await stored()).toMatchObject([{ title: "a", note: "mine" }])
  })

  test("an Idempotency-Key makes it happen once", async () => {
    const options = { body: { board, title: "a" }, headers: { ...representation, "idempotency-key": "k" } }
    const [first, second] = [await ask("POST", "posts", options), await ask("POST", "posts", options)]
    expect([first.status, second.status, second.headers.get("idempotency-replayed")]).toEqual([
      201,
      201,
      "true",
    ])
    expect(second.json).toEqual(first.json)
    expect([(await stored()).length, await trails()]).toEqual([1, ["insert a"]])
    const all = await Promise.all(
      Array.from({ length: 6 }, () =>
        ask("POST", "posts", {
          body: { board, title: "b" },
          headers: { ...representation, "idempotency-key": "m" },
        }),
      ),
    )
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect((await stored()).length).toBe(2)
  })
})

describe("what a hook does wrong", () => {
  test.each([
    ["boom", "500 UC690", /a secret of the server/],
    ["database", "400 UC312", /division by zero/],
    ["again", "500 UC690", /hook of Post writes posts/],
    ["nothing", "500 UC690", /no field/],
    ["generated", "500 UC690", /the database makes/],
    ["too long", "400 22001", /./],
    ["another's", "403 42501", /./],
  ])("%s is answered without its text", async (title, told, cause) => {
    const body = { board, title }
    const rest = await ask("POST", "posts", { body })
    expect(brief(rest)).toBe(told)
    expect(rest.text).not.toMatch(/secret|TypeError|division|Post |trails/)
    expect(brief(await call("post", { rows: [{ ...body, author: "x" }] }))).toBe(told)
    if (rest.status === 500) expect(causes.every((one) => cause.test(one))).toBe(true)
    expect([await stored(), await trails()]).toEqual([[], []])
  })

  test("setting what can't be changed", async () => {
    await put(0, "stamp")
    expect(brief(await ask("PATCH", "posts?title=eq.stamp", { body: { views: 1 } }))).toBe("500 UC690")
    expect(causes.join()).toMatch(/author, which can't be changed/)
  })
})

test("a hook sees what the caller sees, and no more", async () => {
  expect(brief(await ask("POST", "posts", { body: { board, title: "blind" } }))).toBe("201")
  expect(entries).toEqual([
    {
      level: "info",
      action: "posts.beforeWrite",
      message: "sees",
      data: { boards: ["ann's"], at: expect.any(String) },
    },
  ])
  probe.seen = []
  // What another can't see is not shown to their hook, and not written.
  const { json } = await ask(
    "PATCH",
    "posts?title=eq.blind",
    { body: { views: 1 }, headers: representation },
    bob,
  )
  expect([json, probe.seen]).toEqual([[], []])
  await ask("PATCH", "posts?title=eq.blind", { body: { views: 1 } }, { ...ann, roles: ["auditor"] })
  expect(probe.seen).toMatchObject([{ before: { note: "seen" } }])
  expect(brief(await ask("POST", "posts", { body: { board, title: "x" } }, bob))).toMatch(/^4/)
})

describe("GraphQL", () => {
  const send = async (query: string): Promise<any> =>
    (await backend().request(ann, "POST", "/graphql", { body: { query } })).json
  test("mutations are completed, in one transaction", async () => {
    const { data, errors } = await send(`mutation {
      a: insertIntoPostCollection(objects: [{ boardId: "${board}", title: " a " }]) { affectedCount records { title author } }
      b: updatePostCollection(set: { views: 3 }, filter: { title: { eq: "a" } }) { records { views editor } }
      c: insertIntoFlagCollection(objects: [{ postId: "${id(0)}", why: "x" }]) { affectedCount }
    }`)
    expect(data).toBeNull()
    expect(errors).toMatchObject([{ path: ["c"] }])
    expect([await stored(), await trails()]).toEqual([[], []])
    const done = await send(`mutation {
      a: insertIntoPostCollection(objects: [{ boardId: "${board}", title: " a " }]) { affectedCount records { title author } }
      b: updatePostCollection(set: { views: 3 }, filter: { title: { eq: "a" } }) { records { views editor } }
      t: insertIntoTrailCollection(objects: [{ who: "ann", what: "mine" }]) { affectedCount }
    }`)
    expect(done).toEqual({
      data: {
        a: { affectedCount: 1, records: [{ title: "a", author: "ann" }] },
        b: { records: [{ views: 3, editor: "ann" }] },
        t: { affectedCount: 1 },
      },
    })
    const last = await send(`mutation {
      t: insertIntoTrailCollection(objects: [{ who: "ann", what: "again" }]) { affectedCount }
      d: deleteFromPostCollection(filter: { title: { eq: "a" } }) { affectedCount }
      e: insertIntoPostCollection(objects: [{ boardId: "${board}", title: "refused" }]) { affectedCount }
    }`)
    expect(last).toMatchObject({ data: null, errors: [{ path: ["e"], message: "not this title" }] })
    expect(await stored()).toHaveLength(1)
  })
})

test("documents do not ask for what callers may not set, though it is required", async () => {
  const { json } = await backend().request(ann, "GET", "/openapi.json")
  const { required, properties } = json.components.schemas.PostInsert
  expect(required).toEqual(["board", "title"])
  expect(Object.keys(properties)).not.toContain("author")
})
