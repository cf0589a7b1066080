/** What the compiler infers of a client, what it says about a mistake, and what that costs. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, expectTypeOf, test } from "vitest"
import type clinicBackend from "../../examples/clinic/backend.ts"
import { ids, type studioBackend } from "../../test/support/studio.ts"
import type { BackendDefinition, CollectionOf, entity, Row } from "../index.ts"
import { toPlural } from "../model/model.ts"
import { type AnswerCode, type Client, ClientError, createClient, type ErrorCode } from "./client.ts"
import type { ReadCalls } from "./client-types.ts"
import type { FieldName, Nothing } from "./entity-types.ts"
import type { Selected } from "./read-types.ts"

type IsAny<T> = 0 extends 1 & T ? true : false
/** The names of what is any, which should be none. */
type Anys<T> = { [K in keyof T]: IsAny<T[K]> extends true ? K : never }[keyof T]
/** The row of an entity of a backend. */
type RowNamed<B extends BackendDefinition, Name> = Row<Extract<B["model"][number], { readonly name: Name }>>
/** The rows of a client, by collection. */
type Rows<C> = {
  [K in keyof C]: C[K] extends ReadCalls<infer E> ? Selected<E, FieldName<E>, Nothing> : never
}

/** Never runs; its types are looked at. */
function inferred(look: () => unknown): void {
  expect(look).toBeTypeOf("function")
}
const studio: Client<typeof studioBackend> = createClient<typeof studioBackend>({ url: "http://127.0.0.1:1" })

describe("what is inferred", () => {
  test("no collection, row or field is any", () => {
    type Clinic = Client<typeof clinicBackend>
    type Studio = Client<typeof studioBackend>
    expectTypeOf<IsAny<Clinic>>().toEqualTypeOf<false>()
    expectTypeOf<Anys<Clinic> | Anys<Studio>>().toEqualTypeOf<never>()
    expectTypeOf<Anys<Rows<Clinic>> | Anys<Rows<Studio>>>().toEqualTypeOf<never>()
    expectTypeOf<Anys<Rows<Clinic>["patients"]> | Anys<Rows<Studio>["films"]>>().toEqualTypeOf<never>()
    expectTypeOf<Rows<Studio>["films"]>().toEqualTypeOf<RowNamed<typeof studioBackend, "Film">>()
    expectTypeOf<keyof Clinic>().toEqualTypeOf<
      | "users"
      | "practices"
      | "staff"
      | "patients"
      | "slots"
      | "openSlots"
      | "appointments"
      | "clinicalNotes"
      | "addenda"
      | "observations"
      | "prescriptions"
      | "consents"
      | "consentPurposes"
      | "overrides"
      | "privacyRequests"
      | "actions"
    >()
    expectTypeOf<keyof Studio>().toEqualTypeOf<
      "studios" | "people" | "members" | "films" | "roles" | "bookings" | "publicFilms" | "actions"
    >()
  })

  test("rows have what was selected and included, and nothing else", () => {
    inferred(async () => {
      const films = await studio.films.list({
        select: ["id", "rating", "director"],
        include: {
          director: { select: ["first"], include: { mentor: true, pupils: { select: ["id"] } } },
          studio: { inner: true, select: ["code"] },
          actors: true,
        },
      })
      type Person = RowNamed<typeof studioBackend, "Person">
      expectTypeOf(films).toEqualTypeOf<
        readonly {
          readonly id: string
          readonly rating: string | null
          readonly director: {
            readonly first: string
            readonly mentor: Person | null
            readonly pupils: readonly { readonly id: string }[]
          } | null
          readonly studio: { readonly code: string }
          readonly actors: readonly RowNamed<typeof studioBackend, "Role">[]
        }[]
      >()
      const all = await studio.films.list()
      expectTypeOf(all[0]!).toEqualTypeOf<RowNamed<typeof studioBackend, "Film">>()
      expectTypeOf(await studio.publicFilms.get(ids.alpha))
        .toHaveProperty("directorName")
        .toEqualTypeOf<string | null>()
      for await (const row of studio.members.each({ key: ["studio", "person"], select: ["role"] }))
        expectTypeOf(row).toEqualTypeOf<{ readonly role: "lead" | "crew" }>()
      expectTypeOf(
        await studio.films.aggregate({ by: ["state"], count: true, sum: ["length"], max: ["rating"] }),
      ).toEqualTypeOf<
        readonly {
          readonly state: "draft" | "final"
          readonly count: number
          readonly sum: { readonly length: number | null }
          readonly max: { readonly rating: string | null }
        }[]
      >()
    })
  })

  test("keys are what the model says, and views are not written", () => {
    inferred(() => {
      // @ts-expect-error: a studio's key is its code
      void studio.studios.get("amber")
      // @ts-expect-error: a role's key has two fields
      void studio.roles.delete({ film: ids.alpha })
      // @ts-expect-error: a role's key must be named to read page after page
      void studio.roles.each({})
      // @ts-expect-error: a film's key is one text
      void studio.films.get({ id: ids.alpha })
      // @ts-expect-error: a view is only read
      void studio.publicFilms.create
      // @ts-expect-error: the database counts versions
      void studio.films.update(ids.alpha, { version: 3 })
      // @ts-expect-error: nulls are asked for only where they can be
      void studio.films.list({ where: { title: null } })
      // @ts-expect-error: choices have no patterns
      void studio.films.list({ where: { state: { like: "d*" } } })
      // @ts-expect-error: there is no such choice
      void studio.films.list({ where: { state: "drafty" } })
    })
  })

  test("a backend whose type was widened is refused in words", () => {
    type Widened = Client<BackendDefinition>
    expectTypeOf<Widened>().toEqualTypeOf<"The backend's type does not say its model: leave out the annotation `: BackendDefinition`.">()
  })

  test("actions have the types of the backend's", () => {
    type Booking = { readonly "~input": { slot: string }; readonly "~output": { id: string } }
    type WithActions = typeof studioBackend & { readonly actions: { readonly book: Booking } }
    type Book = Client<WithActions>["actions"]["book"]
    expectTypeOf<Parameters<Book>[0]>().toEqualTypeOf<{ slot: string }>()
    expectTypeOf<ReturnType<Book>>().toEqualTypeOf<Promise<{ id: string }>>()
    expectTypeOf<keyof Client<typeof studioBackend>["actions"]>().toEqualTypeOf<never>()
  })

  test("errors have the codes as they are sent", () => {
    expectTypeOf<"23505" | "23503" | "PGRST116" | "UC303">().toExtend<AnswerCode>()
    expectTypeOf<
      Extract<ErrorCode, `PG:${string}` | `${string}/${string}` | `UC9${string}`>
    >().toEqualTypeOf<never>()
    const words = (error: ClientError): string | undefined => {
      switch (error.code) {
        case "23505":
          return "taken"
        case "NETWORK":
          return "offline"
        // @ts-expect-error: no such code
        case "23506":
          return undefined
      }
      return error.hint ?? undefined
    }
    expect(words(new ClientError("23505", "x"))).toBe("taken")
  })
})

