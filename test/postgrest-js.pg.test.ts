/** The published PostgREST client, unmodified, in everyday use. */
import { PostgrestClient } from "@supabase/postgrest-js"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend, type TestCaller } from "./support/backend.ts"
import { ids, studioBackend } from "./support/studio.ts"

let backend: TestBackend
const ada: TestCaller = { id: "ada", roles: ["producer"] }
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
})
afterAll(() => backend?.stop())

async function as(caller: TestCaller | null): Promise<PostgrestClient<any, any, any>> {
  return new PostgrestClient(
    `${backend.url}/rest`,
    caller ? { headers: { authorization: `Bearer ${await backend.tokenOf(caller)}` } } : {},
  )
}

describe("reads", () => {
  test("select, filters, order, range, count", async () => {
    const db = await as(ada)
    const { data, error, count } = await db
      .from("films")
      .select("title,length", { count: "exact" })
      .gte("length", 90)
      .order("title", { ascending: false })
      .range(0, 0)
    expect(error).toBeNull()
    expect(data).toEqual([{ title: "Beta", length: 120 }])
    expect(count).toBe(2)
  })

  test("embeds to one, to many, through a join entity, to self, three levels deep", async () => {
    const db = await as(ada)
    const { data, error } = await db
      .from("films")
      .select("title,studio(name),director(fullName,mentor(first)),actors(name,person(first,pupils(first)))")
      .order("title")
    expect(error).toBeNull()
    expect(data).toEqual([
      {
        title: "Alpha",
        studio: { name: "Amber" },
        director: { fullName: "Ada Ash", mentor: null },
        actors: [{ name: "Hero", person: { first: "Cy", pupils: [] } }],
      },
      {
        title: "Beta",
        studio: { name: "Amber" },
        director: { fullName: "Bo Birch", mentor: { first: "Ada" } },
        actors: [{ name: "Cameo", person: { first: "Ada", pupils: [{ first: "Bo" }, { first: "Cy" }] } }],
      },
    ])
    const through = await db.from("people").select("first,studios(name)").eq("first", "Ada")
    expect(through.data).toEqual([{ first: "Ada", studios: [{ name: "Amber" }] }])
    const other = await db.from("people").select("first,studios(name)").eq("first", "Bo")
    expect(other.data).toEqual([{ first: "Bo", studios: [] }])
  })

  test("inner embeds and embedded filters", async () => {
    const db = await as(ada)
    const { data, count } = await db
      .from("films")
      .select("title,director!inner(first)", { count: "exact" })
      .eq("director.first", "Bo")
    expect(count).toBe(1)
    expect(data).toEqual([{ title: "Beta", director: { first: "Bo" } }])
    const empty = await db.from("films").select("title,actors(name)").eq("actors.name", "Hero").order("title")
    expect(empty.data).toEqual([
      { title: "Alpha", actors: [{ name: "Hero" }] },
      { title: "Beta", actors: [] },
    ])
  })

  test("logic trees, in, is, like, contains, json paths", async () => {
    const db = await as(ada)
    expect(
      (
        await db
          .from("films")
          .select("title")
          .or("length.gt.100,and(title.like.Al*,isPublic.is.true)")
          .order("title")
      ).data,
    ).toEqual([{ title: "Alpha" }, { title: "Beta" }])
    expect((await db.from("films").select("title").in("title", ["Beta", "Gamma"])).data).toEqual([
      { title: "Beta" },
    ])
    expect((await db.from("films").select("title").is("released", null)).data).toEqual([{ title: "Beta" }])
    expect((await db.from("films").select("title").not("title", "ilike", "%ETA")).data).toEqual([
      { title: "Alpha" },
    ])
    expect((await db.from("films").select("title").contains("tags", ["b c"])).data).toEqual([
      { title: "Alpha" },
    ])
    expect(
      (await db.from("films").select("make:facts->camera->>make").eq("facts->camera->>make", "X")).data,
    ).toEqual([{ make: "X" }])
  })

  test("values of every kind come back as they went in", async () => {
    const db = await as(ada)
    const { data } = await db.from("films").select().eq("title", "Alpha").single()
    expect(data).toMatchObject({
      released: "2020-02-29",
      rating: "7.5",
      budget: "9007199254740993",
      views: 0,
      tags: ["a", "b c"],
      facts: { camera: { make: "X" } },
      place: { latitude: 52.5, longitude: 13.4 },
      version: 1,
    })
  })

  test("single and maybeSingle", async () => {
    const db = await as(ada)
    const several = await db.from("films").select().single()
    expect(several.error?.code).toBe("PGRST116")
    expect(several.status).toBe(406)
    expect((await db.from("films").select().eq("title", "No").maybeSingle()).data).toBeNull()
  })

  test("a view reads as its caller", async () => {
    const db = await as(null)
    expect((await db.from("publicFilms").select("title,directorName,studio(name)")).data).toEqual([
      { title: "Alpha", directorName: "Ada Ash", studio: { name: "Amber" } },
    ])
    expect((await db.from("publicFilms").insert({ title: "x" })).status).toBe(405)
  })

  test("keyset pagination walks every row once", async () => {
    const db = await as(ada)
    const seen: string[] = []
    let last: any = null
    for (;;) {
      let query = db.from("films").select("id,length,title").order("length").order("id").limit(1)
      if (last) query = query.or(`length.gt.${last.length},and(length.eq.${last.length},id.gt.${last.id})`)
      const { data } = await query
      if (!data || data.length === 0) break
      last = data[0]
      seen.push(String(data[0]?.title))
    }
    expect(seen).toEqual(["Alpha", "Beta"])
  })
})

