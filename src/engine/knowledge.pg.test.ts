/** What the engine knows that a caller knows: also where the rule of a field asks the database, each time anew. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend, type TestCaller } from "../../test/support/backend.ts"
import { actor, anyone, defineBackend, entity, text } from "../index.ts"

const Editor = entity("Editor", { fields: { user: text({ max: 40 }) } })
Editor.access(() => ({ create: anyone }))
const me = actor({
  get editors() {
    return Editor.where(({ me: caller, row }) => row.user.is(caller.id)).pick("user")
  },
})
const Page = entity("Page", {
  fields: {
    title: text({ max: 40 }),
    draft: text({ max: 40 })
      .optional()
      .visibleTo(() => me.id.in(me.editors)),
  },
})
Page.access(() => ({ read: anyone, create: me.id.in(me.editors), delete: me.has("chief") }))

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "pages", model: [Editor, Page] }))
})
afterAll(() => backend?.stop())

const ann: TestCaller = { id: "ann", roles: ["chief"] }

async function told(caller: TestCaller | null): Promise<readonly string[]> {
  const { json } = await backend.request(caller, "GET", "/openapi.json")
  return [
    ...Object.keys(json.components.schemas.PageRow.properties).filter((name) => name === "draft"),
    ...Object.keys(json.paths["/rest/pages"]).filter((method) => method !== "options" && method !== "head"),
  ]
}

test("a field of which the database decides is told from the moment on that it says yes", async () => {
  // Who is an editor is not looked up for operations: Ann could be one.
  expect(await told(ann)).toEqual(["get", "post", "delete"])
  await backend.request(ann, "POST", "/rest/editors", { body: { user: "ann" } })
  expect(await told(ann)).toEqual(["draft", "get", "post", "delete"])
  expect(await told({ id: "bo" })).toEqual(["get", "post"])
  expect(await told(null)).toEqual(["get"])
})

test("where the database does not answer, nothing is told", async () => {
  await backend.sql('drop function undercroft."gate_pages_draft"() cascade')
  const { status, json } = await backend.request(ann, "GET", "/openapi.json")
  expect([status, json.code, Object.keys(json)]).toEqual([
    500,
    "UC690",
    ["code", "message", "details", "hint"],
  ])
})
