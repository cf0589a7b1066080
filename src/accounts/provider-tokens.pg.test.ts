/** Codes, tokens and what ends them: each is good once or for as long as its session, and for the one it was made for. */
import * as oidc from "openid-client"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import {
  askFor,
  clients,
  discover,
  openBrowser,
  redeem,
  signInFor,
  startProvider,
} from "../../test/support/provider.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startProvider()
})
afterAll(() => backend?.stop())

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
})
const portal = basic("portal", clients.portal.secret)
const house = basic("house", clients.house.secret)

/** A request as somebody would make it by hand. */
async function post(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${backend.url}/auth/oauth2${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(form),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text === "" ? {} : JSON.parse(text) }
}

/** A fresh code, with all that redeems it. */
async function getCode(name: "portal" | "house" | "phone" = "house") {
  const { config, browser, person } = await signInFor(backend, name)
  const asking = await askFor(config, name)
  const { url } = await browser.open(asking.url)
  const form = {
    grant_type: "authorization_code",
    code: url.searchParams.get("code")!,
    redirect_uri: clients[name].redirectUris[0],
    code_verifier: asking.verifier,
  }
  return { form, url, asking, config, person }
}

const isActive = async (token: string, headers = house) =>
  (await post("/introspect", { token }, headers)).json.active
const userInfo = (token: string) =>
  backend.request(null, "GET", "/auth/oauth2/userinfo", { headers: { authorization: `Bearer ${token}` } })
const refresh = (refresh_token: string, headers = house, more = {}) =>
  post("/token", { grant_type: "refresh_token", refresh_token, ...more }, headers)

describe("TR-03161-3 Auth_2: a code, by an application that proves itself", () => {
  test("is redeemed by its application", async () => {
    const { form } = await getCode()
    const { status, headers, json } = await post("/token", form, house)
    expect([status, headers.get("cache-control")]).toEqual([200, expect.stringContaining("no-store")])
    expect(json.access_token).toMatch(/^[A-Za-z]{32}$/)
  })

  type Change = [what: string, change: Record<string, string | null>, headers?: Record<string, string>]
  const changes: Change[] = [
    ["no verifier (downgrade)", { code_verifier: null }],
    ["an empty verifier", { code_verifier: "" }],
    ["another verifier", { code_verifier: "x".repeat(43) }],
    ["the challenge as the verifier", { code_verifier: "challenge" }],
    ["no redirect_uri", { redirect_uri: null }],
    ["another redirect_uri", { redirect_uri: "https://evil.example/cb" }],
    ["another application", {}, portal],
    ["no application", {}, {}],
    ["a wrong secret", {}, basic("house", "another secret of at least thirty-two bytes")],
    ["an empty secret", {}, basic("house", "")],
    ["no secret", { client_id: "house" }, {}],
    [
      "the secret in the body, of one who has it in the header",
      { client_id: "house", client_secret: clients.house.secret },
      {},
    ],
    ["two ways at once", { client_id: "house", client_secret: clients.house.secret }],
    [
      "an assertion made up",
      {
        client_id: "house",
        client_assertion: "e30.e30.",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      },
      {},
    ],
    ["another code", { code: "x".repeat(32) }],
  ]
  test.each<Change>(changes)("with %s gives nothing", async (_name, change, headers = house) => {
    const { form, asking } = await getCode()
    const sent: Record<string, string> = { ...form }
    for (const [key, value] of Object.entries(change))
      if (value === null) delete sent[key]
      else sent[key] = value === "challenge" ? asking.url.searchParams.get("code_challenge")! : value
    const { status, json } = await post("/token", sent, headers)
    expect([400, 401]).toContain(status)
    expect(json).not.toHaveProperty("access_token")
    expect(json.error).toMatch(/^(invalid_(request|grant|client)|unauthorized_client)$/)
  })

  test("with a wrong verifier is told as RFC 7636 says, and is used up", async () => {
    const { form } = await getCode()
    const { status, json } = await post("/token", { ...form, code_verifier: "x".repeat(43) }, house)
    expect([status, json.error]).toEqual([400, "invalid_grant"])
    expect((await post("/token", form, house)).json.error).toBe("invalid_grant")
  })

  test("is good once, and what it gave ends when it comes again", async () => {
    const { form } = await getCode()
    const { json } = await post("/token", form, house)
    expect(await isActive(json.access_token)).toBe(true)
    expect((await post("/token", form, house)).json.error).toBe("invalid_grant")
    expect(await isActive(json.access_token)).toBe(false)
    expect((await userInfo(json.access_token)).status).toBe(401)
    expect((await refresh(json.refresh_token)).json.error).toBe("invalid_grant")
  })

  test("sent a hundred times at once is good for one at most (CVE-2026-33624, CVE-2026-1035)", async () => {
    const { form } = await getCode()
    const answers = await Promise.all(Array.from({ length: 100 }, () => post("/token", form, house)))
    // None where another of them came in time to end what the first was about to get.
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  })

  test("is good for a minute", async () => {
    const { form, person } = await getCode()
    const [{ left }] = await backend.sql(
      `select extract(epoch from "expiresAt" - now()) as left from accounts.verification where value like $1`,
      [`%authorization_code%${person.id}%`],
    )
    expect(Number(left)).toBeLessThanOrEqual(60)
    await backend.sql(`update accounts.verification set "expiresAt" = now() - interval '1 second'`)
    expect((await post("/token", form, house)).json.error).toBe("invalid_grant")
  })

  test("is worth nothing when the session has ended meanwhile", async () => {
    const { form, person } = await getCode()
    await backend.sql(`update accounts.session set "seenAt" = now() - interval '1 day' where "userId" = $1`, [
      person.id,
    ])
    expect((await post("/token", form, house)).json.error).toBe("invalid_grant")
  })
})

