/** What can't be declared of a provider's applications, and how answers of its plugin are put right. */
import { expect, test } from "vitest"
import { correctAnswers } from "./provider-answers.ts"
import { checkProvider, type ProviderClient, signOutTargets } from "./provider-settings.ts"

const good: ProviderClient = {
  id: "portal",
  name: "Portal",
  secret: "a secret of at least thirty-two bytes",
  redirectUris: ["https://portal.example/cb", "http://127.0.0.1:3000/cb"],
}
const { secret: _secret, ...open } = good

test("what is as it should be passes", () => {
  expect(() =>
    checkProvider(
      { clients: [good, { ...open, id: "phone", redirectUris: ["org.example.phone:/cb"] }] },
      true,
    ),
  ).not.toThrow()
  expect(() =>
    checkProvider({ clients: [good], loginPage: "https://portal.example/login" }, false),
  ).not.toThrow()
})

test.each<readonly [string, ProviderClient, RegExp]>([
  ["an id with spaces", { ...good, id: "the portal" }, /id may have/],
  ["an empty id", { ...good, id: "" }, /id may have/],
  ["a short secret", { ...good, secret: "short" }, /32 bytes/],
  ["a way to send no secret", { ...open, authentication: "post" }, /no secret/],
  ["no redirect", { ...good, redirectUris: [] }, /no redirectUris/],
  ["an unknown scope", { ...good, scopes: ["openid", "admin" as never] }, /no scope 'admin'/],
  ["no openid", { ...good, scopes: ["email"] }, /lack 'openid'/],
  ...[
    "http://portal.example/cb",
    "https://*.example/cb",
    "https://portal.example/cb#x",
    "https://user@portal.example/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "org.example.phone:/cb",
    "/cb",
    "",
  ].map((uri) => [`redirect ${uri}`, { ...good, redirectUris: [uri] }, /can't be redirected to/] as const),
  [
    "a sign-out redirect",
    { ...good, postLogoutRedirectUris: ["http://evil.example/"] },
    /can't be redirected to/,
  ],
  ["a public one's script", { ...open, redirectUris: ["javascript:alert(1)"] }, /can't be redirected to/],
])("%s is refused", (_name, client, why) => {
  expect(() => checkProvider({ clients: [client] }, true)).toThrow(why)
})

test("no client twice, and no provider on which nobody can sign in", () => {
  expect(() => checkProvider({ clients: [good, good] }, true)).toThrow(/declared twice/)
  expect(() => checkProvider({ clients: [good] }, false)).toThrow(/loginPage/)
})

test("the page that asks about signing out works in browsers: its cookie, and where its form leads", async () => {
  const page = new Response("page", {
    headers: {
      "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
      "set-cookie": "__Host-undercroft.x=1; Path=/auth/oauth2/end-session/confirm; Secure; HttpOnly",
    },
  })
  const targets = signOutTargets({
    clients: [
      { ...good, postLogoutRedirectUris: ["https://portal.example/bye", "https://portal.example/b"] },
    ],
  })
  const handle = correctAnswers(async () => page, targets)
  const { headers } = await handle(new Request("https://id.example/auth/oauth2/end-session"))
  expect(headers.getSetCookie()).toEqual(["__Host-undercroft.x=1; Path=/; Secure; HttpOnly"])
  expect(headers.get("content-security-policy")).toContain("form-action 'self' https://portal.example; frame")
})
