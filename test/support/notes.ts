/** A small backend for tests of accounts, with the ways in that a test names: notes that whoever is signed in reads. */
import type { AppOptions } from "../../src/app-options.ts"
import {
  type AnyEntity,
  type BackendDefinition,
  defineBackend,
  entity,
  signedIn,
  text,
} from "../../src/index.ts"
import { startTestBackend, type TestAnswer, type TestBackend } from "./backend.ts"
import { Person } from "./people.ts"

type Accounts = NonNullable<BackendDefinition["accounts"]>

export const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

/** Every way in that needs nobody else. */
export const ownWays: Accounts = {
  password: true,
  signUp: "open",
  twoFactor: true,
  magicLink: true,
  emailCode: true,
  passkeys: true,
}

/** Starts one; mails are kept. */
export function startNotes(accounts: Accounts, options: Partial<AppOptions> = {}): Promise<TestBackend> {
  return startTestBackend(defineBackend({ name: "notes", model: [Note], accounts }), {
    keepsMail: true,
    ...options,
  })
}

/** Gives people, each at a device of their own, with an address of their own unless one is said. */
export function peopleAt(backend: () => TestBackend, name: string = "somebody"): (email?: string) => Person {
  let counter = 0
  return (email = `${name}${++counter}@example.org`) => new Person(backend(), email)
}

/** Starts one whose requests say themselves from where they are, as those of a proxy that is trusted. */
export function startBehindProxy(
  name: string,
  accounts: Accounts,
  more: readonly AnyEntity[] = [],
): Promise<TestBackend> {
  const model = [Note, ...more]
  return startTestBackend(defineBackend({ name, model, accounts, trustedProxies: ["127.0.0.1"] }))
}

/** Sends a body to a route of accounts. */
export function postAuth(
  backend: TestBackend,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  return backend.request(null, "POST", `/auth${path}`, { body, headers })
}
