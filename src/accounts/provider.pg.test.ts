/** Signing in to other applications by OpenID Connect, as the published `openid-client` and a browser without scripts see it. */
import { createHash, createHmac } from "node:crypto"
import * as oidc from "openid-client"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import {
  addPerson,
  askFor,
  clients,
  discover,
  goThrough,
  openBrowser,
  password,
  providerDefinition,
  redeem,
  signInFor,
  startProvider,
} from "../../test/support/provider.ts"
import { startApp } from "../app.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startProvider()
})
afterAll(() => backend?.stop())

const plain = (url: URL) => `${url.origin === "null" ? url.protocol : url.origin}${url.pathname}`

describe("discovery", () => {
  test("both documents are at the issuer, and say what is done", async () => {
    for (const name of ["openid-configuration", "oauth-authorization-server"]) {
      const { json, status } = await backend.request(null, "GET", `/.well-known/${name}`)
      expect(status).toBe(200)
      expect(json).toMatchObject({
        issuer: backend.url,
        authorization_endpoint: `${backend.url}/auth/oauth2/authorize`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
        id_token_signing_alg_values_supported: ["RS256"],
        authorization_response_iss_parameter_supported: true,
      })
      expect(json).not.toHaveProperty("registration_endpoint")
      expect(json).not.toHaveProperty("pushed_authorization_request_endpoint")
    }
  })

  test("TR-03161-3 Data_5: the keys are public, long, and nothing of them can be used in the database", async () => {
    await signInFor(backend, "house")
    const { json } = await backend.request(null, "GET", "/auth/jwks")
    expect(json.keys).toHaveLength(1)
    expect(json.keys[0]).toMatchObject({ kty: "RSA", alg: "RS256" })
    expect(Buffer.from(json.keys[0].n, "base64url").length).toBe(384)
    expect(
      Object.keys(json.keys[0]).filter((one) => ["d", "p", "q", "dp", "dq", "qi"].includes(one)),
    ).toEqual([])
    const [{ row }] = await backend.sql("select to_jsonb(j)::text as row from accounts.jwks j")
    expect(row).not.toMatch(/\\?"d\\?"\s*:/)
  })
})

