/** What an application may not ask for: each request that is not as it should be leads to no code, and to nobody else's address. */
import * as oidc from "openid-client"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import {
  addPerson,
  askFor,
  type Browser,
  type ClientName,
  clients,
  discover,
  goThrough,
  openBrowser,
  redeem,
  signInFor,
  startProvider,
} from "../../test/support/provider.ts"

let backend: TestBackend
/** Somebody who is signed in, and has agreed to everything: nothing but the request stands between them and a code. */
let browser: Browser
beforeAll(async () => {
  backend = await startProvider()
  const person = await addPerson(backend)
  browser = openBrowser(backend)
  for (const name of ["portal", "desk", "phone"] as const)
    await goThrough(browser, (await askFor(await discover(backend, name), name)).url, person.email)
})
afterAll(() => backend?.stop())

const open = async (name: ClientName, changes: Record<string, string | null>) =>
  browser.open((await askFor(await discover(backend, name), name, changes)).url)

test("the request as it should be gives a code", async () => {
  for (const name of ["portal", "desk", "phone"] as const)
    expect((await open(name, {})).url.searchParams.has("code")).toBe(true)
})

describe("redirect_uri is compared character by character", () => {
  const variants: readonly (readonly [ClientName, string | null])[] = [
    ...[
      null,
      "",
      "/cb",
      "//portal.example/cb",
      "https://portal.example",
      "https://portal.example/cb/",
      "https://portal.example/cbx",
      "https://portal.example/CB",
      "https://portal.example/%63b",
      "https://portal.example/./cb",
      "https://portal.example/x/../cb",
      "https://portal.example/cb/../evil",
      "https://portal.example/cb/..%2fevil",
      "https://portal.example/cb?x=1",
      "https://portal.example/cb#",
      "https://portal.example/cb#x",
      "https://portal.example/cb;x",
      "https://portal.example/cb%00",
      "https://portal.example/cb%0d%0aset-cookie:x=1",
      " https://portal.example/cb",
      "https://portal.example/cb ",
      "http://portal.example/cb",
      "HTTPS://portal.example/cb",
      "https://PORTAL.example/cb",
      "https://portal.example:443/cb",
      "https://portal.example:444/cb",
      "https://portal.example./cb",
      "https://www.portal.example/cb",
      "https://portal.example.evil.example/cb",
      "https://evil.example/cb",
      "https://evil.example/?https://portal.example/cb",
      "https://portal.example@evil.example/cb",
      "https://user:word@portal.example/cb",
      "https://portal.example\\@evil.example/cb",
      "https:\\\\portal.example\\cb",
      "https://portal.example/other",
      "https://portal.example/other?fixed=2",
      "https://portal.example/other?fixed=1&x=2",
      "https://desk.example/cb",
      "javascript:alert(1)",
      "data:text/html,x",
    ].map((one) => ["portal", one] as const),
    ...[
      "http://127.0.0.1:7778/cb",
      "http://127.0.0.1/cb",
      "http://localhost:7777/cb",
      "http://[::1]:7777/cb",
      "https://127.0.0.1:7777/cb",
      "org.example.phone://cb",
      "org.example.phone.evil:/cb",
    ].map((one) => ["phone", one] as const),
  ]

  test.each(variants)("%s %j", async (name, uri) => {
    const page = await open(name, { redirect_uri: uri })
    expect(page.isElsewhere).toBe(false)
    expect(page.url.href).not.toMatch(/[?&]code=/)
    expect(page.status).not.toBe(500)
  })

  test("the second one that is registered is good, with its own query", async () => {
    const { url } = await open("portal", { redirect_uri: clients.portal.redirectUris[1] })
    expect(url.searchParams.get("fixed")).toBe("1")
    expect(url.searchParams.has("code")).toBe(true)
  })

  test("given twice, it is none", async () => {
    for (const other of ["https://evil.example/cb", clients.portal.redirectUris[0]]) {
      const { url } = await askFor(await discover(backend, "portal"), "portal")
      url.searchParams.append("redirect_uri", other)
      const page = await browser.open(url)
      expect([page.isElsewhere, page.url.searchParams.has("code")]).toEqual([false, false])
    }
  })

  test("a mistake elsewhere in the request leads to no address that is not registered (open redirect)", async () => {
    for (const changes of [
      { response_type: "token" },
      { scope: "nothing" },
      { prompt: "none" },
      { code_challenge: null },
      { request: "x" },
      { resource: "not a uri" },
      { max_age: "x" },
      { client_id: "nobody" },
    ])
      expect((await open("portal", { ...changes, redirect_uri: "https://evil.example/" })).isElsewhere).toBe(
        false,
      )
    expect((await open("portal", { client_id: "nobody" })).isElsewhere).toBe(false)
    expect((await open("portal", { client_id: "desk" })).isElsewhere).toBe(false)
  })
})

