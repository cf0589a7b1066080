/** Whatever gives a program another session tells it the token of that one in its answer, and never the one that has just ended. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestAnswer, type TestBackend } from "../../test/support/backend.ts"
import { codeNow, password } from "../../test/support/people.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: { password: true, signUp: "open", twoFactor: true, organizations: true },
    }),
  )
})
afterAll(() => backend?.stop())

/** A program that knows nothing but the last token that it was told. */
class Program {
  token = ""
  ended = 0
  async ask(path: string, body: object, headers: Record<string, string> = {}): Promise<TestAnswer> {
    const answer = await backend.request(null, "POST", `/auth${path}`, {
      body,
      headers: { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...headers },
    })
    expect([path, answer.status, answer.text.slice(0, answer.status === 200 ? 0 : 200)]).toEqual([
      path,
      200,
      "",
    ])
    const told: string | undefined = answer.json.token
    if (told !== undefined && told !== this.token) this.ended++
    this.token = told ?? this.token
    expect([path, await this.status()]).toEqual([path, 200])
    return answer
  }
  async status(): Promise<number> {
    const headers = { authorization: `Bearer ${this.token}` }
    return (await backend.request(null, "GET", "/rest/notes", { headers })).status
  }
}

let counter = 0
const signUp = async (role = ""): Promise<{ program: Program; id: string }> => {
  const program = new Program()
  const body = { email: `program${++counter}@example.org`, name: "P", password }
  const { json } = await program.ask("/sign-up/email", body)
  await backend.sql(`update accounts."user" set role = $2 where id = $1`, [json.user.id, role])
  return { program, id: json.user.id }
}

test("a second factor: switched on, proved again, taken away; another password", async () => {
  const { program } = await signUp()
  const { json } = await program.ask("/two-factor/enable", { password })
  const letters = [...new URL(json.totpURI).searchParams.get("secret")!]
  const bits = letters.map((one) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0"),
  )
  const secret = Buffer.from(
    (bits.join("").match(/.{8}/g) ?? []).map((one) => Number.parseInt(one, 2)),
  ).toString()
  const before = program.ended
  await program.ask("/two-factor/verify-totp", { code: codeNow(secret, -1) })
  await program.ask("/two-factor/verify-totp", { code: codeNow(secret) })
  await program.ask("/two-factor/verify-backup-code", { code: json.backupCodes[0] })
  expect(program.ended).toBe(before + 3)
  await program.ask("/two-factor/disable", { password })
  await program.ask("/change-password", {
    currentPassword: password,
    newPassword: "a walk along the harbour",
  })
  await program.ask("/change-password", {
    currentPassword: "a walk along the harbour",
    newPassword: "another walk along it",
    revokeOtherSessions: true,
  })
  await program.ask("/update-user", { name: "Q" })
  await program.ask("/organization/create", { name: "House", slug: `house${counter}` })
  expect(program.ended).toBeGreaterThan(before + 4)
})

test("acting as somebody else, and stopping", async () => {
  const [{ program }, { id }] = [await signUp("admin"), await signUp()]
  const own = program.token
  await program.ask("/admin/impersonate-user", { userId: id }, { "x-reason": "they asked for help" })
  expect(program.token).not.toBe(own)
})

test("a page is told no token", async () => {
  const { program } = await signUp()
  const headers = { authorization: `Bearer ${program.token}`, origin: backend.url }
  const body = { currentPassword: password, newPassword: "a walk along the harbour" }
  const answer = await backend.request(null, "POST", "/auth/change-password", { body, headers })
  expect([answer.status, answer.json.token]).toEqual([200, undefined])
})