describe("the whole way", () => {
  test.each(["portal", "desk", "phone", "house"] as const)(
    "%s: sign in, agree, learn who it is",
    async (name) => {
      const { tokens, person, config, callback, asking } = await signInFor(backend, name)
      expect(plain(callback)).toBe(clients[name].redirectUris[0])
      expect(callback.searchParams.get("iss")).toBe(backend.url)
      expect(callback.searchParams.get("state")).toBe(asking.state)
      expect(tokens.claims()).toMatchObject({
        iss: backend.url,
        aud: name,
        sub: person.id,
        nonce: asking.nonce,
      })
      const known = await oidc.fetchUserInfo(config, tokens.access_token, person.id)
      expect(known.email).toBe(person.email)
      expect(known.name).toBe(name === "desk" ? undefined : "Ann Example")
      expect(tokens.refresh_token === undefined).toBe(name === "desk")
    },
  )

  test("TR-03161-3 Auth_19, Auth_20: an ID token holds what it must, and nothing of the person but the identifier", async () => {
    const { tokens } = await signInFor(backend, "portal")
    const [header, payload] = tokens
      .id_token!.split(".")
      .slice(0, 2)
      .map((one) => JSON.parse(Buffer.from(one, "base64url").toString()))
    expect(Object.keys(header).toSorted()).toEqual(["alg", "kid"])
    const fields = ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"]
    expect(Object.keys(payload).toSorted()).toEqual(fields)
    expect(payload.exp - payload.iat).toBe(600)
    expect([payload.acr, payload.amr]).toEqual(["one-factor", ["pwd"]])
    const { json } = await backend.request(null, "GET", "/.well-known/openid-configuration")
    expect(json.acr_values_supported).toEqual(["one-factor", "two-factor"])
    expect(json.claims_supported).toEqual(expect.arrayContaining(["acr", "amr", "auth_time"]))
    expect(Object.keys(tokens).toSorted()).toEqual([
      "access_token",
      "expires_at",
      "expires_in",
      "id_token",
      "refresh_token",
      "scope",
      "token_type",
    ])
  })

  test("a person who is deleted takes all of it along", async () => {
    const { person } = await signInFor(backend, "portal")
    await backend.sql(`delete from accounts."user" where id = $1`, [person.id])
    for (const table of ["oauthAccessToken", "oauthRefreshToken", "oauthConsent", "session"])
      expect(await backend.sql(`select from accounts."${table}" where "userId" = $1`, [person.id])).toEqual(
        [],
      )
  })

  test("nothing that was given out is in the database", async () => {
    const { tokens, callback, config } = await signInFor(backend, "portal")
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token!)
    const { url } = await goThrough(
      openBrowser(backend),
      (await askFor(config, "portal")).url,
      (await addPerson(backend)).email,
    )
    const secrets = [tokens, next].flatMap((one) => [one.access_token, one.refresh_token!, one.id_token!])
    secrets.push(callback.searchParams.get("code")!, url.searchParams.get("code")!, clients.portal.secret)
    const tables = await backend.sql(
      "select relname as name from pg_class where relnamespace = 'accounts'::regnamespace and relkind = 'r'",
    )
    expect(tables.length).toBeGreaterThan(8)
    for (const { name } of tables)
      for (const { row } of await backend.sql(`select to_jsonb(t)::text as row from accounts."${name}" t`))
        for (const secret of secrets) expect(row.includes(secret)).toBe(false)
    // The canary: what is there is found this way.
    const hash = createHash("sha256").update(next.access_token).digest("hex")
    const found = await backend.sql(`select to_jsonb(t)::text as row from accounts."oauthAccessToken" t`)
    expect(found.some(({ row }) => row.includes(hash))).toBe(true)
  })

  test("who has agreed is not asked again, unless for more", async () => {
    const config = await discover(backend, "portal")
    const [person, browser] = [await addPerson(backend), openBrowser(backend)]
    const less = await askFor(config, "portal", { scope: "openid" })
    expect((await goThrough(browser, less.url, person.email)).isElsewhere).toBe(true)
    expect((await browser.open((await askFor(config, "portal", { scope: "openid" })).url)).isElsewhere).toBe(
      true,
    )
    const more = await browser.open((await askFor(config, "portal", { scope: "openid email" })).url)
    expect(more.url.pathname).toBe("/auth/consent")
    // What one application may know, another may not.
    const other = await browser.open((await askFor(await discover(backend, "desk"), "desk")).url)
    expect(other.url.pathname).toBe("/auth/consent")
  })

  test("who refuses is sent back with access_denied, and nothing else", async () => {
    const config = await discover(backend, "portal")
    const [person, browser, asking] = [
      await addPerson(backend),
      openBrowser(backend),
      await askFor(config, "portal"),
    ]
    await browser.open(asking.url)
    const page = await browser.open((await browser.open(asking.url)).url, { email: person.email, password })
    const { url } = await browser.open(page.url, { decision: "refuse" })
    expect(plain(url)).toBe(clients.portal.redirectUris[0])
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      error: "access_denied",
      state: asking.state,
      iss: backend.url,
    })
    expect(url.searchParams.has("code")).toBe(false)
    await expect(redeem(config, url, asking)).rejects.toMatchObject({ error: "access_denied" })
  })
})

