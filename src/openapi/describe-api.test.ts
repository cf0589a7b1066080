/** The document: two linters find nothing, its examples fit its schemas, and it tells nobody what they can't know. */
import { describe, expect, test } from "vitest"
import clinic from "../../examples/clinic/backend.ts"
import { formsModel } from "../../test/database/forms-model.ts"
import { hostileBackend } from "../../test/hostile/hostile-model.ts"
import { lintOpenApi } from "../../test/support/lint-openapi.ts"
import { operationsOf, schemasOf } from "../../test/support/openapi-schemas.ts"
import type { BackendDefinition } from "../backend.ts"
import { buildBackend } from "../build-backend.ts"
import { type Knowledge, knowledgeOf, wholeKnowledge } from "../engine/knowledge.ts"
import { allOf, anyone, choice, defineBackend, entity, list, nobody, range, serial, text } from "../index.ts"
import type { FieldInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import type { PredicateCaller } from "../policy/to-predicate.ts"
import { describeApi } from "./describe-api.ts"
import type { ApiDocument, MediaType } from "./document.ts"

/** Names that mean something elsewhere, patterns that JSON Schema can't say, and no key but serials and pairs. */
const Constructor = entity("Constructor", {
  collection: "server",
  key: ["limits", "kind"],
  tracked: false,
  fields: {
    limits: serial(),
    kind: choice("it's", 'a "b"', "<c>"),
    shout: text({ pattern: /[a-z]+/i }).optional(),
    odd: text({ pattern: /\p{L}{2,3}|x[^y]/u, min: 2 }).optional(),
    many: list(choice("a", "b"), { max: 2 }).optional(),
    numbers: range(serial()).optional(),
    description: text({ max: 1 }).describe("`back` </script><b>“ticks”"),
  },
  check: { never: ({ row }) => row.description.is("é") },
})
Constructor.access(() => ({ read: anyone, create: anyone, update: anyone }))
/** Nobody may do anything with it. */
const Shut = entity("Shut", { fields: { word: text() } })
Shut.access(() => ({ read: allOf(anyone, nobody), delete: anyone }))

const definitions: Readonly<Record<string, BackendDefinition>> = {
  clinic,
  hostile: hostileBackend,
  forms: defineBackend({ name: "forms", model: formsModel }),
  odd: defineBackend({ name: "o'dd <b>", model: [Constructor, Shut] }),
  empty: defineBackend({ name: "empty", model: [] }),
}
const names = Object.keys(definitions)
const built = new Map(names.map((name) => [name, buildBackend(definitions[name]!)] as const))

function documentFor(name: string, know: (policies: Policies) => Knowledge = wholeKnowledge): ApiDocument {
  return describeApi(definitions[name]!.name, built.get(name)!, know(built.get(name)!))
}

/** As the engine finds it, for models whose gated fields ask nothing of the database. */
function as(caller: PredicateCaller, hidden: readonly string[] = []): (policies: Policies) => Knowledge {
  return (policies) => {
    const fields = policies.model.entities.flatMap((entity) => entity.fields)
    const isHidden = ({ entity, name }: FieldInfo): boolean => hidden.includes(`${entity.name}.${name}`)
    return knowledgeOf(policies, caller, new Set(fields.filter(isHidden)))
  }
}

const anonymous: PredicateCaller = { id: null, roles: [], claims: {} }
const nurse: PredicateCaller = { id: "00000000-0000-4000-8000-00000000000a", roles: ["nurse"], claims: {} }
const doctor: PredicateCaller = { id: "00000000-0000-4000-8000-00000000000d", roles: ["doctor"], claims: {} }

describe("linters", { timeout: 90_000 }, () => {
  // Whose API it is and under which licence, a model does not say.
  const off = ["info-license", "info-contact"]
  test.each(names)("find nothing in the %s's", async (name) => {
    expect(await lintOpenApi(documentFor(name), off)).toEqual([])
  })

  test("find nothing in what an anonymous caller may know of the clinic", async () => {
    expect(await lintOpenApi(documentFor("clinic", as(anonymous, ["Staff.user"])), off)).toEqual([])
  })

  test("would find something", async () => {
    const { paths, ...rest } = documentFor("clinic")
    const broken = { ...rest, paths: { ...paths, "/rest/patients": { get: { responses: {} } } } }
    const found = await lintOpenApi(broken, off)
    expect(found.some((line) => line.startsWith("redocly"))).toBe(true)
    expect(found.some((line) => line.startsWith("spectral"))).toBe(true)
  })
})

test("the same model gives the same document", () => {
  expect(documentFor("clinic")).toEqual(documentFor("clinic"))
})

describe("examples fit their schemas", () => {
  test.each(names)("in the %s's", (name) => {
    const document = documentFor(name)
    const fits = schemasOf(document)
    const wrong: string[] = []
    let seen = 0
    const look = (part: unknown, at: readonly string[]): void => {
      if (typeof part !== "object" || part === null) return
      const { example, examples, schema } = part as Partial<MediaType> & { readonly examples?: unknown[] }
      const told = [
        ...(schema && example !== undefined ? [[[...at, "schema"], example] as const] : []),
        ...(Array.isArray(examples) ? examples.map((one) => [at, one] as const) : []),
      ]
      seen += told.length
      for (const [pointer, one] of told)
        wrong.push(...fits(pointer, one).map((why) => `${pointer.join("/")}: ${why}`))
      for (const [key, one] of Object.entries(part)) if (key !== "example") look(one, [...at, key])
    }
    look(document.paths, ["paths"])
    look(document.components, ["components"])
    expect(wrong).toEqual([])
    expect(seen).toBeGreaterThan(5)
  })

  test("and there is one for every entity whose checks an example can meet", () => {
    for (const name of ["clinic", "hostile", "forms"]) {
      const { schemas } = documentFor(name).components
      const without = Object.entries(schemas!).filter(
        ([key, schema]) => key !== "Error" && !("examples" in (schema as object)),
      )
      expect(without.map(([key]) => key).filter((key) => !key.startsWith("Vault"))).toEqual([])
    }
  })
})

describe("who knows what", () => {
  test("what nobody may do is not there", () => {
    const { paths } = documentFor("odd")
    expect(Object.keys(paths)).toEqual([
      "/rest/server",
      "/health/live",
      "/health/ready",
      "/openapi.json",
      "/docs",
      "/graphql",
    ])
    expect(Object.keys(paths["/rest/server"]!)).toEqual(["get", "head", "post", "patch", "put", "options"])
    expect(Object.keys(documentFor("hostile").paths["/rest/thingViews"]!)).toEqual(["get", "head", "options"])
  })

  test("what no anonymous caller could do needs a token", () => {
    const { paths, security } = documentFor("clinic")
    expect(security).toEqual([{}, { bearer: [] }])
    expect(paths["/rest/practices"]?.get).not.toHaveProperty("security")
    expect(paths["/rest/patients"]?.get?.security).toEqual([{ bearer: [] }])
    expect(paths["/rest/slots"]?.get).not.toHaveProperty("security")
    expect(paths["/rest/slots"]?.post?.security).toEqual([{ bearer: [] }])
  })

  test("anonymous callers learn of no patient, and of what they may read, only that", () => {
    const document = documentFor("clinic", as(anonymous, ["Staff.user"]))
    const rest = operationsOf(document).filter(([path]) => path.startsWith("/rest/"))
    expect([...new Set(rest.map(([path]) => path.slice(6)))]).toEqual([
      "practices",
      "staff",
      "slots",
      "openSlots",
      "consentPurposes",
    ])
    expect([...new Set(rest.map(([, method]) => method))]).toEqual(["get", "head", "options"])
    const text = JSON.stringify(document)
    for (const word of ["Patient", "patient", "appointment", "prescription", "remarks", "insuranceNumber"])
      expect(text.includes(word), word).toBe(false)
  })

  test("a hidden field is named nowhere, and a field that can't be set is in no body", () => {
    const schemas = (caller: PredicateCaller, hidden: readonly string[]): Record<string, any> =>
      documentFor("clinic", as(caller, hidden)).components["schemas"]!
    const [seen, unseen] = [schemas(doctor, []), schemas(nurse, ["Staff.user"])]
    expect(seen["StaffRow"].properties).toHaveProperty("user")
    expect(unseen["StaffRow"].properties).not.toHaveProperty("user")
    const document = documentFor("clinic", as(nurse, ["Staff.user"]))
    expect(document.components["parameters"]).not.toHaveProperty(["staff.filter.user"])
    // The rule of addenda looks at the author's user.
    expect(JSON.stringify(document.paths["/rest/addenda"])).not.toMatch(/author's user/)
    expect(JSON.stringify(documentFor("clinic").paths["/rest/addenda"])).toMatch(/author's user/)
    // Only doctors link an account to a patient; everyone of the practice sees which.
    expect(seen["PatientInsert"].properties).toHaveProperty("user")
    expect(unseen["PatientRow"].properties).toHaveProperty("user")
    expect(unseen["PatientInsert"].properties).not.toHaveProperty("user")
    expect(unseen["PatientInsert"].examples[0]).not.toHaveProperty("user")
  })

  test("a rule that can't be answered says no", () => {
    const policies = built.get("clinic")!
    const broken = {
      ...nurse,
      get roles(): never {
        throw new Error("no roles")
      },
    }
    const known = knowledgeOf(policies, broken, new Set())
    const entity = policies.model.byName.get("Prescription")!
    expect(known.may(entity, "create")).toBe(false)
    expect(known.may(policies.model.byName.get("Practice")!, "read")).toBe(true)
  })
})

test("schemas say what the kinds say", () => {
  const {
    ThingRow: row,
    ThingInsert: insert,
    ThingUpdate: update,
  } = documentFor("hostile").components["schemas"] as Record<string, any>
  expect(row).not.toHaveProperty("required")
  expect(row.additionalProperties).toBe(true)
  expect(insert.required).toEqual(["title"])
  expect(Object.keys(row.properties)).toEqual(expect.arrayContaining(["id", "both", "version"]))
  expect(Object.keys(insert.properties)).not.toContain("both")
  expect(Object.keys(update.properties)).not.toContain("steady")
  expect(row.properties.title).toMatchObject({ type: "string", minLength: 1, maxLength: 200 })
  expect(row.properties.mood.enum).toEqual(["calm", "cross", "it's", null])
  expect(row.properties.small).toMatchObject({ type: ["integer", "null"], minimum: -1000, maximum: 1000 })
  expect(row.properties.days).toMatchObject({ type: ["string", "null"], pattern: expect.any(String) })
  expect(row.properties.place.required).toEqual(["latitude", "longitude"])
  const fits = schemasOf(documentFor("hostile"))
  const at = (field: string): readonly string[] => ["components", "schemas", "ThingRow", "properties", field]
  for (const [field, good, bad] of [
    ["big", ["9007199254740993", 12, null], [2 ** 60, "1.5", 1.5]],
    ["exact", ["12.50", "-3"], ["1234567.00", "1.234", 12]],
    ["clock", ["08:30:00", "08:30"], ["8:30", "24:00:00"]],
    ["days", ["[2026-01-01,2026-02-01)", "[,)", null], [{ from: null, to: null }, "2026-01-01", "[1"]],
    ["place", [{ latitude: 1, longitude: 2 }], [{ latitude: 91, longitude: 2 }, { latitude: 1 }]],
    ["code", ["abc-1"], ["ABC", "abc-1 "]],
  ] as const) {
    for (const value of good) expect(fits(at(field), value), `${field} ${JSON.stringify(value)}`).toEqual([])
    for (const value of bad)
      expect(fits(at(field), value), `${field} ${JSON.stringify(value)}`).not.toEqual([])
  }
})

describe("who may send a request", () => {
  const [policies] = built.values()
  const told = (accounts: Parameters<typeof describeApi>[4]) =>
    describeApi("x", policies!, wholeKnowledge(policies!), undefined, accounts)

  test("without accounts: a token of an issuer", () => {
    expect(Object.keys(told(null).components["securitySchemes"]!)).toEqual(["bearer"])
  })

  test("with accounts also a session, by cookie or token, and a key", () => {
    const document = told({ cookie: "undercroft.session_token", apiKeys: true })
    expect(document.components["securitySchemes"]).toMatchObject({
      session: { type: "http", scheme: "bearer" },
      sessionCookie: { type: "apiKey", in: "cookie", name: "undercroft.session_token" },
      apiKey: { type: "http", scheme: "bearer" },
    })
    const each = [{ bearer: [] }, { session: [] }, { sessionCookie: [] }, { apiKey: [] }]
    expect(document.security).toEqual([{}, ...each])
    const own = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((one) => one.security),
    )
    expect(own).toContainEqual(each)
    expect(Object.keys(told({ cookie: "x", apiKeys: false }).components["securitySchemes"]!)).not.toContain(
      "apiKey",
    )
  })
})