describe("what is refused is told to the application, with state and issuer", () => {
  const rows: readonly (readonly [string, Record<string, string | null>, RegExp])[] = [
    ["no PKCE", { code_challenge: null, code_challenge_method: null }, /^invalid_request$/],
    ["PKCE by the text itself", { code_challenge_method: "plain" }, /^invalid_request$/],
    ["PKCE with no method, which means plain", { code_challenge_method: null }, /^invalid_request$/],
    ["a method, and no challenge", { code_challenge: null }, /^invalid_request$/],
    ["an unknown method", { code_challenge_method: "S512" }, /^invalid_request$/],
    ["an unknown scope", { scope: "openid admin" }, /^invalid_scope$/],
    ["a request object", { request: "e30.e30." }, /^request_not_supported$/],
    ["a request object elsewhere", { request_uri: "https://evil.example/r" }, /^request_uri_not_supported$/],
    ["a resource that is not known", { resource: "https://evil.example/" }, /^invalid_target$/],
    ["this API as the resource", { resource: "http://127.0.0.1/" }, /^invalid_target$/],
    ["claims that can't be read", { claims: "{" }, /^invalid_request$/],
  ]
  test.each(rows)("%s", async (_name, changes, error) => {
    const page = await open("portal", changes)
    expect(page.url.origin).toBe("https://portal.example")
    expect(page.url.searchParams.get("error")).toMatch(error)
    expect(page.url.searchParams.get("iss")).toBe(backend.url)
    expect(page.url.searchParams.get("state")).not.toBeNull()
    expect(page.url.searchParams.has("code")).toBe(false)
  })

  test("a scope that is another application's", async () => {
    expect((await open("desk", { scope: "openid profile" })).url.searchParams.get("error")).toBe(
      "invalid_scope",
    )
    expect((await open("desk", { scope: "openid offline_access" })).url.searchParams.get("error")).toBe(
      "invalid_scope",
    )
  })

  test.each(["token", "id_token", "code token", "code id_token", "id_token token", "none", ""])(
    "response_type %j",
    async (response_type) => {
      const { url } = await open("portal", { response_type })
      expect(url.href).not.toMatch(/code=|access_token|id_token=/)
      expect(url.href).toContain("error=")
    },
  )

  test("the page that tells of errors shows nothing that runs", async () => {
    const script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    const url = new URL("/auth/error", backend.url)
    url.searchParams.set("error", script)
    url.searchParams.set("error_description", script)
    const { text, headers } = await browser.open(url)
    expect(text).not.toContain("<script>alert")
    expect(text).not.toContain("<img src=x")
    expect(headers.get("content-security-policy")).toContain("default-src 'none'")
    expect(headers.get("x-frame-options")).toBe("DENY")
  })
})

describe("what the client looks at", () => {
  test("state, nonce and issuer of another request are refused by it", async () => {
    const { config, browser: own } = await signInFor(backend, "house")
    const [one, two] = [await askFor(config, "house"), await askFor(config, "house")]
    const { url } = await own.open(one.url)
    await expect(redeem(config, url, { ...one, state: two.state })).rejects.toThrow()
    const wrongIssuer = new URL(url)
    wrongIssuer.searchParams.set("iss", "https://evil.example")
    await expect(redeem(config, wrongIssuer, one)).rejects.toThrow()
    const noIssuer = new URL(url)
    noIssuer.searchParams.delete("iss")
    await expect(redeem(config, noIssuer, one)).rejects.toThrow()
    await expect(redeem(config, url, { ...one, nonce: two.nonce })).rejects.toThrow(oidc.ClientError)
  })
})

describe("what does not exist", () => {
  test.each([
    ["POST", "/oauth2/register"],
    ["POST", "/oauth2/create-client"],
    ["POST", "/admin/oauth2/create-client"],
    ["PATCH", "/admin/oauth2/update-client"],
    ["POST", "/oauth2/update-client"],
    ["POST", "/oauth2/delete-client"],
    ["POST", "/oauth2/client/rotate-secret"],
    ["GET", "/oauth2/get-client?client_id=portal"],
    ["GET", "/oauth2/get-clients"],
    ["GET", "/oauth2/public-client?client_id=portal"],
    ["POST", "/oauth2/public-client-prelogin"],
    ["POST", "/admin/oauth2/resources"],
    ["GET", "/admin/oauth2/resources"],
    ["POST", "/oauth2/continue"],
    ["POST", "/oauth2/par"],
    ["GET", "/token"],
    ["POST", "/oauth2/%72egister"],
    ["POST", "//oauth2/register"],
    ["POST", "/oauth2/register/"],
  ])("%s %s, for somebody signed in too", async (method, path) => {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ")
    const response = await fetch(`${backend.url}/auth${path}`, {
      method,
      headers: { cookie, origin: backend.url, "content-type": "application/json" },
      ...(method === "GET"
        ? {}
        : { body: JSON.stringify({ redirect_uris: ["https://evil.example/cb"], client_id: "portal" }) }),
    })
    expect([path, [404, 405].includes(response.status)]).toEqual([path, true])
    expect(
      await backend.sql(`select "clientId" as id from accounts."oauthClient" where "clientId" <> all($1)`, [
        Object.keys(clients),
      ]),
    ).toEqual([])
  })
})
