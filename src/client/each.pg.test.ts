/** Reading page after page gives each row once, in order: with ties, with nulls, in every direction, while others write. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { ids, studioBackend } from "../../test/support/studio.ts"
import { anyone, boolean, decimal, defineBackend, entity, instant, integer, text } from "../index.ts"
import { attempt, type Client, createClient } from "./client.ts"

const Reading = entity("Reading", {
  fields: {
    label: text({ caseInsensitive: true }).optional(),
    grade: integer().optional(),
    isKept: boolean().optional(),
    amount: decimal({ precision: 20, scale: 4 }).optional(),
    at: instant().optional(),
  },
})
Reading.access(() => ({ read: anyone, create: anyone, delete: anyone }))
const Cell = entity("Cell", {
  key: ["x", "y"],
  fields: { x: integer(), y: text(), value: integer().optional() },
})
Cell.access(() => ({ read: anyone, create: anyone }))

const definition = defineBackend({ name: "readings", model: [Reading, Cell], limits: { rows: 40 } })
let backend: TestBackend
let client: Client<typeof definition>

beforeAll(async () => {
  backend = await startTestBackend(definition)
  client = createClient<typeof definition>({ url: backend.url })
  const pick = <T>(at: number, ...values: T[]): T => values[at % values.length]!
  const rows = Array.from({ length: 130 }, (_, at) => ({
    label: pick(at, "a", "A", 'b,")(', null, "ß", "zz"),
    grade: pick(at >> 1, 1, 2, null),
    isKept: pick(at >> 2, true, false, null),
    amount: pick(at, null, "9007199254740993.0001", "9007199254740993.0002", "-1.5"),
    at: pick(at, "2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000002Z", null, "2025-12-31T23:59:59Z"),
  }))
  await client.readings.createMany(rows, { select: [] })
  await client.cells.createMany(
    rows.map((_, at) => ({ x: at % 7, y: `y${at}`, value: at % 3 })),
    { select: [] },
  )
})
afterAll(() => backend?.stop())

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}

const column = {
  label: "label",
  grade: "grade",
  isKept: "is_kept",
  amount: "amount",
  at: "at",
  id: "id",
} as const
type Term = keyof typeof column | `-${keyof typeof column}`

describe("each row once, in PostgreSQL's own order", () => {
  test.each([
    [[]],
    [["label"]],
    [["-label"]],
    [["grade", "-label"]],
    [["-grade", "label", "at"]],
    [["isKept", "-amount"]],
    [["-isKept", "grade"]],
    [["-at", "amount"]],
    [["at"]],
    [["label", "-grade", "isKept", "-amount", "at"]],
    [["grade", "-id"]],
    [["-grade", "grade"]],
  ] as readonly (readonly [readonly Term[]])[])("order %j", async (order) => {
    const sql = order.map((term) =>
      term.startsWith("-") ? `${column[term.slice(1) as "id"]} desc` : column[term as "id"],
    )
    const wanted = await backend.sql(`select id from app.readings order by ${[...sql, "id"].join(", ")}`)
    for (const pageSize of [7, 40, 1000]) {
      const found = await collect(client.readings.each({ select: ["id"], order, pageSize }))
      expect(found).toEqual(wanted)
    }
  })

  test("of those that the filter lets through", async () => {
    const where = { or: [{ grade: 1 }, { label: { in: ['b,")('] } }], isKept: { not: null } }
    const found = await collect(client.readings.each({ where, order: ["-label"], pageSize: 10 }))
    expect(found.length).toBe(await client.readings.count({ where }))
    expect(new Set(found.map((row) => row.id)).size).toBe(found.length)
    expect(Object.keys(found[0]!).filter((name) => name.startsWith("_"))).toEqual([])
  })

  test("by a key of several fields, which is named", async () => {
    const found = await collect(
      client.cells.each({ key: ["x", "y"], order: ["-value"], select: ["x", "y"], pageSize: 9 }),
    )
    expect(found).toEqual(await backend.sql("select x, y from app.cells order by value desc, x, y"))
  })
})

test("rows that go meanwhile move no others from page to page", async () => {
  const before = await backend.sql("select id from app.readings order by id")
  const seen: string[] = []
  for await (const { id } of client.readings.each({ select: ["id"], pageSize: 20 })) {
    seen.push(id)
    if (seen.length === 20) for (const row of before.slice(0, 15)) await client.readings.delete(row.id)
  }
  expect(seen).toEqual(before.map((row) => row.id))
})

test("stops asking when the reader stops, and when the signal says so", async () => {
  let requests = 0
  const counted = createClient<typeof definition>({
    url: backend.url,
    fetch: (url, init) => {
      requests++
      return fetch(url, init)
    },
  })
  for await (const row of counted.readings.each({ pageSize: 5 })) {
    expectTypeOf(row.grade).toEqualTypeOf<number | null>()
    break
  }
  expect(requests).toBe(1)
  const controller = new AbortController()
  const reading = (async () => {
    for await (const _ of counted.readings.each({ pageSize: 5, signal: controller.signal }))
      controller.abort()
  })()
  expect(await attempt(reading)).toMatchObject({ ok: false, error: { code: "ABORTED" } })
  expect(requests).toBe(2)
})

test("relations take the place of the field that is ordered by", async () => {
  const studios = await startTestBackend(studioBackend)
  try {
    const token = await studios.tokenOf({ id: "ada" })
    const { films } = createClient<typeof studioBackend>({ url: studios.url, token })
    const found = await collect(
      films.each({
        order: ["director"],
        include: { director: { select: ["first"] } },
        select: ["title"],
        pageSize: 1,
      }),
    )
    expect(found).toEqual([
      { title: "Alpha", director: { first: "Ada" } },
      { title: "Beta", director: { first: "Bo" } },
    ])
    expect(ids.ada < ids.bo).toBe(true)
  } finally {
    await studios.stop()
  }
})
