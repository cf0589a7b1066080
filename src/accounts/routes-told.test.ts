/** What docs/sign-in.md says of options and routes is all that there is: with everything switched on, neither more nor less. */
import { readFileSync } from "node:fs"
import { betterAuth } from "better-auth"
import { expect, test } from "vitest"
import { accountNames, providerClientNames } from "./check-accounts.ts"
import { accountOptions } from "./create-accounts.ts"
import type { Post } from "./mail.ts"
import { forgotPath, newPasswordPath } from "./password-pages.ts"
import { consentPath, signInPath } from "./provider.ts"
import { providerOpenPaths } from "./provider-guard.ts"
import { eventsPlugin } from "./read-events.ts"

const document = readFileSync(new URL("../../docs/sign-in.md", import.meta.url), "utf8")
function table(heading: string): readonly (readonly string[])[] {
  const part = document.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!
  const rows = part.split("\n").filter((line) => line.startsWith("|"))
  return rows.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const post: Post = { send: () => undefined, kept: null, close: async () => undefined }
const options = accountOptions({
  name: "routes",
  settings: {
    password: true,
    signUp: "open",
    verifyEmail: true,
    magicLink: true,
    emailCode: true,
    twoFactor: true,
    passkeys: true,
    oauth: { github: { clientId: "x", clientSecret: "y" } },
    saml: {},
    apiKeys: true,
    organizations: true,
    provider: { clients: [] },
  },
  url: "https://routes.example",
  secret: "a secret of at least thirty-two bytes",
  origins: [],
  judge: async () => null,
  post,
  tell: () => undefined,
})

interface Shape {
  readonly shape?: Readonly<Record<string, { safeParse(value: unknown): { success: boolean } }>>
}
interface Endpoint {
  readonly path?: string
  readonly options: {
    readonly method: string | readonly string[]
    readonly body?: Shape
    readonly metadata?: { readonly SERVER_ONLY?: boolean }
  }
}

const plugins = [...(options.plugins ?? []), eventsPlugin({} as Parameters<typeof eventsPlugin>[0])]
const closed = new Set(options.disabledPaths)
const ofProvider = new Set(
  plugins
    .filter((one) => one.id === "jwt" || one.id === "oauth-provider")
    .flatMap((one) => Object.values(one.endpoints ?? {}).map(({ path }) => path)),
)
const auth = betterAuth({ ...options, plugins } as Parameters<typeof betterAuth>[0])
const endpoints = Object.values(auth.api as unknown as Readonly<Record<string, Endpoint>>).filter(
  ({ path, options: of }) =>
    path !== undefined &&
    !of?.metadata?.SERVER_ONLY &&
    !closed.has(path) &&
    (!ofProvider.has(path) || providerOpenPaths.has(path)),
)
const routes: ReadonlyMap<string, Endpoint> = new Map(
  endpoints.flatMap((one) =>
    [one.options.method].flat().map((method) => [`${method} ${one.path}`, one] as const),
  ),
)
const pages = [signInPath, consentPath, forgotPath, newPasswordPath].map(
  (path) => `GET ${path.slice("/auth".length)}`,
)

test("every route is told, and no other", () => {
  const told = table("Routes at `/auth`").map(([route]) => route!.replaceAll("`", ""))
  expect(told.length).toBeGreaterThan(100)
  expect(told.toSorted()).toEqual([...routes.keys(), ...pages].toSorted())
})

test("what a body must have is told", () => {
  const missing = table("Routes at `/auth`").flatMap(([route, body]) => {
    const members = routes.get(route!.replaceAll("`", ""))?.options.body?.shape ?? {}
    return Object.entries(members)
      .filter(([name, one]) => !one.safeParse(undefined).success && !body!.includes(`\`${name}\``))
      .map(([name]) => `${route} ${name}`)
  })
  // What OpenID Connect says is not said again.
  expect(missing).toEqual(["`POST /oauth2/token` grant_type"])
})

/** The fields of an interface with their comments, as a table's rows. */
function commented(file: string, name: string): readonly (readonly string[])[] {
  const source = readFileSync(new URL(file, import.meta.url), "utf8")
  const body = source.split(`export interface ${name} {\n`)[1]!.split("\n}")[0]!
  return [...body.matchAll(/(?:^|\n) {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}readonly (\w+)/g)].map(
    ([, text, field]) => [
      `\`${field}\``,
      text!
        .split("\n")
        .map((line) => line.replace(/^[ *]+|[ *]+$/g, ""))
        .join(" ")
        .trim(),
    ],
  )
}

test.each([
  ["Options of `accounts`", "./settings.ts", "AccountSettings", accountNames],
  ["Fields of a provider's client", "./provider-settings.ts", "ProviderClient", providerClientNames],
])("%s: every one is told in the words of its type, and no other", (heading, file, name, names) => {
  expect(table(heading)).toEqual(commented(file, name))
  expect(
    table(heading)
      .map(([field]) => field!.replaceAll("`", ""))
      .toSorted(),
  ).toEqual(Object.keys(names).toSorted())
})