test.each([
  "client_credentials",
  "password",
  "implicit",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "urn:ietf:params:oauth:grant-type:device_code",
  "urn:ietf:params:oauth:grant-type:token-exchange",
])("there is no grant %s", async (grant_type) => {
  const { json, status } = await post("/token", { grant_type, scope: "openid" }, house)
  expect([status, json.error]).toEqual([400, "unsupported_grant_type"])
})

test("an application without a secret has none to send, and needs none", async () => {
  const { form } = await getCode("phone")
  expect((await post("/token", { ...form, client_id: "phone", client_secret: "x" })).json.error).toBe(
    "invalid_client",
  )
  const again = await getCode("phone")
  expect((await post("/token", { ...again.form, client_id: "phone" })).status).toBe(200)
})

test("the token endpoint takes forms, by POST", async () => {
  expect(
    (await fetch(`${backend.url}/auth/oauth2/token?grant_type=refresh_token`)).status,
  ).toBeGreaterThanOrEqual(400)
  const { form } = await getCode()
  const response = await fetch(`${backend.url}/auth/oauth2/token`, {
    method: "POST",
    headers: { ...house, "content-type": "application/json" },
    body: JSON.stringify(form),
  })
  expect(response.status).toBeGreaterThanOrEqual(400)
})

describe("a refresh token", () => {
  test("is exchanged for new ones, for the same person", async () => {
    const { tokens, config, person } = await signInFor(backend, "house")
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token!)
    expect(next.refresh_token).not.toBe(tokens.refresh_token)
    expect(next.claims()!.sub).toBe(person.id)
    expect((await userInfo(next.access_token)).json.sub).toBe(person.id)
  })

  test("that comes again ends all that came of it", async () => {
    const { tokens, config } = await signInFor(backend, "house")
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token!)
    const last = await oidc.refreshTokenGrant(config, next.refresh_token!)
    await expect(oidc.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({
      error: "invalid_grant",
    })
    expect((await refresh(last.refresh_token!)).json.error).toBe("invalid_grant")
    expect(await isActive(last.access_token)).toBe(false)
    expect(await isActive(last.refresh_token!)).toBe(false)
  })

  test("sent twenty times at once gives at most one", async () => {
    const { tokens } = await signInFor(backend, "house")
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(tokens.refresh_token!)))
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
  })

  test("that comes again while another is renewed leaves nothing", async () => {
    for (let round = 0; round < 20; round++) {
      const { tokens, config, person } = await signInFor(backend, "house")
      const next = await oidc.refreshTokenGrant(config, tokens.refresh_token!)
      const [renewed, again] = await Promise.all([
        refresh(next.refresh_token!),
        refresh(tokens.refresh_token!),
      ])
      expect(again.json.error).toBe("invalid_grant")
      if (renewed.status !== 200) expect(renewed.json.error).toBe("invalid_grant")
      const left = await backend.sql(
        `select 'refresh' as of from accounts."oauthRefreshToken" where "userId" = $1
          union all select 'access' from accounts."oauthAccessToken" where "userId" = $1`,
        [person.id],
      )
      expect([round, left]).toEqual([round, []])
    }
  })

  test("gives less where less is asked, and never more", async () => {
    const { tokens, config } = await signInFor(backend, "house", { scope: "openid offline_access" })
    for (const scope of ["openid email", "openid profile offline_access", "admin"])
      expect((await refresh(tokens.refresh_token!, house, { scope })).json.error).toBe("invalid_scope")
    const less = await oidc.refreshTokenGrant(config, tokens.refresh_token!, { scope: "openid" })
    expect(less.scope).toBe("openid")
    expect((await refresh(less.refresh_token!, house, { scope: "openid email" })).json.error).toBe(
      "invalid_scope",
    )
  })

  test("is its application's own", async () => {
    const { tokens } = await signInFor(backend, "house")
    expect((await refresh(tokens.refresh_token!, portal)).json.error).toBe("invalid_grant")
    expect(
      (
        await post("/token", {
          grant_type: "refresh_token",
          refresh_token: tokens.refresh_token!,
          client_id: "phone",
        })
      ).json.error,
    ).toBe("invalid_grant")
    expect((await refresh(tokens.refresh_token!, {} as never)).json.error).toMatch(/^invalid_/)
    expect((await refresh(tokens.refresh_token!, basic("house", "x".repeat(40)))).json.error).toBe(
      "invalid_client",
    )
    expect((await refresh(tokens.refresh_token!)).status).toBe(200)
  })

  test("is given only where offline_access was asked for and agreed to", async () => {
    const { tokens } = await signInFor(backend, "house", { scope: "openid email" })
    expect(tokens.refresh_token).toBeUndefined()
  })

  const ends: readonly (readonly [string, string])[] = [
    ["idle", `update accounts.session set "seenAt" = now() - interval '31 minutes' where "userId" = $1`],
    ["over", `update accounts.session set "expiresAt" = now() - interval '1 second' where "userId" = $1`],
    ["gone", `delete from accounts.session where "userId" = $1`],
    ["of somebody banned", `update accounts."user" set banned = true where id = $1`],
    ["without the second factor", `update accounts."user" set "twoFactorEnabled" = true where id = $1`],
  ]
  test.each(ends)(
    "ends with a session that is %s, and so do access tokens and codes (CVE-2026-22706)",
    async (_name, sql) => {
      const { tokens, person, browser, config } = await signInFor(backend, "house")
      expect(await isActive(tokens.access_token)).toBe(true)
      await backend.sql(sql, [person.id])
      expect((await refresh(tokens.refresh_token!)).json.error).toBe("invalid_grant")
      expect(await isActive(tokens.access_token)).toBe(false)
      expect(await isActive(tokens.refresh_token!)).toBe(false)
      expect((await userInfo(tokens.access_token)).status).toBe(401)
      expect((await browser.open((await askFor(config, "house")).url)).url.pathname).toBe("/auth/sign-in")
    },
  )

  test("TR-03161-3 Auth_17: ends when the person signs out, and renewing is a use of the session", async () => {
    const { tokens, person, browser, config } = await signInFor(backend, "house")
    await backend.sql(
      `update accounts.session set "seenAt" = now() - interval '20 minutes' where "userId" = $1`,
      [person.id],
    )
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token!)
    const [{ fresh }] = await backend.sql(
      `select bool_or("seenAt" > now() - interval '1 minute') as fresh from accounts.session where "userId" = $1`,
      [person.id],
    )
    expect(fresh).toBe(true)
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ")
    const headers = { cookie, origin: backend.url }
    expect((await backend.request(null, "POST", "/auth/sign-out", { body: {}, headers })).status).toBe(200)
    expect((await refresh(next.refresh_token!)).json.error).toBe("invalid_grant")
    expect((await userInfo(next.access_token)).status).toBe(401)
  })
})