describe("a collection's name is the same to the compiler as when it runs", () => {
  const names = [
    "Patient", "Diary", "Day", "Key", "Y", "By", "Box", "Address", "Buzz", "Match", "Dish", "Process", "ClinicalNote",
    "S", "Quay", "Guy", "EKGy", "ABY", "Photo", "Series", "Staff", "PatientX", "Z9", "URLEntry", "Essay", "Ty",
  ] as const // biome-ignore format: a list of words
  type PluralsOf<N> = {
    [K in keyof N]: N[K] extends string ? CollectionOf<ReturnType<typeof entity<N[K], {}>>> : never
  }
  const plurals: PluralsOf<typeof names> = [
    "patients", "diaries", "days", "keys", "ys", "bies", "boxes", "addresses", "buzzes", "matches", "dishes",
    "processes", "clinicalNotes", "ses", "quays", "guys", "eKGies", "aBYs", "photos", "serieses", "staffs", "patientXs",
    "z9s", "uRLEntries", "essays", "ties",
  ] // biome-ignore format: a list of words

  test.each(names.map((name, at) => [name, plurals[at]] as const))("%s → %s", (name, plural) => {
    expect(toPlural(name)).toBe(plural)
  })
})

const root = fileURLToPath(new URL("../../", import.meta.url))

