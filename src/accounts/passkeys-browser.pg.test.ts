/** Passkeys in Chromium, with its virtual authenticator: register, sign in, as a second factor, and a cloned counter. */
import { existsSync } from "node:fs"
import { type Browser, type CDPSession, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { mails, Person, password } from "../../test/support/people.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"

const executablePath = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  existsSync,
)

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

let backend: TestBackend
let browser: Browser
beforeAll(async () => {
  if (executablePath === undefined) return
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: { password: true, signUp: "open", twoFactor: true, passkeys: true },
    }),
    { secret: "a secret of at least thirty-two bytes", keepsMail: true },
  )
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await backend?.stop()
})

interface Device {
  readonly page: Page
  readonly cdp: CDPSession
  readonly authenticatorId: string
}

/** A new browser, with a device that verifies whoever uses it. */
async function device(): Promise<Device> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`http://localhost:${new URL(backend.url).port}/docs`)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send("WebAuthn.enable")
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  })
  return { page, cdp, authenticatorId }
}

const post = (page: Page, path: string, body: object): Promise<{ status: number; json: any }> =>
  page.evaluate(
    async ([to, content]) => {
      const answer = await fetch(to!, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: content!,
      })
      return { status: answer.status, json: await answer.json() }
    },
    [`/auth${path}`, JSON.stringify(body)],
  )

const register = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const web = globalThis as any
    const options = await (await fetch("/auth/passkey/generate-register-options")).json()
    const publicKey = web.PublicKeyCredential.parseCreationOptionsFromJSON(options)
    const response = (await web.navigator.credentials.create({ publicKey })).toJSON()
    const headers = { "content-type": "application/json" }
    const body = JSON.stringify({ response })
    return (await fetch("/auth/passkey/verify-registration", { method: "POST", headers, body })).status
  })

const enter = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const web = globalThis as any
    const options = await (await fetch("/auth/passkey/generate-authenticate-options")).json()
    const publicKey = web.PublicKeyCredential.parseRequestOptionsFromJSON(options)
    const response = (await web.navigator.credentials.get({ publicKey })).toJSON()
    const headers = { "content-type": "application/json" }
    const body = JSON.stringify({ response })
    return (await fetch("/auth/passkey/verify-authentication", { method: "POST", headers, body })).status
  })

const session = (page: Page): Promise<string> =>
  page.evaluate(async () => (await fetch("/auth/get-session")).text())

const signOut = async (page: Page): Promise<void> => {
  expect((await post(page, "/sign-out", {})).status).toBe(200)
}

test.skipIf(executablePath === undefined)(
  "Chromium registers a passkey, signs in with it, also as a second factor; a clone of it is refused",
  async () => {
    const { page, cdp, authenticatorId } = await device()
    const email = "chromium@example.org"
    const made = await post(page, "/sign-up/email", { email, name: "A person", password })
    expect(made).toMatchObject({ status: 200, json: { user: { email } } })
    expect(made.json.token).toBeUndefined()
    await new Person(backend, email).verify()
    expect(await register(page)).toBe(200)
    await signOut(page)
    expect(await session(page)).toBe("null")

    expect(await enter(page)).toBe(200)
    expect(await session(page)).toContain(email)
    await signOut(page)

    // As the second of two.
    await backend.sql(`update accounts."user" set "twoFactorEnabled" = true where email = $1`, [email])
    const half = await post(page, "/sign-in/email", { email, password })
    expect(half.json).toEqual({ twoFactorRedirect: true, twoFactorMethods: ["passkey"] })
    expect(await enter(page)).toBe(200)
    expect(await session(page)).toContain(email)
    await signOut(page)

    // Somebody took the key while it had signed less often.
    const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId })
    const clone = await device()
    await clone.cdp.send("WebAuthn.addCredential", {
      authenticatorId: clone.authenticatorId,
      credential: { ...credentials[0]!, signCount: 0 },
    })
    expect(await enter(clone.page)).toBe(400)
    expect(await clone.page.evaluate(async () => await (await fetch("/auth/get-session")).text())).toBe(
      "null",
    )
    expect(await enter(page)).toBe(200)
    expect((await mails(backend)).some(({ to }) => to === email)).toBe(true)
  },
  60_000,
)
