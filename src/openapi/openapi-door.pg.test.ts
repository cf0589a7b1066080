/** The documents as they are served, held against what the server does: routes, answers, examples, generated clients. */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { FastifyInstance } from "fastify"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { z } from "zod"
import clinic from "../../examples/clinic/backend.ts"
import { accounts } from "../../examples/clinic/data.ts"
import { hostileBackend, keeper, stranger } from "../../test/hostile/hostile-model.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "../../test/support/backend.ts"
import { operationsOf, schemasOf } from "../../test/support/openapi-schemas.ts"
import { openApiTypes } from "../../test/support/openapi-types.ts"
import { makeTypeFolder, type TypeFolder } from "../../test/support/type-folder.ts"
import { action } from "../actions/action.ts"
import { describeActions } from "../actions/describe-actions.ts"
import { wholeKnowledge } from "../engine/knowledge.ts"
import { anyone } from "../model/capture.ts"
import { describeApi } from "./describe-api.ts"
import type { ApiDocument, MediaType } from "./document.ts"

const look = action({
  uses: [],
  readOnly: true,
  input: z.object({ where: z.string().optional() }),
  output: z.object({ at: z.string() }),
  access: () => anyone,
  run: ({ now }) => ({ at: now.toISOString() }),
})
const routes = new Set<string>()
/** Fastify tells of every server that is made; so the routes are those of the running backend, whoever adds them. */
function listen(message: unknown): void {
  const { fastify } = message as { readonly fastify: FastifyInstance }
  fastify.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) routes.add(`${one} ${url}`)
  })
}

let practices: TestBackend
let things: TestBackend
beforeAll(async () => {
  subscribe("fastify.initialization", listen)
  things = await startTestBackend({ ...hostileBackend, actions: { look } })
  unsubscribe("fastify.initialization", listen)
  practices = await startTestBackend(clinic)
}, 120_000)
afterAll(async () => {
  await practices?.stop()
  await things?.stop()
})

const callers: readonly (readonly [string, TestCaller | null])[] = [
  ["anonymous", null],
  ["the nurse", { id: accounts.nurse, roles: ["nurse"] }],
  ["the desk", { id: accounts.desk, roles: ["desk"] }],
  ["the patient", { id: accounts.patient, roles: ["patient"] }],
  ["the doctor", { id: accounts.doctor, roles: ["doctor"] }],
]
const keepers: readonly (readonly [string, TestCaller | null])[] = [
  ["anonymous", null],
  ["the keeper", keeper],
  ["a stranger", stranger],
]

async function documentOf(backend: TestBackend, caller: TestCaller | null): Promise<ApiDocument> {
  return (await backend.request(caller, "GET", "/openapi.json")).json as ApiDocument
}

const readSchema = (path: string): readonly string[] => [
  "paths",
  path,
  "get",
  "responses",
  "200",
  "content",
  "application/json",
  "schema",
]

test("every route of the server is in the whole document", () => {
  const known = wholeKnowledge(things.app.policies)
  const document = describeApi("hostile", things.app.policies, known, describeActions({ look }))
  const described = new Set(operationsOf(document).map(([path, method]) => `${method.toUpperCase()} ${path}`))
  const wanted = [...routes]
    // OpenAPI 3.1 has no QUERY: the GET tells of it.
    .filter((route) => !route.startsWith("QUERY "))
    // Other methods are there to be refused in words.
    .filter((route) => !/^(PATCH|PUT|DELETE) .*\/:action$/.test(route))
    .map((route) => route.replace("/:collection", "/things").replace("/:action", "/look"))
  expect(wanted.filter((route) => !described.has(route))).toEqual([])
  expect(wanted).toEqual(expect.arrayContaining(["GET /rest/things", "DELETE /rest/things", "HEAD /docs"]))
})

describe("what is read fits what is said", () => {
  const check = async (backend: TestBackend, caller: TestCaller | null): Promise<number> => {
    const document = await documentOf(backend, caller)
    const fits = schemasOf(document)
    let rows = 0
    for (const { collection, name } of backend.app.policies.model.entities) {
      const path = `/rest/${collection}`
      const answer = await backend.request(caller, "GET", `${path}?limit=200`)
      if (!document.paths[path]?.get) {
        // What is not in the document gives nothing.
        expect([collection, answer.status >= 400 || answer.text === "[]"]).toEqual([collection, true])
        continue
      }
      expect([collection, answer.status]).toEqual([collection, 200])
      expect(fits(readSchema(path), answer.json), collection).toEqual([])
      const { properties } = document.components["schemas"]![`${name}Row`] as { properties: object }
      for (const row of answer.json) expect(Object.keys(row)).toEqual(Object.keys(properties))
      rows += answer.json.length
    }
    return rows
  }
  test.each(callers)("in the clinic, for %s", async (_, caller) => {
    expect(await check(practices, caller)).toBeGreaterThan(15)
  })
  test.each(keepers)("with every kind of field, for %s", async (_, caller) => {
    expect(await check(things, caller)).toBeGreaterThan(5)
  })

  test("and so do refusals", async () => {
    const fits = schemasOf(await documentOf(things, null))
    for (const path of ["/rest/things?nme=eq.1", "/rest/nothing", "/rest/things?title=1"]) {
      const { status, json } = await things.request(null, "GET", path)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(fits(["components", "schemas", "Error"], json)).toEqual([])
    }
  })
})