/** What tsc prints about some files, and how long it took to check them. */
async function compile(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(`${root}examples/.types-`)
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(`${folder}/${name}`, text)
    const include = Object.keys(files)
    await writeFile(`${folder}/tsconfig.json`, JSON.stringify({ extends: "../../tsconfig.json", include }))
    const tsc = promisify(execFile)(`${root}node_modules/.bin/tsc`, ["-p", folder, "--extendedDiagnostics"])
    return (await tsc.catch((error: { stdout: string }) => error)).stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const figure = (printed: string, name: string): number =>
  Number(new RegExp(`${name}:\\s+([\\d.]+)`).exec(printed)?.[1])

test("mistakes are told in words", async () => {
  const mistakes: readonly (readonly [call: string, ...said: string[]])[] = [
    ['patients.list({ select: ["nme"] })', `'"nme"' is not assignable to type '"address" | `, `Did you mean '"name"'?`],
    ['patients.list({ where: { pracice: "x" } })', "'pracice' does not exist", "Did you mean to write 'practice'?"],
    ['patients.list({ where: { born: { gtee: "x" } } })', "'gtee' does not exist", "Did you mean to write 'gte'?"],
    ['patients.list({ order: ["-brn"] })', `Did you mean '"-born"'?`],
    ["patients.list({ limt: 3 })", "Did you mean to write 'limit'?"],
    ["patients.list({ include: { appointmets: true } })", "Did you mean to write 'appointments'?"],
    ["patients.list({ include: { appointments: { include: { doktor: true, doctor: true } } } })", "Appointment has no relation doktor"],
    ['patients.list({ include: { appointments: { select: ["idd"] } } })', `'"idd"' is not assignable to type '"createdAt" | `],
    ['patients.list({ include: { appointments: { where: { sttus: "x", kind: "acute" } } } })', "Appointment has no field sttus"],
    ['patients.list({ include: { appointments: { where: { or: [{ sttus: "x", kind: "acute" }] } } } })', "Appointment has no field sttus"],
    ["patients.list({ include: { appointments: { limt: 3, limit: 3 } } })", "an include has no option limt"],
    ['patients.create({ firstName: "x" })', "missing the following properties", "practice, lastName, born, gender, insuranceNumber"],
    ['patients.update("x", { practice: "x" })', "'practice' does not exist"],
    ["patiens.list()", "Did you mean 'patients'?"],
    ["openSlots.delete('x')", "Property 'delete' does not exist on type 'ReadCalls<Entity<\"OpenSlot\","],
  ] // biome-ignore format: one mistake a line
  const printed = await compile({
    "mistakes.ts": [
      'import type { Client } from "undercroft/client"',
      'import type backend from "../clinic/backend.ts"',
      "declare const clinic: Client<typeof backend>",
      ...mistakes.map(([call]) => `void clinic.${call}`),
    ].join("\n"),
  })
  for (const [at, [call, ...said]] of mistakes.entries()) {
    const told = printed.split(/^(?=\S*mistakes\.ts\()/m).filter((one) => one.includes(`.ts(${at + 4},`))
    expect(told.length, call).toBe(1)
    for (const words of said) expect(told[0]).toContain(words)
  }
}, 60_000)

test("the clinic's backend and client together ask little of the checker", async () => {
  // Together: which of them is charged for a type that both need hangs on chance.
  const printed = await compile({
    "use.ts": 'export * from "../clinic/client.ts"\nexport { default } from "../clinic/backend.ts"\n',
  })
  expect(printed).not.toContain("error TS")
  expect(figure(printed, "Instantiations")).toBeLessThan(450_000)
}, 60_000)

/** Entities in a ring, and a client that reads each with three levels of relations. */
function largeClient(entities: number): string {
  const names = Array.from({ length: entities }, (_, at) => `E${at}x`)
  const declared = names.map((name, at) => {
    const [next, last] = [names[(at + 1) % entities], names.at(at - 1)]
    return `export const ${name} = entity("${name}", { fields: {
  name: text({ max: 20 }), kind: choice("a", "b").default("a"), at: date().optional(),
  get next() { return ref(${next}) }, get own() { return ref(${name}).optional() }, get many() { return many(${last}, "next") },
} })`
  })
  const used = names.map((name) => {
    const calls = `client.${toPlural(name)}`
    return `export const l${name} = (): Promise<readonly { readonly many: readonly { readonly own: { readonly name: string } | null }[] }[]> =>
  ${calls}.list({ where: { kind: "a", or: [{ at: null }, { name: { like: "x*" } }] }, include: { many: { where: { kind: "b" }, include: { own: { include: { next: true } } } } }, order: ["-at"] })
export const c${name} = (): Promise<{ readonly id: string }> => ${calls}.create({ name: "x", next: "y" })`
  })
  return [
    'import { choice, date, defineBackend, entity, many, ref, text } from "undercroft"',
    'import { createClient } from "undercroft/client"',
    ...declared,
    `const backend = defineBackend({ name: "large", model: [${names.join(", ")}] })`,
    'const client = createClient<typeof backend>({ url: "http://127.0.0.1:1" })',
    ...used,
  ].join("\n")
}

test("sixty entities with their calls stay within the budget of type instantiations", async () => {
  const printed = await compile({ "large.ts": largeClient(60) })
  expect(printed).not.toContain("error TS")
  expect(figure(printed, "Instantiations")).toBeLessThan(250_000)
}, 60_000)