describe("fields that not everyone sees", () => {
  test("a field whose rule is about the caller alone does not exist for the others", async () => {
    const db = await as(ada)
    const all = await db.from("people").select().order("first")
    expect(Object.keys(all.data?.[0] ?? {})).not.toContain("email")
    const [hidden, absent] = [
      await db.from("people").select("email"),
      await db.from("people").select("emai1"),
    ]
    expect(hidden.status).toBe(400)
    expect(hidden.error).toEqual({
      ...absent.error,
      message: absent.error?.message.replace("emai1", "email"),
    })
    const agent = await as({ id: "x", roles: ["agent"] })
    expect((await agent.from("people").select("email").order("first")).data).toEqual([
      { email: "ada@example.org" },
      { email: "bo@example.org" },
      { email: null },
    ])
  })

  test("a field whose rule is about the row is null elsewhere, for filters and orders too", async () => {
    const db = await as({ id: "bo" })
    expect((await db.from("people").select("first,fee").order("first")).data).toEqual([
      { first: "Ada", fee: null },
      { first: "Bo", fee: 200 },
      { first: "Cy", fee: null },
    ])
    expect((await db.from("people").select("first").gt("fee", 50)).data).toEqual([{ first: "Bo" }])
    expect(
      (await db.from("people").select("first").order("fee", { nullsFirst: false }).order("first")).data,
    ).toEqual([{ first: "Bo" }, { first: "Ada" }, { first: "Cy" }])
  })
})

