/** People in tests: a browser's cookies without a browser, their mails, and their authenticator app. */
import { setTimeout as wait } from "node:timers/promises"
import { codeOfStep } from "../../src/accounts/totp.ts"
import type { TestBackend } from "./backend.ts"

export const password = "correct horse battery"

export interface PersonAnswer {
  readonly status: number
  readonly json: any
  readonly text: string
  readonly headers: Headers
}

/** Somebody at a device. */
export class Person {
  readonly cookies: Map<string, string> = new Map()
  readonly headers: Record<string, string> = {}
  readonly backend: TestBackend
  readonly email: string

  constructor(backend: TestBackend, email: string) {
    this.backend = backend
    this.email = email
  }

  get(path: string): Promise<PersonAnswer> {
    return this.ask("GET", path)
  }

  post(path: string, body: unknown = {}): Promise<PersonAnswer> {
    return this.ask("POST", path, body)
  }

  async ask(method: string, path: string, body?: unknown): Promise<PersonAnswer> {
    const url = path.startsWith("http")
      ? path
      : `${this.backend.url}${path.startsWith("/rest") ? "" : "/auth"}${path}`
    const answer = await fetch(url, {
      method,
      redirect: "manual",
      headers: {
        ...(this.cookies.size > 0
          ? { cookie: [...this.cookies].map((one) => one.join("=")).join("; ") }
          : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...this.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (value === "" || /max-age=0/i.test(cookie)) this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    const text = await answer.text()
    const json =
      /json/.test(answer.headers.get("content-type") ?? "") && text !== "" ? JSON.parse(text) : undefined
    return { status: answer.status, json, text, headers: answer.headers }
  }

  /** The session's cookie; undefined when not signed in. */
  get session(): string | undefined {
    return this.cookies.get("undercroft.session_token")
  }

  /** Whether the API knows them. */
  async isSignedIn(): Promise<boolean> {
    if (this.session === undefined) return false
    const [rest, own] = [await this.get("/rest/notes"), await this.get("/get-session")]
    if ((rest.status === 200) !== (own.json !== null)) throw new Error("the API and /auth disagree")
    return rest.status === 200
  }

  signUp(): Promise<PersonAnswer> {
    return this.post("/sign-up/email", { email: this.email, name: "A person", password })
  }

  signIn(secret: string = password): Promise<PersonAnswer> {
    return this.post("/sign-in/email", { email: this.email, password: secret })
  }

  /** The newest mail to them whose subject fits; waits for it. */
  async mail(
    subject: RegExp,
  ): Promise<{ readonly text: string; readonly link: string; readonly code: string }> {
    for (let tries = 0; tries < 100; tries++) {
      const found = (await mails(this.backend)).find(
        (one) => one.to === this.email && subject.test(one.subject),
      )
      if (found) {
        const link = /https?:\/\/\S+/.exec(found.text)?.[0] ?? ""
        return { text: found.text, link, code: /^\d{8}$/m.exec(found.text)?.[0] ?? "" }
      }
      await wait(20)
    }
    throw new Error(`no mail to ${this.email} is like ${subject}`)
  }

  /** Confirms the address. */
  async verify(): Promise<void> {
    await this.post("/send-verification-email", { email: this.email })
    await this.get((await this.mail(/confirm/)).link)
  }

  /** Switches on a second factor. */
  async enrol(): Promise<{ readonly secret: string; readonly recovery: readonly string[] }> {
    await this.verify()
    const { status, json } = await this.post("/two-factor/enable", { password })
    if (status !== 200) throw new Error(`not enabled: ${status}`)
    const secret = fromBase32(new URL(json.totpURI).searchParams.get("secret")!)
    // The step before: the code of this one is kept for the sign-in. While it is asked, the next step may begin.
    const prove = (): ReturnType<Person["post"]> =>
      this.post("/two-factor/verify-totp", { code: codeOfStep(secret, Math.floor(Date.now() / 30_000) - 1) })
    const first = await prove()
    const proved = first.status === 200 ? first : await prove()
    if (proved.status !== 200) throw new Error(`not proved: ${proved.text}`)
    return { secret, recovery: json.backupCodes }
  }
}

/** The code that an app shows now, or `later` steps from now. */
export function codeNow(secret: string, later: number = 0): string {
  return codeOfStep(secret, Math.floor(Date.now() / 30_000) + later)
}

/** All mails that were kept, the newest first. */
export async function mails(
  backend: TestBackend,
): Promise<readonly { to: string; subject: string; text: string }[]> {
  const answer = await fetch(`${backend.url}/dev/mail`, { headers: { accept: "application/json" } })
  return (await answer.json()) as readonly { to: string; subject: string; text: string }[]
}

function fromBase32(text: string): string {
  const bits = [...text].map((one) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0"),
  )
  const bytes = bits.join("").match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((one) => Number.parseInt(one, 2))).toString()
}