describe("examples are accepted", () => {
  test("of bodies, apart from what they refer to", async () => {
    const document = await documentOf(things, keeper)
    const answers: string[] = []
    for (const [path, { post }] of Object.entries(document.paths)) {
      const media = post?.requestBody?.content["application/json"] as MediaType | undefined
      if (media?.example === undefined) continue
      const { status, json } = await things.request(keeper, "POST", path, { body: media.example })
      answers.push(`${path} ${status} ${json?.code ?? ""}`.trim())
    }
    expect(answers).toEqual([
      "/rest/homes 201",
      "/rest/countries 201",
      "/rest/tags 409 23505",
      "/rest/things 409 23503",
      "/rest/labels 409 23503",
      "/rest/bookings 201",
      "/rest/vaults 403 42501",
      "/graphql 200",
    ])
  })

  test("of filters, select and order, for every field", async () => {
    const document = await documentOf(things, keeper)
    const { parameters } = document.components as { parameters: Record<string, any> }
    const wrong: string[] = []
    for (const [key, { name, example }] of Object.entries(parameters)) {
      if (!key.includes(".")) continue
      const path = `/rest/${key.split(".")[0]}?${name}=${encodeURIComponent(example)}`
      const { status, text } = await things.request(keeper, "GET", path)
      if (status !== 200) wrong.push(`${path}: ${status} ${text}`)
    }
    expect(wrong).toEqual([])
  })
})

describe("the documents", () => {
  test("differ by what callers know, and only by that", async () => {
    const tags = new Set<string>()
    for (const [, caller] of callers) {
      const { headers } = await practices.request(caller, "GET", "/openapi.json")
      tags.add(headers.get("etag")!)
      expect(headers.get("vary")).toBe("Authorization")
      expect(headers.get("cache-control")).toBe("private, no-cache")
    }
    expect(tags.size).toBeGreaterThanOrEqual(4)
    const [, nurse] = callers[1]!
    const tag = (await practices.request(nurse, "GET", "/openapi.json")).headers.get("etag")!
    const id = "00000000-0000-4000-8000-00000000000a"
    const another = await practices.request({ id, roles: ["nurse"] }, "GET", "/openapi.json")
    expect(another.headers.get("etag")).toBe(tag)
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
      const headers = { "if-none-match": header }
      const same = await practices.request(nurse, "GET", "/openapi.json", { headers })
      expect([same.status, same.text]).toEqual([304, ""])
      expect(same.headers.get("etag")).toBe(tag)
    }
    const headers = { "if-none-match": tag }
    expect((await practices.request(null, "GET", "/openapi.json", { headers })).status).toBe(200)
  })

  test("are refused to a token that is none", async () => {
    const headers = { authorization: "Bearer nonsense" }
    const { status, json } = await practices.request(null, "GET", "/openapi.json", { headers })
    expect([status, json.code]).toEqual([401, "PGRST301"])
  })

  test("the page has a policy of its own, and no caller", async () => {
    const answer = await fetch(`${practices.url}/docs`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(answer.headers.get("content-security-policy")).toMatch(/script-src 'sha256-/)
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff")
    expect(await answer.text()).toContain("<title>clinic · API</title>")
  })

  // Two backends in one process, and the anonymous caller of one knows nothing by the rules of the other.
  test("a field for some callers alone is told to them alone", async () => {
    const known = async (caller: TestCaller | null): Promise<boolean> =>
      JSON.stringify(await documentOf(things, caller)).includes("gated")
    expect([await known(keeper), await known(stranger), await known(null)]).toEqual([true, false, false])
  })
})

describe("generated clients", () => {
  let folder: TypeFolder
  beforeAll(async () => {
    folder = await makeTypeFolder()
  })
  afterAll(() => folder?.remove())

  test("openapi-typescript and openapi-fetch read and create", async () => {
    const policies = practices.app.policies
    await folder.write(
      "api.d.ts",
      await openApiTypes(describeApi("clinic", policies, wholeKnowledge(policies))),
    )
    await folder.write("program.ts", program)
    expect(await folder.compile()).toBe("")
    const token = await practices.tokenOf({ id: accounts.nurse, roles: ["nurse"] })
    const said = JSON.parse(await folder.run("program.ts", practices.url, token)) as object
    expect(said).toEqual({ names: 3, status: 201, pulse: "72.00", refused: "22P02" })
  }, 60_000)

  test("every kind of field has types", async () => {
    const policies = things.app.policies
    await folder.write(
      "things.d.ts",
      await openApiTypes(describeApi("t", policies, wholeKnowledge(policies))),
    )
    expect(await folder.compile()).toBe("")
  }, 60_000)
})

const program = `import createClient from "openapi-fetch"
import type { components, paths } from "./api.d.ts"

const [baseUrl = "", token = ""] = process.argv.slice(2)
const api = createClient<paths, "application/json">({ baseUrl, headers: { authorization: \`Bearer \${token}\` } })

const read = await api.GET("/rest/patients", { params: { query: { select: "id,practice,name", limit: 3 } } })
const patients: components["schemas"]["PatientRow"][] = read.data ?? []
const [{ id = "", practice = "" } = {}] = patients
// @ts-expect-error: no such collection
void (() => api.GET("/rest/nothing"))
// @ts-expect-error: a view is only read
void (() => api.POST("/rest/openSlots", { body: {} }))
// @ts-expect-error: a measurement has a patient
const lacking: components["schemas"]["ObservationInsert"] = { practice, kind: "pulse" }
void lacking
const body = { practice, patient: id, kind: "pulse", value: "72", unit: "bpm", measuredAt: "2026-01-01T08:00:00Z" } as const
const created = await api.POST("/rest/observations", {
  params: { header: { Prefer: "return=representation" } },
  body,
})
const refused = await api.POST("/rest/observations", { body: { ...body, practice: "none" } })
console.log(JSON.stringify({
  names: patients.filter(({ name }) => typeof name === "string").length,
  status: created.response.status,
  pulse: created.data?.[0]?.value,
  refused: refused.error && "code" in refused.error ? refused.error.code : null,
}))
`
