/** The client against a started backend: every call, and what comes of those that fail. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest"
import { startTestBackend, type TestBackend, type TestCaller } from "../../test/support/backend.ts"
import { ids, studioBackend } from "../../test/support/studio.ts"
import { attempt, type Client, ClientError, createClient } from "./client.ts"

let backend: TestBackend
const ada: TestCaller = { id: "ada", roles: ["producer", "agent"] }
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
})
afterAll(() => backend?.stop())

function as(caller: TestCaller | null): Client<typeof studioBackend> {
  return createClient<typeof studioBackend>({
    url: backend.url,
    token: async () => (caller ? await backend.tokenOf(caller) : null),
  })
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const came = await attempt(call)
  return came.ok ? "no error" : came.error.code
}

describe("list", () => {
  test("select, where, order and limit", async () => {
    const films = await as(ada).films.list({
      select: ["title", "length"],
      where: { length: { gte: 90, lt: 121 } },
      order: ["-title"],
      limit: 1,
    })
    expect(films).toEqual([{ title: "Beta", length: 120 }])
    expectTypeOf(films).toEqualTypeOf<readonly { readonly title: string; readonly length: number }[]>()
    expect(await as(ada).films.list({ select: ["title"], order: ["title"], limit: 1, offset: 1 })).toEqual([
      { title: "Beta" },
    ])
  })

  test("without options all that the caller may see", async () => {
    const titles = async (caller: TestCaller | null) =>
      (await as(caller).films.list()).map((film) => film.title).toSorted()
    expect(await titles(ada)).toEqual(["Alpha", "Beta"])
    expect(await titles(null)).toEqual(["Alpha"])
  })

  test("relations to one, to many and to self, with filters, orders and limits of their own", async () => {
    const films = await as(ada).films.list({
      select: ["title", "director"],
      include: {
        studio: { select: ["name"] },
        director: {
          select: ["fullName"],
          include: {
            pupils: { select: ["first"], order: ["-first"], limit: 1 },
            mentor: { select: ["first"] },
          },
        },
        actors: { select: ["name"], where: { or: [{ name: "Hero" }, { name: { like: "Ghos*" } }] } },
      },
      order: ["title"],
    })
    expect(films).toEqual([
      {
        title: "Alpha",
        studio: { name: "Amber" },
        director: { fullName: "Ada Ash", pupils: [{ first: "Cy" }], mentor: null },
        actors: [{ name: "Hero" }],
      },
      {
        title: "Beta",
        studio: { name: "Amber" },
        director: { fullName: "Bo Birch", pupils: [], mentor: { first: "Ada" } },
        actors: [],
      },
    ])
  })

  test("inner leaves out rows without the related row", async () => {
    const people = await as(ada).people.list({
      select: ["first"],
      include: { mentor: { select: ["first"], inner: true } },
      order: ["first"],
    })
    expect(people).toEqual([
      { first: "Bo", mentor: { first: "Ada" } },
      { first: "Cy", mentor: { first: "Ada" } },
    ])
    expectTypeOf(people[0]!.mentor).toEqualTypeOf<{ readonly first: string }>()
  })

  test.each([
    ["a value", { title: "Alpha" }, ["Alpha"]],
    ["null", { director: null }, []],
    ["not null", { rating: { not: null } }, ["Alpha"]],
    ["in", { title: { in: ["Beta", "a,b", 'q"'] } }, ["Beta"]],
    ["in nothing", { title: { in: [] } }, []],
    ["not of two questions", { length: { not: { gte: 100, lte: 130 } } }, ["Alpha"]],
    ["not of conditions", { not: { title: "Alpha", length: 90 } }, ["Beta"]],
    ["or of and", { or: [{ title: "Beta", length: 90 }, { isPublic: true }] }, ["Alpha"]],
    ["and", { and: [{ title: "Beta" }, { or: [{ length: 120 }, { length: 1 }] }] }, ["Beta"]],
    ["list", { tags: { contains: ["b c"] } }, ["Alpha"]],
    ["lists that overlap", { tags: { overlaps: ["b c", "other"] } }, ["Alpha"]],
    ["json", { facts: { contains: { camera: { make: "X" } } } }, ["Alpha"]],
    ["bigint", { budget: { gt: "9007199254740992" } }, ["Alpha"]],
    ["range", { shooting: { overlaps: "(,2020-01-01T00:00:00Z)" } }, []],
    ["search", { title: { search: "beta" } }, ["Beta"]],
    ["regular expression", { title: { match: "^[AB]l" } }, ["Alpha"]],
  ] as const)("filter: %s", async (_, where, titles) => {
    const films = await as(ada).films.list({ select: ["title"], where, order: ["title"] })
    expect(films.map((film) => film.title)).toEqual(titles)
  })
})

describe("one row", () => {
  test("by id, by another key, by a composite key", async () => {
    const client = as(ada)
    expect((await client.films.get(ids.alpha)).title).toBe("Alpha")
    expect(await client.studios.get({ code: "blue" }, { select: ["name"] })).toEqual({ name: "Blue" })
    expect((await client.roles.get({ film: ids.alpha, person: ids.cy })).name).toBe("Hero")
    expect((await client.publicFilms.get(ids.alpha)).directorName).toBe("Ada Ash")
  })

  test("which is not there, or not visible, is the same error", async () => {
    expect(await codeOf(as(ada).films.get(ids.gamma))).toBe("PGRST116")
    expect(await codeOf(as(ada).films.get(ids.ada))).toBe("PGRST116")
  })

  test.each([[undefined], [null], [{}], [{ id: undefined }], [{ "id=gt.0&x": "1" }]])(
    "a key that names no row is refused here: %j",
    async (key) => {
      const { films } = as(ada)
      for (const call of [films.get(key as any), films.update(key as any, {}), films.delete(key as any)])
        expect(await codeOf(call)).toBe("REQUEST")
    },
  )
})

describe("writes", () => {
  test("create, update, delete", async () => {
    const { films } = as(ada)
    const made = await films.create({ studio: "amber", title: 'Delta (1), "2"', director: ids.ada })
    expect(made).toMatchObject({ title: 'Delta (1), "2"', length: 90, version: 1 })
    const changed = await films.update(made.id, { length: 95 }, { select: ["length", "version"] })
    expect(changed).toEqual({ length: 95, version: 2 })
    await films.delete(made.id)
    expect(await codeOf(films.get(made.id))).toBe("PGRST116")
    expect(await codeOf(films.delete(made.id))).toBe("PGRST116")
  })

  test("a version that is not the row's leaves it as it is", async () => {
    const { films } = as(ada)
    const { id, version } = await films.create({ studio: "amber", title: "Versioned" })
    const { version: next } = await films.update(id, { length: 91 }, { version })
    expect(next).toBe(version + 1)
    expect(await codeOf(films.update(id, { length: 92 }, { version }))).toBe("UC308")
    expect(await codeOf(films.update(id, { length: 93 }, { version: undefined as any }))).toBe("REQUEST")
    expect((await films.get(id)).length).toBe(91)
  })

  test("a write whose answer was lost is sent again, and done once", async () => {
    let sent = 0
    const lossy = createClient<typeof studioBackend>({
      url: backend.url,
      token: () => backend.tokenOf(ada),
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        sent += 1
        if (sent === 1) throw new TypeError("the connection broke")
        return response
      },
    })
    const made = await lossy.films.create({ studio: "amber", title: "Once" })
    expect(sent).toBe(2)
    expect(await as(ada).films.list({ where: { title: "Once" } })).toEqual([made])
  })

  test("rows with different fields, each with its own defaults, come back in their order", async () => {
    const rows = await as(ada).films.createMany(
      [
        { studio: "amber", title: "Y" },
        { studio: "amber", title: "X", length: 7 },
      ],
      { select: ["title", "length"], include: { studio: { select: ["name"] } } },
    )
    expect(rows).toEqual([
      { title: "Y", length: 90, studio: { name: "Amber" } },
      { title: "X", length: 7, studio: { name: "Amber" } },
    ])
    expect(await as(ada).films.createMany([])).toEqual([])
  })

  test("select: [] asks for nothing back, as those must who can't read what they write", async () => {
    const stranger = as({ id: "stranger" })
    const during = "[2026-01-01T00:00:00Z,2026-01-02T00:00:00Z)"
    expect(await codeOf(stranger.bookings.create({ person: ids.ada, during }))).toBe("42501")
    expect(await stranger.bookings.create({ person: ids.ada, during }, { select: [] })).toEqual({})
    const again = await attempt(stranger.bookings.create({ person: ids.ada, during }, { select: [] }))
    expect(again).toMatchObject({ ok: false, error: { code: "23P01", status: 409 } })
  })

  test("part of a composite key deletes nothing", async () => {
    const { members } = as(ada)
    const everyone = await backend.sql("select * from app.members")
    const other = as({ id: "cy", roles: ["producer"] })
    await backend.sql("insert into app.members (studio, person) values ('amber', $1)", [ids.bo])
    expect(await codeOf(members.delete({ studio: "amber" } as any))).toBe("PGRST116")
    expect(await codeOf(other.members.delete({ studio: "amber" } as any))).toBe("PGRST116")
    expect(await backend.sql("select * from app.members")).toHaveLength(everyone.length + 1)
    await members.delete({ studio: "amber", person: ids.bo })
    expect(await backend.sql("select * from app.members")).toHaveLength(everyone.length)
  })
})

describe("counts and groups", () => {
  test("count", async () => {
    expect(await as(ada).people.count()).toBe(3)
    expect(await as(ada).people.count({ where: { mentor: ids.ada } })).toBe(2)
  })

  test("aggregate", async () => {
    const { people } = as(ada)
    expect(
      await people.aggregate({
        by: ["mentor"],
        count: true,
        sum: ["fee"],
        max: ["first", "fee"],
        order: ["mentor"],
      }),
    ).toEqual([
      { mentor: ids.ada, count: 2, sum: { fee: 500 }, max: { first: "Cy", fee: 300 } },
      { mentor: null, count: 1, sum: { fee: 100 }, max: { first: "Ada", fee: 100 } },
    ])
    expect(await people.aggregate({ avg: ["fee"], min: ["createdAt"], where: { first: "nobody" } })).toEqual([
      { avg: { fee: null }, min: { createdAt: null } },
    ])
  })

  test("groups with nothing computed are the values that there are", async () => {
    const groups = await as(ada).people.aggregate({ by: ["mentor"], order: ["-mentor"] })
    expect(groups).toEqual([{ mentor: null }, { mentor: ids.ada }])
  })

  test("the smallest and the largest of a decimal are written as the field is", async () => {
    const [found] = await as(ada).films.aggregate({ min: ["rating"], where: { title: "Alpha" } })
    expect(found).toEqual({ min: { rating: "7.5" } })
  })
})

describe("errors", () => {
  test("are the backend's own, with their place and their mend", async () => {
    const came = await attempt(as(ada).films.create({ studio: "amber", title: "" }))
    expect(came.ok).toBe(false)
    if (came.ok) return
    expect(came.error).toBeInstanceOf(ClientError)
    expect(came.error).toMatchObject({ code: "23514", status: 400 })
    expect(came.error.message).toContain("title")
  })

  test("a token that is not valid", async () => {
    const client = createClient<typeof studioBackend>({ url: backend.url, token: "nonsense" })
    expect(await codeOf(client.films.list())).toBe("PGRST301")
  })

  test.each([
    ["undefined", { title: undefined }],
    ["undefined in a list", { title: { in: [undefined] } }],
    ["no alternative", { or: [] }],
    ["an empty alternative", { or: [{}] }],
    ["an empty question", { title: {} }],
    ["an unknown question", { title: { equals: "x" } }],
    ["an inherited question", { title: { constructor: "x" } }],
    ["a list for a value", { title: ["x"] }],
    ["grammar for a name", { "title=eq.x&length": 1 }],
    ["half a character", { title: "\ud800" }],
    ["no number", { length: Number.NaN }],
  ])("a filter that could let through more than was meant is refused here: %s", async (_, where) => {
    expect(await codeOf(as(ada).films.list({ where: where as any }))).toBe("REQUEST")
  })

  test("what is no collection is PGRST205, and a client can be awaited", async () => {
    const client = (await as(ada)) as any
    expect(await codeOf(client.nothing.list())).toBe("PGRST205")
    expect(client.films).toBe(client.films)
    expect(client.then).toBeUndefined()
  })
})
