/** No route of better-auth is left out by oversight: each that changes something is guarded, or open on purpose. */
import { passkey } from "@better-auth/passkey"
import { betterAuth } from "better-auth"
import { emailOTP, magicLink, oneTimeToken, phoneNumber, username } from "better-auth/plugins"
import { expect, test } from "vitest"
import { accountOptions } from "./create-accounts.ts"
import { emailChange } from "./email-change.ts"
import { guardedRoute, guardedRoutes, isOpen } from "./guarded-routes.ts"
import { mailTexts } from "./mail-texts.ts"

const nothing = async (): Promise<void> => undefined
const options = accountOptions({
  name: "routes",
  settings: { password: true, twoFactor: true, organizations: true, signUp: "open", saml: {} },
  url: "https://routes.example",
  secret: "a secret of at least thirty-two bytes",
  origins: [],
  judge: async () => null,
  post: null,
  tell: () => undefined,
})
const more = [
  emailChange({ send: nothing, kept: null, close: nothing }, mailTexts("routes")),
  magicLink({ sendMagicLink: nothing }),
  emailOTP({ sendVerificationOTP: nothing }),
  phoneNumber({ sendOTP: nothing }),
  username(),
  oneTimeToken(),
  passkey(),
]

interface Endpoint {
  readonly path?: string
  readonly options?: {
    readonly method?: string | readonly string[]
    readonly metadata?: { readonly SERVER_ONLY?: boolean }
  }
}

const { database: _, ...plain } = { database: undefined, ...options }
const auth = betterAuth({ ...plain, plugins: [...(options.plugins ?? []), ...more] as never })
const routes = Object.values(auth.api as unknown as Readonly<Record<string, Endpoint>>).flatMap(
  ({ path, options: of }) =>
    path === undefined || of?.metadata?.SERVER_ONLY
      ? []
      : [of?.method ?? []].flat().map((method) => `${method} ${path}`),
)

test("each route that changes something has been decided about", () => {
  expect(routes.length).toBeGreaterThan(100)
  const undecided = routes.filter((one) => {
    const [method, path] = one.split(" ") as [string, string]
    return method !== "GET" && !guardedRoutes.has(one) && !isOpen(path)
  })
  expect(undecided).toEqual([])
})

test("what is guarded is named as better-auth names it", () => {
  const elsewhere = ["POST /verify-password", "POST /sign-in/anonymous", "GET /device"]
  expect(
    [...guardedRoutes.keys()].filter((one) => !routes.includes(one) && !elsewhere.includes(one)),
  ).toEqual([])
})

test("what nobody thought of is counted by network", () => {
  expect(guardedRoute("POST", "/some-plugin/verify")).toMatchObject({ group: "token", account: "none" })
  expect(guardedRoute("GET", "/reset-password/abc")).toMatchObject({ group: "token" })
  expect(guardedRoute("GET", "/list-sessions")).toBeNull()
  // The router takes no other writing for the same path.
  for (const path of ["/sign-in/email/", "//sign-in/email", "/sign-in/%65mail"])
    expect(guardedRoute("POST", path)?.group).toBe("token")
})
