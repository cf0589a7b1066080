/** The page at `/graphql`, against the server: who gets it, what its policy lets run, and how it shows, asks and signs in. */
import { createHash } from "node:crypto"
import { Script } from "node:vm"
import { Window } from "happy-dom"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { studioBackend } from "../../test/support/studio.ts"
import { explorerPage, prefersPage } from "./explorer-page.ts"

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
}, 60_000)
afterAll(() => backend?.stop())

const get = (to: TestBackend, accept: string, path = "/graphql"): Promise<Response> =>
  fetch(to.url + path, { headers: { accept } })
const insides = (html: string, tag: string): readonly string[] =>
  [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(([, inside]) => inside ?? "")

describe("who gets the page", () => {
  test.each<[string | undefined, boolean]>([
    [browser, true],
    ["text/html", true],
    ["text/html, application/json;q=0.9", true],
    ["text/html, application/json", false],
    ["application/json, text/html;q=0.9", false],
    ["application/graphql-response+json, text/html", false],
    ["text/html;q=0.5, */*", false],
    ["text/html;q=0", false],
    ["*/*", false],
    [undefined, false],
  ])("%s: %s", (accept, isPage) => {
    expect(prefersPage(accept)).toBe(isPage)
  })

  test("a browser does, and clients go on getting JSON", async () => {
    const page = await get(backend, browser)
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
    expect(page.headers.get("vary")).toContain("Accept")
    expect(await page.text()).toContain("<title>studio · GraphQL</title>")
    const json = await get(backend, "application/json", "/graphql?query={__typename}")
    expect(await json.json()).toEqual({ data: { __typename: "Query" } })
    const posted = await fetch(`${backend.url}/graphql`, { method: "POST", headers: { accept: "text/html" } })
    expect(posted.status).toBe(406)
  })

  test("nobody does where introspection is off, or registered documents alone are answered", async () => {
    for (const graphql of [{ introspection: false }, { only: "persisted" }] as const) {
      const closed = await startTestBackend({ ...studioBackend, graphql })
      expect((await get(closed, "text/html")).status).toBe(406)
      expect((await get(closed, browser)).headers.get("content-type")).toMatch(/^application\/json/)
      await closed.stop()
    }
  }, 30_000)
})

describe("its policy", () => {
  const { html, policy } = explorerPage(`</title><script>alert("1")</script>`)

  test("lets its one script and its one style run, and nothing from elsewhere", async () => {
    for (const tag of ["script", "style"]) {
      const [only, ...more] = insides(html, tag)
      expect(more).toEqual([])
      const hash = createHash("sha256").update(only!).digest("base64")
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`)
    }
    expect(policy).toMatch(/^default-src 'none'; /)
    expect(policy).not.toMatch(/unsafe|\*|https?:|(?<!img-src )data:/)
    expect(html.replaceAll(/<(script|style)>[\s\S]*?<\/\1>/g, "")).not.toMatch(
      /\son\w+=|\sstyle=|\ssrc=|https?:|javascript:/,
    )
    expect((await get(backend, browser)).headers.get("content-security-policy")).toBe(
      explorerPage("studio").policy,
    )
  })

  test("the name is text, and the script makes nothing but text of what it is told", () => {
    expect(html).toContain("<title>&#60;/title&#62;&#60;script&#62;alert(&#34;1&#34;)")
    const [script] = insides(html, "script")
    expect(() => new Script(script!)).not.toThrow()
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|localStorage|https?:/,
    )
  })
})

describe("the page at work", () => {
  let window: Window
  let asked: { readonly url: string; readonly headers: Readonly<Record<string, string>> }[]
  let pending: Promise<unknown>[]
  afterEach(() => window.close())

  async function open(search = ""): Promise<any> {
    asked = []
    pending = []
    window = new Window({
      url: `${backend.url}/graphql${search}`,
      settings: { enableJavaScriptEvaluation: true, suppressInsecureJavaScriptEnvironmentWarning: true },
    })
    Object.assign(window, {
      fetch: (url: string, options: { headers: Record<string, string> }) => {
        asked.push({ url, headers: options.headers })
        const answer = fetch(backend.url + url, options)
        pending.push(answer)
        return answer
      },
    })
    const html = await (await get(backend, browser)).text()
    window.document.write(html.replace(/<script>[\s\S]*?<\/script>/, ""))
    window.eval(insides(html, "script")[0]!)
    await settle()
    return window.document
  }

  async function settle(): Promise<void> {
    await Promise.all(pending)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  async function send(element: any, event: string): Promise<void> {
    element.dispatchEvent(new window.Event(event, { cancelable: true }))
    await settle()
  }

  const roots = (page: any): readonly string[] =>
    [...page.querySelectorAll("#schema > section > details > summary > code:first-child")].map(
      (one: any) => one.textContent,
    )

  test("shows the caller's schema, and asks with variables until rows are seen", async () => {
    const page = await open()
    expect(roots(page)).toContain("filmCollection")
    expect(roots(page)).not.toContain("insertIntoFilmCollection")

    page.getElementById("token").value = await backend.tokenOf({ id: "ada" })
    await send(page.getElementById("signin"), "submit")
    expect(roots(page)).toContain("insertIntoFilmCollection")
    page.getElementById("document").value =
      "query ($title: String!) { filmCollection(filter: {title: {eq: $title}}) { edges { node { title length } } } }"
    page.getElementById("variables").value = '{"title": "Beta"}'
    page.getElementById("headers").value = '{"x-own": "1"}'
    await send(page.getElementById("ask"), "submit")
    const [answer] = page.querySelectorAll("#answer pre")
    expect(JSON.parse(answer.textContent).data.filmCollection.edges).toEqual([
      { node: { title: "Beta", length: 120 } },
    ])
    expect(page.getElementById("answer").textContent).toContain("200 OK")
    expect(asked.at(-1)).toMatchObject({ url: "/graphql", headers: { "x-own": "1" } })
    expect(page.documentElement.outerHTML).not.toContain(await backend.tokenOf({ id: "ada" }))
  })

  test("each root field can be asked as it is written out", async () => {
    const page = await open()
    page.getElementById("token").value = await backend.tokenOf({ id: "ada" })
    await send(page.getElementById("signin"), "submit")
    let rows = 0
    for (const box of page.querySelectorAll("#schema > section > details")) {
      box.open = true
      await send(box, "toggle")
      await send(box.querySelector("button"), "click")
      if (!page.getElementById("document").value.startsWith("query")) continue
      await send(page.getElementById("ask"), "submit")
      const { data, errors } = JSON.parse(page.querySelector("#answer pre").textContent)
      expect([errors, typeof data]).toEqual([undefined, "object"])
      rows += Object.values<any>(data)[0]?.edges?.length ?? 0
    }
    expect(rows).toBeGreaterThan(5)
    const [insert] = [...page.querySelectorAll("#schema > section > details")].filter(
      (one: any) => one.querySelector("code").textContent === "insertIntoFilmCollection",
    )
    await send(insert.querySelector("button"), "click")
    expect(page.getElementById("document").value).toMatch(
      /^mutation \(\$objects: \[FilmInsertInput!\]!\) \{\n {2}insertIntoFilmCollection\(objects: \$objects\) \{\n {4}affectedCount\n {4}records \{/,
    )
    expect(JSON.parse(page.getElementById("variables").value)).toEqual({
      objects: [{ studioId: "", title: "" }],
    })
  })

  test("opens types within types, and finds by words", async () => {
    const page = await open()
    page.getElementById("find").value = "filmcoll"
    await send(page.getElementById("find"), "input")
    const shown = [...page.querySelectorAll("#schema > section > details")].filter((one: any) => !one.hidden)
    expect(shown.map((one: any) => one.querySelector("code").textContent)).toEqual([
      "filmCollection",
      "publicFilmCollection",
    ])
    let box: any = shown[0]
    for (const name of ["edges", "node", "director", "fullName"]) {
      box.open = true
      await send(box, "toggle")
      box = [...box.querySelectorAll("details")].find(
        (one: any) => one.querySelector("code").textContent === name,
      )
    }
    expect(box.querySelector(".type").textContent).toBe("String")
  })

  test("says what is wrong, and lets one of several operations be chosen", async () => {
    const page = await open(
      "?query=query%20One%20{%20a:%20__typename%20}%20query%20Two%20{%20b:%20__typename%20}",
    )
    const choice = page.getElementById("operation")
    expect([choice.hidden, [...choice.options].map((one: any) => one.textContent)]).toEqual([
      false,
      ["One", "Two"],
    ])
    choice.value = "Two"
    await send(page.getElementById("ask"), "submit")
    expect(page.getElementById("answer").textContent).toContain('"b": "Query"')
    const count = asked.length
    page.getElementById("variables").value = "[1]"
    await send(page.getElementById("ask"), "submit")
    expect(page.getElementById("answer").textContent).toBe("Variables must be a JSON object.")
    expect(asked).toHaveLength(count)
    page.getElementById("variables").value = ""
    page.getElementById("document").value = '{ "<img src=x>" }'
    await send(page.getElementById("ask"), "submit")
    expect(page.querySelector("#answer .wrong").textContent).toContain("Syntax Error")
    expect(page.querySelectorAll("#answer img")).toHaveLength(0)
  })
})
