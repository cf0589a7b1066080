/** A forgotten password is replaced by pages that come with the backend, whoever asked and whatever went wrong. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { Person, password } from "../../test/support/people.ts"
import { openBrowser } from "../../test/support/provider.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))
const client = { id: "portal", name: "Portal", redirectUris: ["https://portal.example/cb"] }

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: { password: true, signUp: "open", provider: { clients: [client] } },
    }),
    { keepsMail: true },
  )
})
afterAll(() => backend?.stop())

let counter = 0
async function somebody(): Promise<Person> {
  const person = new Person(backend, `forgetful${++counter}@example.org`)
  expect((await person.signUp()).status).toBe(200)
  return person
}

test("the sign-in page leads to the mail, its link to a page, and the new password signs in", async () => {
  const person = await somebody()
  const browser = openBrowser(backend)
  const signIn = await browser.open(`${backend.url}/auth/sign-in?client_id=portal`)
  const [, path] = /<a href="([^"]+)">Forgot/.exec(signIn.text)!
  const origin = { origin: backend.url }
  expect((await browser.open(backend.url + path)).text).toContain("<h1>Forgot your password?</h1>")
  const sent = await browser.open(backend.url + path, { email: person.email }, origin)
  const nobody = await browser.open(backend.url + path, { email: "nobody@example.org" }, origin)
  expect([nobody.status, nobody.text]).toEqual([sent.status, sent.text])
  expect((await browser.open(backend.url + path, { email: "no address" }, origin)).status).toBe(400)

  const { link } = await person.mail(/new password/)
  const page = await browser.open(link)
  expect([page.status, page.url.pathname]).toEqual([200, "/auth/new-password"])
  expect(page.headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  )
  expect(page.headers.get("cache-control")).toContain("no-store")
  const short = await browser.open(page.url, { password: "short" }, origin)
  expect([short.status, short.text]).toEqual([400, expect.stringContaining("has fewer than 8 characters")])
  const done = await browser.open(page.url, { password: "a walk along the harbour" }, origin)
  expect([done.status, done.text]).toEqual([200, expect.stringContaining("is replaced")])
  expect(await person.isSignedIn()).toBe(false)
  expect((await person.signIn()).status).toBe(401)
  expect((await person.signIn("a walk along the harbour")).status).toBe(200)
  // The link is used up, and says so.
  for (const url of [link, page.url.href])
    expect(
      (await browser.open(url, url === link ? undefined : { password }, url === link ? {} : origin)).text,
    ).toContain("This link is good no more.")
})

test("after 'It was not me' the link of the second mail leads there, too", async () => {
  const person = await somebody()
  const newPassword = "a walk along the harbour"
  expect((await person.post("/change-password", { currentPassword: password, newPassword })).status).toBe(200)
  const { link } = await person.mail(/was changed/)
  expect((await person.ask("POST", link, {})).status).toBe(200)
  const page = await openBrowser(backend).open((await person.mail(/new password/)).link)
  expect([page.status, page.text]).toEqual([200, expect.stringContaining("Choose a new password")])
})

test("a page of one's own goes first", async () => {
  const person = await somebody()
  await person.post("/request-password-reset", { email: person.email, redirectTo: "/mine" })
  const { headers } = await person.get((await person.mail(/new password/)).link)
  expect(new URL(headers.get("location")!).pathname).toBe("/mine")
})

test("no other site's form replaces a password or asks for mails", async () => {
  for (const path of ["forgot-password", "new-password?token=x"]) {
    const answer = await openBrowser(backend).open(
      `${backend.url}/auth/${path}`,
      { password },
      { origin: "https://else.example" },
    )
    expect(answer.status).toBe(403)
  }
})
