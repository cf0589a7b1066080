/** Cursors: walks over rows with ties and nulls, in both directions, meet every row once and in order. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { ask } from "../../test/support/graphql.ts"
import { anyone, boolean, date, decimal, defineBackend, entity, instant, integer, text } from "../index.ts"

const Mark = entity("Mark", {
  key: ["group", "number"],
  tracked: false,
  fields: {
    group: text({ max: 10 }),
    number: integer(),
    word: text({ max: 20, caseInsensitive: true }).optional(),
    level: integer(),
    day: date().optional(),
    moment: instant().optional(),
    share: decimal({ precision: 6, scale: 2 }).optional(),
    flag: boolean().optional(),
  },
})
Mark.access(() => ({ read: anyone }))

const count = 17
const pick = <T>(values: readonly T[], at: number): T => values[at % values.length]!
const marks = defineBackend({
  name: "marks",
  model: [Mark],
  seed: function* () {
    for (let at = 0; at < count; at++)
      yield [
        "Mark",
        {
          group: pick(["a", "b'\"", "ü"], at),
          number: at,
          word: pick([null, "one", "ONE", "two", null, 'q"\\'], at),
          level: pick([1, 2, 2], at),
          day: pick([null, "2026-01-01", "2026-01-02"], at),
          moment: pick(["2026-01-01T00:00:00.123456Z", null], at),
          share: pick(["1.50", "-2.00", null, "1.50"], at),
          flag: pick([true, null, false], at),
        },
      ]
  },
})

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(marks)
}, 60_000)
afterAll(() => backend?.stop())

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly number: number } }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

async function page(orderBy: unknown, args: string): Promise<Page> {
  const query = `query ($orderBy: [MarkOrderBy!]) { markCollection(orderBy: $orderBy, ${args}) {
    edges { cursor node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  const { data, errors } = await ask(backend, null, query, { orderBy })
  expect(errors).toBeUndefined()
  return data.markCollection
}

const numbers = ({ edges }: Page): readonly number[] => edges.map((edge) => edge.node.number)

const directions = ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"]
const orders: readonly unknown[] = [
  null,
  [],
  [{ number: "DescNullsLast" }],
  ...directions.flatMap((one) => ["word", "day", "flag"].map((name) => [{ [name]: one }])),
  ...directions.map((one) => [{ level: "DescNullsFirst" }, { share: one }, { moment: "AscNullsFirst" }]),
  [{ level: "AscNullsLast" }, { group: "AscNullsLast" }],
]

describe.each(orders.map((one) => [JSON.stringify(one), one] as const))("ordered by %s", (_, orderBy) => {
  test.each([1, 3, 4])("pages of %i meet every row once, forwards and backwards", async (size) => {
    const whole = numbers(await page(orderBy, "first: 100"))
    expect(new Set(whole).size).toBe(count)

    const forwards: number[] = []
    for (let after = "", pages = 0; ; pages++) {
      const one = await page(orderBy, `first: ${size}${after}`)
      forwards.push(...numbers(one))
      const { pageInfo, edges } = one
      expect(pageInfo.hasPreviousPage).toBe(pages > 0)
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor, edges.at(-1)?.cursor])
      expect(pageInfo.hasNextPage).toBe(forwards.length < count)
      if (!pageInfo.hasNextPage) break
      after = `, after: "${pageInfo.endCursor}"`
    }
    expect(forwards).toEqual(whole)

    const backwards: number[] = []
    for (let before = "", pages = 0; ; pages++) {
      const { pageInfo, ...rest } = await page(orderBy, `last: ${size}${before}`)
      backwards.unshift(...numbers({ pageInfo, ...rest }))
      expect(pageInfo.hasNextPage).toBe(pages > 0)
      expect(pageInfo.hasPreviousPage).toBe(backwards.length < count)
      if (!pageInfo.hasPreviousPage) break
      before = `, before: "${pageInfo.startCursor}"`
    }
    expect(backwards).toEqual(whole)
  })
})

test.each(["startCursor", "endCursor", "startCursor endCursor", "hasNextPage", "hasPreviousPage"])(
  "what is asked of a page, %s, does not change its order",
  async (facts) => {
    for (const args of ["first: 5", "last: 5"]) {
      const fields = "edges { node { number } }"
      const order = "orderBy: [{number: DescNullsLast}]"
      const query = `{ alone: markCollection(${args}, ${order}) { ${fields} } markCollection(${args}, ${order}) { pageInfo { ${facts} } ${fields} } }`
      const { data } = await ask(backend, null, query)
      expect(data.markCollection.edges).toEqual(data.alone.edges)
      const first = args === "first: 5" ? count - 1 : 4
      expect(numbers(data.alone)).toEqual([0, 1, 2, 3, 4].map((at) => first - at))
    }
  },
)

test("between two cursors stand the rows between them", async () => {
  const orderBy = [{ word: "DescNullsFirst" }]
  const { edges } = await page(orderBy, "first: 100")
  const args = `after: "${edges[3]!.cursor}", before: "${edges[9]!.cursor}"`
  const between = edges.slice(4, 9).map((edge) => edge.node.number)
  const all = await page(orderBy, `${args}, first: 100`)
  expect([numbers(all), all.pageInfo.hasNextPage, all.pageInfo.hasPreviousPage]).toEqual([
    between,
    true,
    true,
  ])
  expect(numbers(await page(orderBy, `${args}, first: 2`))).toEqual(between.slice(0, 2))
  expect(numbers(await page(orderBy, `${args}, last: 2`))).toEqual(between.slice(-2))
  expect(numbers(await page(orderBy, `${args}, first: 2, offset: 1`))).toEqual(between.slice(1, 3))
})