describe("revocation and introspection", () => {
  test("what is revoked is over at once", async () => {
    const { tokens, config } = await signInFor(backend, "house")
    await oidc.tokenRevocation(config, tokens.access_token)
    expect(await isActive(tokens.access_token)).toBe(false)
    expect((await userInfo(tokens.access_token)).status).toBe(401)
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token!)
    await oidc.tokenRevocation(config, next.refresh_token!)
    expect((await refresh(next.refresh_token!)).json.error).toBe("invalid_grant")
    expect(await isActive(next.access_token)).toBe(false)
  })

  test("nobody revokes, or asks about, what is another's", async () => {
    const { tokens } = await signInFor(backend, "house")
    for (const token of [tokens.access_token, tokens.refresh_token!]) {
      await post("/revoke", { token }, portal)
      expect(await isActive(token, portal)).toBe(false)
      expect(await isActive(token)).toBe(true)
    }
    expect((await post("/introspect", { token: tokens.access_token })).status).toBe(401)
    expect((await post("/introspect", { token: tokens.access_token, client_id: "phone" })).status).toBe(401)
    expect(
      (await post("/introspect", { token: tokens.access_token }, basic("house", "x".repeat(40)))).status,
    ).toBe(401)
    expect((await post("/revoke", { token: tokens.access_token })).status).toBe(401)
  })

  test("revoking what is none is no error (RFC 7009, 2.2)", async () => {
    for (const token of ["x".repeat(32), "e30.e30.x", "anything"])
      expect((await post("/revoke", { token }, house)).status).toBe(200)
  })

  test("a wrong hint hides no token", async () => {
    const { tokens } = await signInFor(backend, "house")
    const token = tokens.refresh_token!
    expect((await post("/introspect", { token, token_type_hint: "access_token" }, house)).json.active).toBe(
      true,
    )
    await post("/revoke", { token, token_type_hint: "access_token" }, house)
    expect(await isActive(token)).toBe(false)
  })

  test("an application that is no longer declared has no tokens", async () => {
    const { tokens } = await signInFor(backend, "portal")
    await backend.sql(`update accounts."oauthClient" set disabled = true where "clientId" = 'portal'`)
    expect((await userInfo(tokens.access_token)).status).toBe(401)
    expect((await refresh(tokens.refresh_token!, portal)).status).toBe(401)
    await backend.sql(`update accounts."oauthClient" set disabled = false where "clientId" = 'portal'`)
    expect((await userInfo(tokens.access_token)).status).toBe(200)
  })
})