describe("prompt and max_age", () => {
  const signedIn = async () => {
    const { config, browser, person } = await signInFor(backend, "portal")
    const open = async (changes: Record<string, string>, at = browser) =>
      at.open((await askFor(config, "portal", changes)).url)
    return { browser, person, config, open }
  }

  test("none never shows a page", async () => {
    const { open } = await signedIn()
    expect((await open({ prompt: "none" })).url.searchParams.has("code")).toBe(true)
    const nobody = await open({ prompt: "none" }, openBrowser(backend))
    expect(nobody.isElsewhere).toBe(true)
    expect(nobody.url.searchParams.get("error")).toBe("login_required")
    const { open: openDesk } = {
      open: async () =>
        (await signedIn()).browser.open(
          (await askFor(await discover(backend, "desk"), "desk", { prompt: "none" })).url,
        ),
    }
    expect((await openDesk()).url.searchParams.get("error")).toBe("consent_required")
  })

  test("login asks for the password again, and makes another session", async () => {
    const { open, browser, person } = await signedIn()
    const before = browser.cookies.get("undercroft.session_token")
    const page = await open({ prompt: "login" })
    expect(page.url.pathname).toBe("/auth/sign-in")
    expect((await browser.open(page.url, { email: person.email, password: "wrong password" })).status).toBe(
      401,
    )
    const { url } = await browser.open(page.url, { email: person.email, password })
    expect(url.searchParams.has("code")).toBe(true)
    expect(browser.cookies.get("undercroft.session_token")).not.toBe(before)
  })

  test("consent asks again, and login can't be taken out of what was signed", async () => {
    const { open, browser } = await signedIn()
    expect((await open({ prompt: "consent" })).url.pathname).toBe("/auth/consent")
    const page = await open({ prompt: "login" })
    page.url.searchParams.delete("prompt")
    page.url.pathname = "/auth/consent"
    const refused = await browser.open(page.url, { decision: "allow" })
    expect([refused.status, refused.isElsewhere]).toEqual([400, false])
  })

  test("max_age asks again where that is too long ago, and the ID token says when it was", async () => {
    const { open, browser, person, config } = await signedIn()
    expect((await open({ max_age: "600" })).isElsewhere).toBe(true)
    await backend.sql(
      `update accounts.session set "createdAt" = now() - interval '20 minutes' where "userId" = $1`,
      [person.id],
    )
    const asking = await askFor(config, "portal", { max_age: "600" })
    const page = await browser.open(asking.url)
    expect(page.url.pathname).toBe("/auth/sign-in")
    const { url } = await browser.open(page.url, { email: person.email, password })
    const tokens = await redeem(config, url, asking)
    expect(Number(tokens.claims()!.auth_time)).toBeGreaterThan(Date.now() / 1000 - 60)
  })
})

