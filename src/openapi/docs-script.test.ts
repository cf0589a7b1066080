/** The page at work, in a document without a browser: it shows, finds, opens, tries out, and never makes markup of a word. */
import { Window } from "happy-dom"
import { afterEach, describe, expect, test } from "vitest"
import clinic from "../../examples/clinic/backend.ts"
import { buildBackend } from "../build-backend.ts"
import { wholeKnowledge } from "../engine/knowledge.ts"
import { describeApi } from "./describe-api.ts"
import { docsPage } from "./docs-page.ts"
import { docsScript } from "./docs-script.ts"

const policies = buildBackend(clinic)
const whole = JSON.stringify(describeApi("clinic", policies, wholeKnowledge(policies)))

interface Asked {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

let window: Window
afterEach(() => window.close())

/** The page at an address; `asked` are the requests that it made, each answered with the document. */
async function open(hash = "", document = whole): Promise<{ readonly page: any; readonly asked: Asked[] }> {
  const asked: Asked[] = []
  window = new Window({
    url: `http://127.0.0.1:4000/docs${hash}`,
    settings: { enableJavaScriptEvaluation: true, suppressInsecureJavaScriptEnvironmentWarning: true },
  })
  Object.assign(window, {
    fetch: async (url: string, options: object) => {
      asked.push({ url, ...options })
      const headers = { get: () => null }
      const said = { text: async () => document, json: async () => JSON.parse(document) as unknown }
      return { ok: true, status: 200, statusText: "OK", headers, ...said }
    },
  })
  window.document.write(docsPage("clinic").html.replace(/<script>[\s\S]*?<\/script>/, ""))
  window.eval(docsScript)
  await settle()
  return { page: window.document, asked }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}

function send(element: any, event: string): Promise<void> {
  element.dispatchEvent(new window.Event(event, { cancelable: true }))
  return settle()
}

async function unfold(page: any, id: string): Promise<any> {
  const operation = page.getElementById(id)
  operation.open = true
  await send(operation, "toggle")
  return operation
}

describe("the page", () => {
  test("lists every operation, and opens the one of its address", async () => {
    const { page } = await open("#patients.create")
    const operations = Object.values(JSON.parse(whole).paths as object).flatMap((item) => Object.keys(item))
    expect(page.querySelectorAll("details.op")).toHaveLength(operations.length)
    expect(page.getElementById("patients.create").open).toBe(true)
    for (const link of page.querySelectorAll("#list a"))
      expect(page.getElementById(link.getAttribute("href").slice(1))).not.toBeNull()
  })

  test("shows parameters, body, answers and an example of each", async () => {
    const { page } = await open()
    const operation = await unfold(page, "patients.create")
    const names = [...operation.querySelectorAll("th code")].map((one) => one.textContent)
    expect(names).toEqual(expect.arrayContaining(["select", "Idempotency-Key", "firstName", "201", "409"]))
    expect(operation.textContent).toContain("Patients may be created by everyone whose practices include")
    expect(operation.textContent).toContain("Needs a token.")
    expect(operation.querySelector("textarea").value).toContain('"lastName": "Last name"')
    expect(operation.querySelectorAll("table").length).toBeGreaterThanOrEqual(5)
  })

  test("finds by words", async () => {
    const { page } = await open()
    page.getElementById("find").value = "patients create"
    await send(page.getElementById("find"), "input")
    const left = [...page.querySelectorAll("details.op")].filter((one) => !one.hidden)
    expect(left.map((one) => one.id)).toEqual(["patients.create", "patients.put"])
  })

  test("sends a request with the token, shows the answer, and keeps the token out of the curl command", async () => {
    const { page, asked } = await open()
    page.getElementById("token").value = "a.b.c"
    await send(page.getElementById("signin"), "submit")
    expect(asked[1]).toMatchObject({ url: "/openapi.json", headers: { authorization: "Bearer a.b.c" } })
    const operation = await unfold(page, "patients.create")
    operation.querySelector("textarea").value = '{"it\'s": 1}'
    await send(operation.querySelector("form"), "submit")
    expect(asked[2]).toMatchObject({
      url: "/rest/patients",
      method: "POST",
      headers: { authorization: "Bearer a.b.c", "content-type": "application/json" },
      body: '{"it\'s": 1}',
    })
    expect(operation.querySelector("[aria-live]").textContent).toContain("200 OK")
    const curl = operation.querySelector("form pre").textContent
    expect(curl).toContain('-H "Authorization: Bearer $TOKEN"')
    expect(curl).toContain(`-d '{"it'\\''s": 1}'`)
    expect(page.body.innerHTML).not.toContain("a.b.c")
  })

  test("sends to its own server alone", async () => {
    const { page, asked } = await open()
    const operation = await unfold(page, "patients.read")
    const count = asked.length
    for (const address of [
      "//evil.example/",
      "https://evil.example/",
      "javascript:alert(1)",
      "/\\evil.example",
      "/\t/evil.example",
    ]) {
      operation.querySelector("form input").value = address
      await send(operation.querySelector("form"), "submit")
    }
    expect(asked).toHaveLength(count)
  })

  test("makes no markup of what a model says", async () => {
    const evil = whole.replaceAll("Last name", "<img src=x onerror=alert(1)>").replaceAll("practices", "<b>")
    const { page } = await open("", evil)
    for (const operation of page.querySelectorAll("details.op")) await unfold(page, operation.id)
    expect(page.querySelectorAll("img, b")).toHaveLength(0)
    expect(page.body.textContent).toContain("<b>")
  })
})