describe("signing out from an application", () => {
  const out = (config: oidc.Configuration, more: Record<string, string>) =>
    oidc.buildEndSessionUrl(config, { ...more })

  test("ends the session, its tokens, and leads where it is registered", async () => {
    const { tokens, config, browser, person } = await signInFor(backend, "portal")
    const { url, isElsewhere } = await browser.open(
      out(config, {
        id_token_hint: tokens.id_token!,
        post_logout_redirect_uri: "https://portal.example/bye",
        state: "s1",
      }),
    )
    expect([isElsewhere, url.href]).toEqual([true, "https://portal.example/bye?state=s1"])
    expect(browser.cookies.has("undercroft.session_token")).toBe(false)
    expect(
      await backend.sql(`select from accounts.session where "userId" = $1 and "expiresAt" > now()`, [
        person.id,
      ]),
    ).toHaveLength(1) // The one of signing up.
    expect((await refresh(tokens.refresh_token!, portal)).json.error).toBe("invalid_grant")
    expect((await userInfo(tokens.access_token)).status).toBe(401)
  })

  test("leads nowhere else", async () => {
    for (const uri of [
      "https://evil.example/",
      "https://portal.example/bye/",
      "https://portal.example/bye?x",
      "https://portal.example/cb",
      "javascript:alert(1)",
    ]) {
      const { tokens, config, browser } = await signInFor(backend, "portal")
      const page = await browser.open(
        out(config, { id_token_hint: tokens.id_token!, post_logout_redirect_uri: uri }),
      )
      expect([uri, page.isElsewhere]).toEqual([uri, false])
    }
  })

  test("asks first where no ID token says whose session it is, and can't be framed", async () => {
    const { config, browser, tokens } = await signInFor(backend, "portal")
    const page = await browser.open(out(config, { post_logout_redirect_uri: "https://portal.example/bye" }))
    expect(page.status).toBe(200)
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
    expect((await userInfo(tokens.access_token)).status).toBe(200)
    const done = await browser.open(new URL("/auth/oauth2/end-session/confirm", backend.url), {
      action: "confirm",
    })
    expect(done.url.href).toBe("https://portal.example/bye")
    expect((await userInfo(tokens.access_token)).status).toBe(401)
  })

  test("of somebody else is not done by their ID token in another browser", async () => {
    const [one, two] = [await signInFor(backend, "portal"), await signInFor(backend, "portal")]
    const page = await two.browser.open(out(one.config, { id_token_hint: one.tokens.id_token! }))
    expect(page.text).toContain("Confirm logout")
    expect((await userInfo(one.tokens.access_token)).status).toBe(200)
    expect((await userInfo(two.tokens.access_token)).status).toBe(200)
  })
})

