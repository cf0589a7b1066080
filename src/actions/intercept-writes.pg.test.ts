/** Hooks of what actions write, and of writes that meet one another. */
import { describe, expect, test } from "vitest"
import { board, brief, id, useBoardBackend } from "../../test/support/board.ts"
import { probe } from "../../test/support/board-backend.ts"

const { backend, ask, call, stored, trails, put, causes } = useBoardBackend()

describe("actions", () => {
  test("inserts are completed and refused", async () => {
    const { json } = await call("post", {
      rows: [
        { board, title: " a ", author: "x", tags: ["t"], extra: { b: 1 } },
        { board, title: "plain", author: "x" },
      ],
    })
    expect(json).toMatchObject([
      { title: "a", author: "ann", tags: ["t"], extra: { b: 1 }, views: 0 },
      { title: "plain", author: "ann", tags: null },
    ])
    expect(probe.seen[0]).toEqual({
      kind: "insert",
      row: { board, title: " a ", author: "x", tags: ["t"], extra: { b: 1 } },
    })
    expect((await stored()).map((one) => one.note)).toEqual(["seen", null])
    const rows = ["b", "refused"].map((title) => ({ board, title, author: "x" }))
    expect(brief(await call("post", { rows }))).toBe("409 UC702")
    expect([(await stored()).length, (await trails()).length]).toEqual([2, 2])
  })

  test("updates, row by row, by values and by what is reckoned", async () => {
    await put(0, "a", "views=50")
    await put(1, "b")
    const { json } = await call("change", { title: "b", set: { views: 7 } })
    expect(json).toEqual([{ title: "b", editor: "ann", seen: 7 }])
    expect((await call("reckon", {})).json).toBe(2)
    expect(await stored()).toMatchObject([
      { title: "A", views: 53, editor: null },
      { title: "B", views: 10, editor: "ann" },
    ])
    expect(probe.seen.at(-1)).toMatchObject({
      before: { title: "b", views: 7 },
      changes: { title: "B", views: 10 },
    })
    await backend().sql("update app.posts set state = 'closed' where title = 'B'")
    expect(brief(await call("reckon", {}))).toBe("409 UC702")
    expect((await stored()).map((one) => one.views)).toEqual([53, 10])
  })

  test("deletes", async () => {
    await put(0, "a")
    await put(1, "b", "state='published'")
    expect((await call("remove", { title: "a" })).json).toBe(1)
    expect(brief(await call("remove", { title: "b" }))).toBe("409 UC702")
    await backend().sql(`insert into app.flags (post, why) values ('${id(1)}', 'spam')`)
    expect((await call("unflag", {})).json).toEqual([{ why: "spam" }])
    expect(await backend().sql("select why from app.flags")).toEqual([])
  })

  test.each(["raw", "raw view", "with", "select", "conflict", "from", "merge", "expression", "permit"])(
    "%s gets round no hook",
    async (how) => {
      await put(0, "a")
      const answer = await call("around", { how, board })
      expect(brief(answer)).toMatch(how === "permit" ? /^(500|401|403)/ : /^500 UC690$/)
      if (how !== "permit") expect(causes.join()).toMatch(/posts has a hook: write it through the API/)
      expect(await stored()).toMatchObject([{ title: "a", views: 0 }])
      expect(probe.seen).toEqual([])
    },
  )

  test("nobody permits themselves", async () => {
    expect(brief(await call("around", { how: "permit call", board }))).toMatch(/^4/)
  })
})

describe("one after the other", () => {
  /** Holds the first two up until both have come. */
  function meetTwice(waits: number): void {
    let runs = 0
    probe.meet = () =>
      ++runs > waits ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, 150))
  }

  test("two who update one row see each other's outcome", async () => {
    await put(0, "a")
    meetTwice(1)
    const both = await Promise.all(
      [1, 2].map((views) => ask("PATCH", `posts?id=eq.${id(0)}`, { body: { views } })),
    )
    expect(both.map(brief)).toEqual(["204", "204"])
    const seen = probe.seen.map((one: any) => [one.before.views, one.changes.views])
    const [[, first], [then]] = seen.slice(-2) as [[number, number], [number, number]]
    expect(then).toBe(first)
    expect(await stored()).toMatchObject([{ version: 3 }])
  })

  test("a row that is closed meanwhile is not written", async () => {
    await put(0, "a")
    meetTwice(1)
    const [one, other] = await Promise.all([
      ask("PATCH", `posts?id=eq.${id(0)}`, { body: { state: "closed" } }),
      new Promise((resolve) => setTimeout(resolve, 50)).then(() =>
        ask("PATCH", `posts?id=eq.${id(0)}`, { body: { views: 9 } }),
      ),
    ])
    expect([brief(one), brief(other!)]).toEqual(["204", "409 UC702"])
  })

  test.each(["REST", "an action"])(
    "a row that changes while its delete is shown (%s) is shown again",
    async (door) => {
      await put(0, "a")
      let runs = 0
      probe.meet = async () => {
        if (++runs === 1) await backend().sql("update app.posts set state = 'published'")
      }
      const answer = door === "REST" ? ask("DELETE", "posts?title=eq.a") : call("remove", { title: "a" })
      expect(brief(await answer)).toBe("409 UC702")
      expect(await stored()).toHaveLength(1)
    },
  )

  test("a row that comes while an upsert is shown is an update then", async () => {
    let runs = 0
    probe.meet = async () => {
      if (++runs === 1) await put(0, "a", "slug='one'")
    }
    const headers = { prefer: "resolution=merge-duplicates" }
    const answer = await ask("POST", "posts?on_conflict=slug", {
      body: { board, title: "b", slug: "one" },
      headers,
    })
    expect(brief(answer)).toBe("200")
    expect(probe.seen.map((one: any) => one.kind)).toEqual(["insert", "update"])
  })

  test("a hook's writes of another entity are shown to that one's hook", async () => {
    await put(0, "a")
    expect(brief(await ask("POST", "flags", { body: { post: id(0), why: "turn" } }))).toBe("201")
    expect(probe.seen).toMatchObject([{ why: "turn" }, { kind: "update", changes: { title: "turned" } }])
    expect(await stored()).toMatchObject([{ title: "turned", editor: "ann" }])
  })
})
