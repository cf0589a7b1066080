/** Settings of accounts that can't be used are told by their names, when a backend is built as when it starts. */
import { expect, test } from "vitest"
import { buildBackend } from "../build-backend.ts"
import { defineBackend, entity, text } from "../index.ts"
import { createPeople } from "./people.ts"
import type { AccountSettings } from "./settings.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({}))

const client = { id: "portal", name: "Portal", redirectUris: ["https://portal.example/cb"] }
const github = { clientId: "x", clientSecret: "y" }

/** What TypeScript would refuse, and JavaScript would not. */
const wrong: readonly (readonly [string, unknown, string, RegExp])[] = [
  [
    "an option that there is not",
    { passwrd: true },
    "UC916",
    /accounts\.passwrd.*There are: url, signUp, password/,
  ],
  ["a lifetime that there is not", { sessions: { idle: 3 } }, "UC916", /accounts\.sessions\.idle/],
  ["one of a role", { sessions: { roles: { admin: { minutes: 3 } } } }, "UC916", /roles\.admin\.minutes/],
  [
    "a client's field that there is not",
    { password: true, provider: { clients: [{ ...client, pkce: false }] } },
    "UC916",
    /clients 'portal'\.pkce/,
  ],
  [
    "a provider's that there is not",
    { oauth: { github: { ...github, domains: [] } } },
    "UC916",
    /oauth\.github\.domains/,
  ],
  [
    "a second factor that nobody can have",
    { password: true, requireTwoFactor: true },
    "UC916",
    /second factor/,
  ],
  ["a role that is no list", { twoFactor: true, requireTwoFactor: "doctor" }, "UC916", /list of roles/],
  [
    "metadata that is none",
    { saml: { house: { name: "House", domains: ["house.example"], metadata: "<a/>" } } },
    "UC936",
    /metadata/,
  ],
  [
    "a client that can't be redirected to",
    { password: true, provider: { clients: [{ ...client, redirectUris: ["http://else.example"] }] } },
    "UC934",
    /redirected/,
  ],
  [
    "a client without a secret",
    { oauth: { github: { ...github, clientSecret: "" } } },
    "UC935",
    /clientSecret/,
  ],
  ["a record kept for no time", { events: { keepDays: 0 } }, "UC916", /keepDays/],
]

const people = (settings: AccountSettings) => () =>
  createPeople({
    name: "x",
    settings,
    secret: "a secret of at least thirty-two bytes",
    origins: [],
    keepsMail: false,
    tell: () => undefined,
  })
const build = (accounts: AccountSettings) => () =>
  buildBackend(defineBackend({ name: "x", model: [Note], accounts }))

test.each(wrong)("%s", (_, settings, code, message) => {
  const told = expect.objectContaining({ code, message: expect.stringMatching(message) })
  expect(build(settings as AccountSettings)).toThrow(told)
  expect(people(settings as AccountSettings)).toThrow(told)
})

test("what is right is let through", () => {
  const settings: AccountSettings = {
    password: true,
    twoFactor: true,
    requireTwoFactor: ["doctor"],
    oauth: { github },
    provider: { clients: [client] },
    sessions: { idleMinutes: 5, roles: { admin: { hours: 1 } } },
  }
  expect(build(settings)).not.toThrow()
  expect(people(settings)).not.toThrow()
})