describe("the pages", () => {
  test("run no script, can't be framed, and send their forms to nobody else", async () => {
    const config = await discover(backend, "portal")
    const [person, browser] = [await addPerson(backend), openBrowser(backend)]
    const signIn = await browser.open((await askFor(config, "portal")).url)
    const consent = await browser.open(signIn.url, { email: person.email, password })
    for (const { headers, text } of [signIn, consent]) {
      const policy = headers.get("content-security-policy")!
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("form-action 'self' https://portal.example;")
      expect(policy).not.toContain("script-src")
      expect(headers.get("x-frame-options")).toBe("DENY")
      expect(headers.get("cache-control")).toContain("no-store")
      expect(text).not.toMatch(/<script|javascript:|https?:\/\//)
      expect(text).toContain("The &#60;Portal&#62;")
      const style = createHash("sha256")
        .update(/<style>([^<]*)<\/style>/.exec(text)![1]!)
        .digest("base64")
      expect(policy).toContain(style)
    }
    expect(consent.text).toContain(person.email)
    for (const [, id] of signIn.text.matchAll(/<input id="(\w+)"/g))
      expect(signIn.text).toContain(`<label for="${id}"`)
  })

  test("another site's page can't sign anybody in, nor agree for them", async () => {
    const { browser, config, person } = await signInFor(backend, "house")
    const page = await browser.open((await askFor(await discover(backend, "portal"), "portal")).url)
    expect(page.url.pathname).toBe("/auth/consent")
    const login = await openBrowser(backend).open((await askFor(config, "house")).url)
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1"]) {
      const agreed = await browser.open(page.url, { decision: "allow" }, { origin })
      expect([agreed.status, agreed.isElsewhere]).toEqual([403, false])
      const strange = openBrowser(backend)
      expect((await strange.open(login.url, { email: person.email, password }, { origin })).status).toBe(403)
      expect(strange.cookies.size).toBe(0)
    }
  })

  test("agreeing to what was not asked, or was changed on the way, is refused", async () => {
    const { browser } = await signInFor(backend, "house")
    const config = await discover(backend, "portal")
    const page = await browser.open((await askFor(config, "portal", { scope: "openid" })).url)
    for (const [key, value] of [
      ["scope", "openid email"],
      ["client_id", "desk"],
      ["redirect_uri", "https://portal.example/other?fixed=1"],
      ["redirect_uri", "https://evil.example/"],
      ["exp", "9999999999"],
      ["state", "another"],
      ["code_challenge", "x".repeat(43)],
      ["sig", "AAAA"],
    ] as const) {
      const changed = new URL(page.url)
      changed.searchParams.set(key, value)
      const answer = await browser.open(changed, { decision: "allow" })
      expect([key, answer.status, answer.isElsewhere]).toEqual([key, 400, false])
    }
    expect((await browser.open(page.url, { decision: "allow" })).url.searchParams.has("code")).toBe(true)
  })

  test("without an application that asks, nobody signs in", async () => {
    const person = await addPerson(backend)
    for (const query of ["", "?client_id=nobody", "?client_id=house"]) {
      const browser = openBrowser(backend)
      const answer = await browser.open(`${backend.url}/auth/sign-in${query}`, {
        email: person.email,
        password,
      })
      expect([query, answer.status, answer.isElsewhere]).toEqual([query, 400, false])
      expect(browser.cookies.size).toBe(0)
    }
  })

  test("an administrator in a person's place gets nothing of other applications", async () => {
    const { browser, person, config, tokens } = await signInFor(backend, "house")
    await backend.sql(
      `update accounts.session set "impersonatedBy" = gen_random_uuid() where "userId" = $1`,
      [person.id],
    )
    await expect(oidc.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({
      error: "invalid_grant",
    })
    expect((await browser.open((await askFor(config, "house")).url)).url.pathname).toBe("/auth/sign-in")
  })

  test("nobody who is not signed in can agree", async () => {
    const { browser } = await signInFor(backend, "house")
    const page = await browser.open((await askFor(await discover(backend, "portal"), "portal")).url)
    const answer = await openBrowser(backend).open(page.url, { decision: "allow" })
    expect(answer.url.pathname).toBe("/auth/sign-in")
  })

  test("a half-finished second factor gives no code, a finished one does (GHSA-xg6x-h9c9-2m83)", async () => {
    const [person, browser, config] = [
      await addPerson(backend),
      openBrowser(backend),
      await discover(backend, "house"),
    ]
    const code = await switchOnSecondFactor(person.email)
    // As if the half-minute in which it was switched on, whose code counts once, were over.
    await backend.sql(`update accounts."twoFactor" set "lastStep" = 0 where "userId" = $1`, [person.id])
    const asking = await askFor(config, "house")
    const login = await browser.open(asking.url)
    const page = await browser.open(login.url, { email: person.email, password })
    expect([page.isElsewhere, page.url.pathname]).toEqual([false, "/auth/sign-in"])
    expect(page.text).toContain('name="code"')
    expect((await browser.open(asking.url)).url.pathname).toBe("/auth/sign-in")
    const wrong = await browser.open(login.url, { code: "000000" })
    expect([wrong.status, wrong.isElsewhere]).toEqual([401, false])
    const stranger = await openBrowser(backend).open(login.url, { code: code() })
    expect([stranger.status, stranger.isElsewhere]).toEqual([401, false])
    expect(
      await backend.sql(`select from accounts.verification where value like $1`, [
        `%authorization_code%${person.id}%`,
      ]),
    ).toEqual([])
    const { url } = await browser.open(login.url, { code: code() })
    const tokens = await redeem(config, url, asking)
    const told = { sub: person.id, acr: "two-factor", amr: ["otp", "mfa"] }
    expect(tokens.claims()).toMatchObject(told)
    expect((await oidc.refreshTokenGrant(config, tokens.refresh_token!)).claims()).toMatchObject(told)
    // A session that proved one factor, from before the second was switched on, is asked for both.
    await backend.sql(`update accounts.session set assurance = 'one-factor' where "userId" = $1`, [person.id])
    expect((await browser.open((await askFor(config, "house")).url)).url.pathname).toBe("/auth/sign-in")
  })
})

/** As an authenticator app does; gives what it shows now. */
async function switchOnSecondFactor(email: string): Promise<() => string> {
  const call = async (path: string, body: object, token?: string) =>
    (
      await backend.request(null, "POST", `/auth${path}`, {
        body,
        headers: token ? { authorization: `Bearer ${token}` } : {},
      })
    ).json
  const { token } = await call("/sign-in/email", { email, password })
  const { totpURI } = await call("/two-factor/enable", { password }, token)
  const secret = new URL(totpURI).searchParams.get("secret")!
  const bits = [...secret].map((one) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0"),
  )
  const key = Buffer.from(
    bits
      .join("")
      .match(/.{8}/g)!
      .map((one) => Number.parseInt(one, 2)),
  )
  const code = (): string => {
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
    const mac = createHmac("sha1", key).update(time).digest()
    return String((mac.readUInt32BE(mac.at(-1)! & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0")
  }
  await call("/two-factor/verify-totp", { code: code() }, token)
  return code
}

describe("what is declared", () => {
  test("keys are changed in time, and old ones still check what they signed", async () => {
    const { tokens, config, browser } = await signInFor(backend, "house")
    await backend.sql(`update accounts.jwks set "expiresAt" = now() - interval '1 second'`)
    const asking = await askFor(config, "house")
    const next = await redeem(config, (await browser.open(asking.url)).url, asking)
    const kid = (token: string) => JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).kid
    expect(kid(next.id_token!)).not.toBe(kid(tokens.id_token!))
    const { json } = await backend.request(null, "GET", "/auth/jwks")
    expect(json.keys.map((one: { kid: string }) => one.kid).toSorted()).toEqual(
      [kid(tokens.id_token!), kid(next.id_token!)].toSorted(),
    )
    const [{ left }] = await backend.sql(
      `select max(extract(epoch from "expiresAt" - now()) / 86400)::int as left from accounts.jwks`,
    )
    expect(left).toBe(90)
    await backend.sql(
      `update accounts.jwks set "expiresAt" = now() - interval '31 days' where "expiresAt" < now()`,
    )
    const later = await backend.request(null, "GET", "/auth/jwks")
    expect(later.json.keys.map((one: { kid: string }) => one.kid)).toEqual([kid(next.id_token!)])
  })

  test("with another secret there is another key, and what the old one encrypted is not told any more", async () => {
    const { tokens } = await signInFor(backend, "house")
    const app = await startApp(providerDefinition(Object.values(clients)), {
      host: "127.0.0.1",
      port: 0,
      directory: "",
      databaseUrl: backend.adminUrl,
      secret: "another secret of at least thirty-two bytes",
    })
    const other = await signInFor({ ...backend, url: app.url }, "house")
    const kid = (token: string) => JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).kid
    const { keys } = (await (await fetch(`${app.url}/auth/jwks`)).json()) as { keys: { kid: string }[] }
    expect(keys.map((one) => one.kid)).toEqual([kid(other.tokens.id_token!)])
    expect(kid(other.tokens.id_token!)).not.toBe(kid(tokens.id_token!))
    await app.stop()
    await backend.sql(`delete from accounts.jwks where id = $1`, [kid(other.tokens.id_token!)])
  })

  test("another definition is what counts from its start on: clients that left are refused", async () => {
    const { tokens, browser, config } = await signInFor(backend, "portal")
    const moved = { ...clients.portal, redirectUris: ["https://portal.example/moved"] }
    const app = await startApp(providerDefinition([clients.house, moved]), {
      host: "127.0.0.1",
      port: 0,
      directory: "",
      databaseUrl: backend.adminUrl,
      secret: "a secret of at least thirty-two bytes",
    })
    const rows = () =>
      backend.sql(
        `select "clientId" as id, disabled, "redirectUris"::text as uris from accounts."oauthClient" order by 1`,
      )
    expect((await fetch(`${app.url}/auth/ok`)).status).toBe(200)
    expect((await rows()).filter((one) => !one.disabled).map((one) => one.id)).toEqual(["house", "portal"])
    expect((await rows()).find((one) => one.id === "portal").uris).toContain("/moved")
    const gone = await openBrowser(backend).open((await askFor(await discover(backend, "desk"), "desk")).url)
    expect(gone.url.searchParams.get("error")).toBe("client_disabled")
    await app.stop()
    expect(tokens.access_token).toBeDefined()
    expect((await browser.open((await askFor(config, "portal")).url)).isElsewhere).toBe(false)
  })
})
