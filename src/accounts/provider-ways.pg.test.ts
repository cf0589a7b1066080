/** The provider's page to sign in offers every way in that the definition has: other providers, and passkeys in Chromium. */
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { createServer } from "node:net"
import { chromium } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { peopleAt, startNotes } from "../../test/support/notes.ts"
import {
  claimsOf,
  type Forging,
  startTestIssuer,
  type TestIssuer,
  testClient,
} from "../../test/support/oidc-issuer.ts"
import { codeNow, Person, password } from "../../test/support/people.ts"
import {
  askFor,
  type Browser,
  clients,
  discover,
  openBrowser,
  type Page,
  redeem,
} from "../../test/support/provider.ts"

const executablePath = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  existsSync,
)
let issuer: TestIssuer
const start = (accounts: object, port: number = 0): Promise<TestBackend> =>
  startNotes(
    { signUp: "open", twoFactor: true, provider: { clients: Object.values(clients) }, ...accounts },
    { port },
  )

let backend: TestBackend
beforeAll(async () => {
  issuer = await startTestIssuer()
  const issuers = [{ id: "one", name: "One & <Only>", issuer: issuer.url, ...testClient }]
  backend = await start({ password: true, oauth: { issuers } })
})
afterAll(async () => {
  await backend?.stop()
  await issuer?.stop()
})

const somebody = peopleAt(() => backend)

/** Presses the button of the other provider, and comes back from there. */
async function through(browser: Browser, page: Page, person: Person, forging?: Forging): Promise<Page> {
  const leaving = await browser.open(page.url, { provider: "one" })
  expect([leaving.status, leaving.isElsewhere]).toEqual([200, false])
  const link = /<a href="([^"]+)"/.exec(leaving.text)![1]!.replace(/&#38;/g, "&")
  expect(link.startsWith(`${issuer.url}/authorize?`)).toBe(true)
  expect(leaving.text).toContain('http-equiv="refresh"')
  return browser.open(issuer.comeBack(new URL(link), claimsOf(person), forging))
}

test("whoever comes by another provider gets the application its code, once asked whether they agree", async () => {
  const [config, browser, person] = [await discover(backend, "portal"), openBrowser(backend), somebody()]
  const asking = await askFor(config, "portal")
  const page = await browser.open(asking.url)
  expect(page.text).toContain('value="one" class="quiet">Sign in with One &#38; &#60;Only&#62;</button>')
  expect(page.text).toContain('type="password"')
  expect(page.text).not.toContain("<script")
  expect(page.headers.get("content-security-policy")).not.toContain("script-src")
  const consent = await through(browser, page, person)
  expect(consent.url.pathname).toBe("/auth/consent")
  expect(consent.text).toContain(person.email)
  const { url } = await browser.open(consent.url, { decision: "allow" })
  const claims = (await redeem(config, url, asking)).claims()!
  expect([claims["acr"], claims["amr"]]).toEqual(["one-factor", undefined])
  // Asked to sign in again, they do, and another session is made.
  const again = await askFor(config, "portal", { prompt: "login" })
  const asked = await browser.open(again.url)
  expect(asked.url.pathname).toBe("/auth/sign-in")
  const back = await through(browser, asked, person)
  expect(back.isElsewhere).toBe(true)
  expect((await redeem(config, back.url, again)).claims()!["sid"]).not.toBe(claims["sid"])
})

test("who has a second factor here is asked for it, and gets no code before", async () => {
  const [config, browser, person] = [await discover(backend, "house"), openBrowser(backend), somebody()]
  await person.signUp()
  const { secret } = await person.enrol()
  const asking = await askFor(config, "house")
  const page = await through(browser, await browser.open(asking.url), person)
  expect([page.url.pathname, page.isElsewhere]).toEqual(["/auth/sign-in", false])
  expect(page.text).toContain('name="code"')
  expect((await browser.open(asking.url)).url.pathname).toBe("/auth/sign-in")
  const { url, isElsewhere } = await browser.open(page.url, { code: codeNow(secret, 1) })
  expect(isElsewhere).toBe(true)
  expect((await redeem(config, url, asking)).claims()).toMatchObject({
    acr: "two-factor",
    amr: ["otp", "mfa"],
  })
})

test("what went wrong there is said here, in our words, and so is a provider that nobody declared", async () => {
  const [config, browser, person] = [await discover(backend, "house"), openBrowser(backend), somebody()]
  const page = await browser.open((await askFor(config, "house")).url)
  const failed = await through(browser, page, person, { params: { code: undefined, error: "<b>no</b>" } })
  expect([failed.status, failed.url.pathname]).toEqual([401, "/auth/sign-in"])
  expect(failed.text).toContain("That did not work.")
  expect(failed.text).not.toContain("<b>")
  expect((await through(browser, failed, person)).isElsewhere).toBe(true)
  const other = openBrowser(backend)
  const unknown = await other.open((await askFor(config, "house")).url)
  expect((await other.open(unknown.url, { provider: "google" })).status).toBe(401)
  const foreign = await other.open(unknown.url, { provider: "one" }, { origin: "https://evil.example" })
  expect(foreign.status).toBe(403)
})

test.skipIf(executablePath === undefined)(
  "in Chromium a passkey is a way in, by the only script that the page's policy allows",
  async () => {
    const port = await freePort()
    const url = `http://localhost:${port}`
    const own = await start({ url, password: true, passkeys: true }, port)
    const browser = await chromium.launch({ executablePath: executablePath!, args: ["--no-sandbox"] })
    try {
      const page = await (await browser.newContext()).newPage()
      const complaints: string[] = []
      page.on("console", (one) => complaints.push(one.text()))
      await page.route("https://house.example/**", (route) => route.fulfill({ body: "the application" }))
      const cdp = await page.context().newCDPSession(page)
      await cdp.send("WebAuthn.enable")
      await cdp.send("WebAuthn.addVirtualAuthenticator", {
        options: {
          protocol: "ctap2",
          transport: "internal",
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
        },
      })
      const person = new Person(own, "passkey@example.org")
      await person.signUp()
      await person.verify()
      await page.goto(`${url}/docs`)
      const registered = await page.evaluate(
        async ([email, secret]) => {
          const web = globalThis as any
          const send = (path: string, body: object) =>
            fetch(`/auth${path}`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify(body),
            })
          await send("/sign-in/email", { email, password: secret })
          const options = await (await fetch("/auth/passkey/generate-register-options")).json()
          const publicKey = web.PublicKeyCredential.parseCreationOptionsFromJSON(options)
          const response = (await web.navigator.credentials.create({ publicKey })).toJSON()
          const { status } = await send("/passkey/verify-registration", { response })
          await send("/sign-out", {})
          return status
        },
        [person.email, password],
      )
      expect(registered).toBe(200)
      complaints.length = 0
      const challenge = createHash("sha256").update("a verifier").digest("base64url")
      const query = new URLSearchParams({
        client_id: "house",
        response_type: "code",
        redirect_uri: clients.house.redirectUris[0],
        scope: "openid",
        state: "a state",
        code_challenge: challenge,
        code_challenge_method: "S256",
      })
      const shown = await page.goto(`${url}/auth/oauth2/authorize?${query}`)
      expect(shown!.headers()["content-security-policy"]).toMatch(/script-src 'sha256-[^']+';/)
      await page.click("#passkey")
      await page.waitForURL("https://house.example/cb?**")
      const back = new URL(page.url())
      expect([back.searchParams.get("state"), back.searchParams.has("code")]).toEqual(["a state", true])
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
      await own.stop()
    }
  },
  60_000,
)

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