describe("tokens bound to a key (RFC 9449)", () => {
  test("are good with its proof alone", async () => {
    const [config, first] = [await discover(backend, "bound"), await signInFor(backend, "house")]
    const asking = await askFor(config, "bound")
    const { url } = await first.browser.open(asking.url)
    await expect(redeem(config, url, asking)).rejects.toThrow()
    const again = await askFor(config, "bound")
    const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"))
    const stranger = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"))
    const tokens = await oidc.authorizationCodeGrant(
      config,
      (await first.browser.open(again.url)).url,
      { pkceCodeVerifier: again.verifier, expectedState: again.state, expectedNonce: again.nonce },
      undefined,
      { DPoP },
    )
    expect(tokens.token_type).toBe("dpop")
    const asked = (more?: oidc.DPoPOptions) =>
      oidc.fetchUserInfo(config, tokens.access_token, first.person.id, more)
    expect((await asked({ DPoP })).sub).toBe(first.person.id)
    await expect(asked()).rejects.toThrow()
    await expect(asked({ DPoP: stranger })).rejects.toThrow()
    await expect(oidc.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toThrow()
    await expect(
      oidc.refreshTokenGrant(config, tokens.refresh_token!, {}, { DPoP: stranger }),
    ).rejects.toThrow()
    expect((await oidc.refreshTokenGrant(config, tokens.refresh_token!, {}, { DPoP })).token_type).toBe(
      "dpop",
    )
  })
})

test("a browser that is not signed in gets no further with another's cookies", async () => {
  const { browser, config } = await signInFor(backend, "house")
  const strange = openBrowser(backend)
  // The part before the signature: what a token in a header would be.
  for (const [name, value] of browser.cookies) strange.cookies.set(name, value.split(".")[0]!)
  expect((await strange.open((await askFor(config, "house")).url)).url.pathname).toBe("/auth/sign-in")
})
