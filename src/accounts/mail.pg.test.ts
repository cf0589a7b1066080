/** Mails: to whom, with which links, and what whoever asks for one can tell from the answer. */
import { request } from "node:http"
import type { AddressInfo } from "node:net"
import { SMTPServer } from "smtp-server"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { uncounted } from "../../test/support/guard.ts"
import { mails, Person, password } from "../../test/support/people.ts"
import { startApp } from "../app.ts"
import type { UndercroftError } from "../base/errors.ts"
import { type BackendDefinition, defineBackend, entity, signedIn, text } from "../index.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))
const secret = "a secret of at least thirty-two bytes"
const accounts = {
  password: true,
  signUp: "open",
  verifyEmail: true,
  magicLink: true,
  emailCode: true,
} as const
const notes = (more: Partial<NonNullable<BackendDefinition["accounts"]>> = {}): BackendDefinition =>
  defineBackend({ name: "notes", model: [Note], accounts: { ...accounts, ...more } })

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(notes(), { secret, keepsMail: true })
})
afterAll(() => backend?.stop())

let counter = 0
const somebody = (email: string = `reader${++counter}@example.org`, at: TestBackend = backend): Person =>
  new Person(at, email)

test("an address is confirmed before its first sign-in", async () => {
  const person = somebody()
  expect((await person.signUp()).json.token).toBeNull()
  expect((await person.signIn()).status).toBe(403)
  const { link } = await person.mail(/confirm/)
  await person.get(link)
  expect(person.session).toBeUndefined()
  expect((await person.signIn()).status).toBe(200)
  expect(await person.isSignedIn()).toBe(true)
})

test("who signs up with an address that has an account learns nothing; its owner is told", async () => {
  const person = somebody()
  const first = await person.signUp()
  const again = await somebody(person.email).signUp()
  expect(again.status).toBe(first.status)
  expect(Object.keys(again.json.user).toSorted()).toEqual(Object.keys(first.json.user).toSorted())
  await person.mail(/have an account/)
})

test("a forgotten password is replaced, and all sessions end (CVE-2026-22706)", async () => {
  const person = somebody()
  await person.signUp()
  await person.verify()
  await person.signIn()
  expect(await person.isSignedIn()).toBe(true)
  const old = person.session!
  const known = await person.post("/request-password-reset", { email: person.email })
  const unknown = await person.post("/request-password-reset", { email: "nobody@example.org" })
  expect([unknown.status, unknown.json]).toEqual([known.status, known.json])
  const token = new URL((await person.mail(/new password/)).link).pathname.split("/").at(-1)
  const newPassword = "a quite different one"
  expect((await person.post("/reset-password", { token, newPassword })).status).toBe(200)
  expect(await person.isSignedIn()).toBe(false)
  expect((await person.signIn()).status).toBe(401)
  expect((await person.signIn(newPassword)).status).toBe(200)
  expect((await person.post("/reset-password", { token, newPassword: password })).status).toBe(400)
  expect((await person.mail(/was changed/)).text).toContain("was replaced")
  // A server that was started since knows nothing of the old session either.
  const restarted = await startApp(notes(), {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    databaseUrl: backend.adminUrl,
    secret,
    keepsMail: true,
  })
  try {
    for (const [session, status] of [
      [old, 401],
      [person.session!, 200],
    ] as const) {
      const headers = { cookie: `undercroft.session_token=${session}` }
      expect((await fetch(`${restarted.url}/rest/notes`, { headers })).status).toBe(status)
    }
  } finally {
    await restarted.stop()
  }
})

