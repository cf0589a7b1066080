/** The types that are inferred from a model; a wrong one does not compile, which `npm run check` sees. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, expectTypeOf, test } from "vitest"
import type { Film, Member, me, Person, PublicFilm, Studio } from "../../test/support/studio.ts"
import type { Insert, Row, Update } from "../index.ts"

type IsAny<T> = 0 extends 1 & T ? true : false

test("no entity, row, field or fact is any: that failure would be silent", () => {
  expectTypeOf<IsAny<typeof Film>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<Row<typeof Film>>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<Row<typeof Film>["director"]>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<Row<typeof Person>["mentor"]>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<Insert<typeof Film>>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<typeof me>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<typeof me.studios>>().toEqualTypeOf<false>()
  expectTypeOf<IsAny<Row<typeof PublicFilm>["directorName"]>>().toEqualTypeOf<false>()
})

test("a row has every stored field, null where it is optional", () => {
  expectTypeOf<Row<typeof Studio>>().toEqualTypeOf<{
    readonly code: string
    readonly name: string
    readonly createdAt: string
    readonly updatedAt: string
    readonly version: number
  }>()
  expectTypeOf<Row<typeof Person>["mentor"]>().toEqualTypeOf<string | null>()
  expectTypeOf<Row<typeof Member>["role"]>().toEqualTypeOf<"lead" | "crew">()
  expectTypeOf<Row<typeof Film>["budget"]>().toEqualTypeOf<number | string | null>()
  expectTypeOf<Row<typeof Film>["tags"]>().toEqualTypeOf<readonly string[]>()
  expectTypeOf<Row<typeof PublicFilm>["title"]>().toEqualTypeOf<string>()
})

test("an insert leaves out what has a default, and can't have what the database makes", () => {
  expectTypeOf<{ studio: string; title: string }>().toExtend<Insert<typeof Film>>()
  expectTypeOf<{ title: string }>().not.toExtend<Insert<typeof Film>>()
  expectTypeOf<{ studio: string; title: string; state: "other" }>().not.toExtend<Insert<typeof Film>>()
  expectTypeOf<keyof Insert<typeof Person>>().toEqualTypeOf<
    "id" | "first" | "last" | "user" | "email" | "fee" | "mentor"
  >()
})

test("an update can't have what is immutable", () => {
  expectTypeOf<{ title: string }>().toExtend<Update<typeof Film>>()
  expectTypeOf<Extract<keyof Update<typeof Film>, "studio" | "id" | "version">>().toEqualTypeOf<never>()
})

/** A model of many entities, each with references forwards, backwards and to itself. */
function largeModel(entities: number): string {
  const imports =
    'import { actor, anyOf, choice, date, entity, type Insert, many, ref, type Row, text } from "undercroft"\n'
  const parts = Array.from({ length: entities }, (_, at) => {
    const next = (at + 1) % entities
    return `export const E${at} = entity("E${at}", { fields: {
  name: text({ max: 20 }), kind: choice("a", "b").default("a"), at: date().optional(),
  get next() { return ref(E${next}) }, get own() { return ref(E${at}).optional() }, get many() { return many(E${(at + entities - 1) % entities}, "next") },
} })
E${at}.access(({ row, me }) => ({ read: anyOf(row.next.next.name.is(me.id), row.many.some((one) => one.kind.is("a")), row.name.in(caller.names)) }))
export const row${at}: Row<typeof E${at}>["next"] = "x"
export const insert${at}: Insert<typeof E${at}> = { name: "x", next: "y" }
`
  })
  return `${imports}export const caller = actor({ get names() { return E0.where(({ row, me }) => row.name.is(me.id)).pick("name") } })\n${parts.join("")}`
}

test("sixty entities stay within the budget of type instantiations", async () => {
  const root = fileURLToPath(new URL("../../", import.meta.url))
  const folder = await mkdtemp(`${root}examples/.types-`)
  try {
    await writeFile(`${folder}/model.ts`, largeModel(60))
    await writeFile(
      `${folder}/tsconfig.json`,
      JSON.stringify({ extends: "../../tsconfig.json", include: ["model.ts"] }),
    )
    const { stdout } = await promisify(execFile)(`${root}node_modules/.bin/tsc`, [
      "-p",
      folder,
      "--extendedDiagnostics",
    ])
    expect(Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1])).toBeLessThan(150_000)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