describe("writes", () => {
  test("insert one and many, with and without the rows back", async () => {
    const db = await as(ada)
    const one = await db
      .from("films")
      .insert({
        studio: "amber",
        title: "Delta",
        tags: ["x"],
        shooting: "[2026-01-01T00:00:00Z,)",
      })
      .select("title,length,state,shooting,version")
      .single()
    expect(one.error).toBeNull()
    expect(one.status).toBe(201)
    expect(one.data).toEqual({
      title: "Delta",
      length: 90,
      state: "draft",
      shooting: "[2026-01-01T00:00:00+00:00,)",
      version: 1,
    })
    const many = await db.from("films").insert([
      { studio: "amber", title: "Eta" },
      { studio: "amber", title: "Theta" },
    ])
    expect(many.status).toBe(201)
    expect(many.data).toBeNull()
    const embedded = await db
      .from("films")
      .insert({ studio: "amber", title: "Iota", director: ids.bo })
      .select("title,director(first)")
    expect(embedded.data).toEqual([{ title: "Iota", director: { first: "Bo" } }])
    await db.from("films").update({ length: 1 }).in("title", ["Eta", "Theta", "Iota"])
  })

  test("update and delete by filter, versions count", async () => {
    const db = await as(ada)
    const made = await db
      .from("films")
      .insert({ studio: "amber", title: "Kappa", director: ids.ada })
      .select()
      .single()
    const changed = await db
      .from("films")
      .update({ title: "Kappa 2" })
      .eq("id", made.data.id)
      .eq("version", 1)
      .select("title,version")
    expect(changed.data).toEqual([{ title: "Kappa 2", version: 2 }])
    expect(
      (await db.from("films").update({ title: "late" }).eq("id", made.data.id).eq("version", 1).select())
        .data,
    ).toEqual([])
    expect((await db.from("films").delete().eq("id", made.data.id).select("title")).data).toEqual([
      { title: "Kappa 2" },
    ])
    expect((await db.from("films").delete().eq("id", ids.beta).select("title")).data).toEqual([])
    expect((await db.from("films").delete().eq("id", made.data.id)).status).toBe(204)
  })

  test.each([
    ["another studio's row", "films", { studio: "blue", title: "No" }, 403, "42501"],
    ["an unknown reference", "films", { studio: "none", title: "No" }, 409, "23503"],
    ["a second of a unique pair", "films", { studio: "amber", title: "Alpha" }, 409, "23505"],
    ["a value that is too long", "films", { studio: "amber", title: "x".repeat(81) }, 400, "22001"],
    ["a value below its least", "films", { studio: "amber", title: "x", length: -1 }, 400, "23514"],
    ["a missing value", "films", { studio: "amber", title: null }, 400, "23502"],
    ["an unknown field", "films", { studio: "amber", title: "x", nope: 1 }, 400, "PGRST204"],
    ["a field of the database's own", "films", { studio: "amber", title: "x", version: 9 }, 400, "428C9"],
    ["a row of what can't be created", "studios", { code: "x", name: "x" }, 403, "42501"],
  ] as const)("%s is refused", async (_, collection, row: any, status, code) => {
    const db = await as(ada)
    const answer = await db.from(collection).insert(row)
    expect([answer.status, answer.error?.code]).toEqual([status, code])
  })

  test("an immutable field, an invisible row and an unknown collection are refused", async () => {
    const db = await as(ada)
    expect((await db.from("films").update({ studio: "blue" }).eq("title", "Alpha")).status).toBe(400)
    expect((await db.from("films").update({ title: "x" }).eq("id", ids.gamma).select()).data).toEqual([])
    expect((await db.from("flims").select()).error?.code).toBe("PGRST205")
    expect((await db.from("films").select("nope(x)")).error?.code).toBe("PGRST200")
  })

  test("two bookings of one person do not overlap", async () => {
    const db = await as(ada)
    const book = (from: string, to: string) =>
      db.from("bookings").insert({ person: ids.ada, during: `[${from},${to})` })
    expect((await book("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z")).status).toBe(201)
    expect((await book("2026-01-01T10:30:00Z", "2026-01-01T11:30:00Z")).error?.code).toBe("23P01")
    expect((await book("2026-01-01T11:00:00Z", "2026-01-01T11:30:00Z")).status).toBe(201)
  })

  test("a single-object write of several rows changes none", async () => {
    const db = await as(ada)
    const before = (await db.from("films").select("version").eq("studio", "amber")).data
    const answer = await db.from("films").update({ length: 7 }).eq("studio", "amber").select().single()
    expect(answer.error?.code).toBe("PGRST116")
    expect((await db.from("films").select("version").eq("studio", "amber")).data).toEqual(before)
  })
})