test("links begin with the backend's own address, whatever a request says of its host (GHSA-3529-5m8x-rpv3)", async () => {
  const person = somebody()
  await person.signUp()
  const { port } = new URL(backend.url)
  const lies = { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" }
  for (const [path, body, subject] of [
    ["/request-password-reset", { email: person.email }, /new password/],
    ["/sign-in/magic-link", { email: person.email }, /sign in/],
    ["/send-verification-email", { email: person.email }, /confirm/],
  ] as const) {
    await new Promise<void>((resolve, reject) => {
      const headers = { ...lies, "content-type": "application/json" }
      const sent = request(
        { host: "127.0.0.1", port, path: `/auth${path}`, method: "POST", headers },
        (answer) => {
          answer.resume().on("end", resolve)
        },
      )
      sent.on("error", reject).end(JSON.stringify(body))
    })
    const { text: content, link } = await person.mail(subject)
    expect(link.startsWith(`${backend.url}/auth/`)).toBe(true)
    expect(content).not.toContain("evil")
  }
  // Nor where somebody else's page is to be led to.
  for (const callback of ["https://evil.example/", "//evil.example", "/\\evil.example"]) {
    const asked = { email: person.email, callbackURL: callback, redirectTo: callback }
    await uncounted(backend, async () => {
      expect((await person.post("/sign-in/magic-link", asked)).status).toBe(403)
      expect((await person.post("/request-password-reset", asked)).status).toBe(403)
    })
  }
})

test("what people typed stands in no mail", async () => {
  const person = somebody()
  await person.post("/sign-up/email", {
    email: person.email,
    name: "<b>Win at https://evil.example</b>",
    password,
  })
  await person.post("/sign-in/magic-link", { email: person.email, name: "evil" })
  await person.mail(/sign in/)
  for (const mail of await mails(backend)) expect(JSON.stringify(mail)).not.toContain("evil")
})

test("where nobody may sign up, a link or a code goes to who has an account alone", async () => {
  const closed = await startTestBackend(notes({ signUp: "closed" }), { secret, keepsMail: true })
  try {
    const stranger = somebody("stranger@example.org", closed)
    const asked = await stranger.post("/sign-in/magic-link", { email: stranger.email })
    const code = await stranger.post("/email-otp/send-verification-otp", {
      email: stranger.email,
      type: "sign-in",
    })
    expect([asked.status, code.status]).toEqual([200, 200])
    await closed.sql(
      `insert into accounts."user" (id, name, email, "emailVerified", role, "createdAt", "updatedAt") values (gen_random_uuid(), 'x', 'known@example.org', true, '', now(), now())`,
    )
    const known = somebody("known@example.org", closed)
    const answer = await known.post("/sign-in/magic-link", { email: known.email })
    expect([answer.status, answer.json]).toEqual([asked.status, asked.json])
    await known.mail(/sign in/)
    expect((await mails(closed)).map(({ to }) => to)).toEqual(["known@example.org"])
  } finally {
    await closed.stop()
  }
})

test("mails go to the SMTP server, and one that can't be sent changes no answer and names nobody", async () => {
  const got: { from: string; to: string; data: string }[] = []
  let refuses = false
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onRcptTo: (_address, _session, done) =>
      done(refuses ? new Error("no mailbox for reader@example.org") : null),
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on("data", (part: Buffer) => parts.push(part))
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope
        got.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map((one) => one.address).join(),
          data: Buffer.concat(parts).toString(),
        })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => void smtp.listen(0, "127.0.0.1", resolve))
  const errors: UndercroftError[] = []
  const { port } = smtp.server.address() as AddressInfo
  const sending = await startTestBackend(notes(), {
    secret,
    keepsMail: true,
    mail: { from: "Notes <notes@example.org>", smtp: `smtp://127.0.0.1:${port}` },
    onError: (error) => errors.push(error),
  })
  try {
    const person = somebody(undefined, sending)
    const sent = await person.signUp()
    await expect.poll(() => got.length).toBe(1)
    expect(got[0]).toMatchObject({ from: "notes@example.org", to: person.email })
    expect(got[0]!.data).toMatch(/^From: Notes <notes@example.org>/m)
    expect(got[0]!.data).toMatch(/multipart\/alternative/)
    // What is sent is not shown.
    expect((await fetch(`${sending.url}/dev/mail`)).status).toBe(404)
    refuses = true
    const failed = await somebody(undefined, sending).signUp()
    expect(failed.status).toBe(sent.status)
    await expect.poll(() => errors.length).toBe(1)
    expect(errors[0]!.code).toBe("UC931")
    expect(JSON.stringify([errors[0]!.message, errors[0]!.toBody(), String(errors[0]!.cause)])).not.toContain(
      "@",
    )
  } finally {
    await sending.stop()
    await new Promise<void>((resolve) => smtp.close(() => resolve()))
  }
})

test("a way in that needs mail, without a server for it, is told at the start", async () => {
  for (const way of ["verifyEmail", "magicLink", "emailCode"] as const)
    await expect(
      startTestBackend(
        defineBackend({ name: "notes", model: [Note], accounts: { password: true, [way]: true } }),
        {
          secret,
        },
      ),
    ).rejects.toMatchObject({ code: "UC930", message: expect.stringContaining(way) })
})

test("an SMTP server's address that is none is told without its password", async () => {
  const smtp = "mail.example.org:hunter2@x"
  const start = startTestBackend(notes({ mail: { from: "a@example.org", smtp } }), { secret })
  const error = await start.catch((cause: unknown) => cause as UndercroftError)
  expect(error).toMatchObject({ code: "UC933" })
  expect(JSON.stringify(error)).not.toContain("hunter2")
})

test("kept mails are shown as a list, to this machine alone", async () => {
  const person = somebody()
  await person.signUp()
  await person.mail(/confirm/)
  const page = await fetch(`${backend.url}/dev/mail`)
  expect(page.headers.get("content-type")).toContain("text/html")
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'")
  expect(await page.text()).toContain(person.email)
  const status = await new Promise<number | undefined>((resolve) => {
    request(`${backend.url}/dev/mail`, { headers: { host: "rebound.example" } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    }).end()
  })
  expect(status).toBe(404)
})

test("a page reads no token of a session; a program does", async () => {
  const person = somebody()
  await person.signUp()
  await person.verify()
  const program = await somebody(person.email).signIn()
  expect(program.json.token).toEqual(expect.any(String))
  for (const headers of [{ origin: backend.url }, { "sec-fetch-site": "same-origin", origin: backend.url }]) {
    const page = somebody(person.email)
    Object.assign(page.headers, headers)
    const answer = await page.signIn()
    expect(answer.status).toBe(200)
    expect(await page.isSignedIn()).toBe(true)
    const token = decodeURIComponent(page.session!).split(".")[0]!
    expect(answer.text).not.toContain(token)
    expect(answer.headers.get("set-auth-token")).toBeNull()
    expect((await page.get("/get-session")).text).not.toContain(token)
    expect((await page.get("/get-session")).json.user.email).toBe(person.email)
    expect((await page.get("/list-sessions")).text).not.toContain(token)
  }
})
