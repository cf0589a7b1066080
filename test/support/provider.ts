/** A backend that is an OpenID Connect provider, with applications of several kinds, and a browser without scripts to go through it. */
import { type OutgoingHttpHeaders, request } from "node:http"
import * as oidc from "openid-client"
import type { ProviderClient } from "../../src/accounts/provider-settings.ts"
import type { BackendDefinition } from "../../src/backend.ts"
import { defineBackend, entity, text } from "../../src/index.ts"
import { startTestBackend, type TestBackend } from "./backend.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({}))

const all = ["openid", "profile", "email", "offline_access"] as const

/** The applications: with a server (secret by header and by body), on a phone, one that is not asked about, one with keys. */
export const clients = {
  portal: {
    id: "portal",
    name: "The <Portal>",
    secret: "portal's secret of at least thirty-two bytes",
    redirectUris: ["https://portal.example/cb", "https://portal.example/other?fixed=1"],
    postLogoutRedirectUris: ["https://portal.example/bye"],
    scopes: all,
  },
  desk: {
    id: "desk",
    name: "Desk",
    secret: "desk's secret of at least thirty-two bytes!",
    authentication: "post",
    redirectUris: ["https://desk.example/cb"],
    scopes: ["openid", "email"],
  },
  phone: {
    id: "phone",
    name: "Phone",
    redirectUris: ["org.example.phone:/cb", "http://127.0.0.1:7777/cb"],
    scopes: all,
  },
  house: {
    id: "house",
    name: "House",
    secret: "house's secret of at least thirty-two bytes",
    redirectUris: ["https://house.example/cb"],
    scopes: all,
    trusted: true,
  },
  bound: {
    id: "bound",
    name: "Bound",
    redirectUris: ["https://bound.example/cb"],
    scopes: all,
    trusted: true,
    dpop: true,
  },
} as const

export type ClientName = keyof typeof clients
export const password = "correct horse battery"

export function providerDefinition(declared: readonly ProviderClient[]): BackendDefinition {
  return defineBackend({
    name: "clinic",
    model: [Note],
    accounts: { password: true, signUp: "open", twoFactor: true, provider: { clients: declared } },
  })
}

export function startProvider(): Promise<TestBackend> {
  return startTestBackend(providerDefinition(Object.values(clients)), {
    secret: "a secret of at least thirty-two bytes",
  })
}

/** `openid-client`, set up from the provider's own document. */
export function discover(backend: TestBackend, name: ClientName): Promise<oidc.Configuration> {
  const client: (typeof clients)[ClientName] = clients[name]
  const secret = "secret" in client ? client.secret : undefined
  const method =
    secret === undefined
      ? oidc.None()
      : "authentication" in client
        ? oidc.ClientSecretPost(secret)
        : oidc.ClientSecretBasic(secret)
  return oidc.discovery(new URL(backend.url), client.id, { use_mtls_endpoint_aliases: false }, method, {
    execute: [oidc.allowInsecureRequests],
  })
}

/** What a browser shows, or where it was sent. */
export interface Page {
  readonly url: URL
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** True where the browser was sent to another host. */
  readonly isElsewhere: boolean
}

export interface Browser {
  readonly cookies: Map<string, string>
  /** Follows redirects until a page is shown, or another host is asked. */
  open(
    url: URL | string,
    form?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Page>
}

export function openBrowser(backend: TestBackend): Browser {
  const home = new URL(backend.url)
  const cookies = new Map<string, string>()
  return {
    cookies,
    async open(start, form, extra = {}) {
      let url = new URL(start)
      let body = form && new URLSearchParams(form).toString()
      for (let steps = 0; steps < 10; steps++) {
        const response = await send(url, body, {
          accept: "text/html",
          "sec-fetch-mode": "navigate",
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
          ...(body === undefined
            ? {}
            : { origin: home.origin, "content-type": "application/x-www-form-urlencoded" }),
          ...extra,
        })
        for (const one of response.headers.getSetCookie()) keep(cookies, one)
        const location = response.headers.get("location")
        const page = { status: response.status, headers: response.headers, text: response.text }
        if (location === null) return { ...page, url, isElsewhere: false }
        url = new URL(location, url)
        if (url.origin !== home.origin) return { ...page, url, isElsewhere: true }
        body = undefined
      }
      throw new Error("redirects in a circle")
    },
  }
}

/** As a browser navigates: `fetch` would say of itself that it is a script. */
function send(url: URL, body: string | undefined, headers: OutgoingHttpHeaders) {
  return new Promise<{ status: number; headers: Headers; text: string }>((resolve, reject) => {
    const sent = request(url, { method: body === undefined ? "GET" : "POST", headers }, async (answer) => {
      const parts: Buffer[] = []
      for await (const part of answer) parts.push(part)
      const found = new Headers()
      for (let at = 0; at < answer.rawHeaders.length; at += 2)
        found.append(answer.rawHeaders[at]!, answer.rawHeaders[at + 1]!)
      resolve({ status: answer.statusCode!, headers: found, text: Buffer.concat(parts).toString() })
    })
    sent.on("error", reject)
    sent.end(body)
  })
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = "", ...attributes] = line.split(";")
  const at = pair.indexOf("=")
  const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  if (value === "" || attributes.some((one) => /^\s*max-age=0\s*$/i.test(one))) cookies.delete(name)
  else cookies.set(name, value)
}

let counter = 0
/** Makes an account; gives its e-mail address and identifier. */
export async function addPerson(
  backend: TestBackend,
): Promise<{ readonly email: string; readonly id: string }> {
  const email = `person${++counter}@example.org`
  const { json } = await backend.request(null, "POST", "/auth/sign-up/email", {
    body: { email, name: "Ann Example", password },
  })
  return { email, id: json.user.id }
}

/** An authorization request as an application makes it, with what it must remember. */
export interface Asking {
  readonly url: URL
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

/** `changes` replaces parameters; null leaves one out. */
export async function askFor(
  config: oidc.Configuration,
  name: ClientName,
  changes: Readonly<Record<string, string | null>> = {},
): Promise<Asking> {
  const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()]
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: clients[name].redirectUris[0],
    scope: clients[name].scopes.join(" "),
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  })
  for (const [key, value] of Object.entries(changes))
    if (value === null) url.searchParams.delete(key)
    else url.searchParams.set(key, value)
  return { url, verifier, state, nonce }
}

/** Goes where the application sends the browser, signs in and agrees where asked, and gives the address it was sent to. */
export async function goThrough(browser: Browser, url: URL, email: string): Promise<Page> {
  let page = await browser.open(url)
  if (page.url.pathname === "/auth/sign-in") page = await browser.open(page.url, { email, password })
  if (page.url.pathname === "/auth/consent") page = await browser.open(page.url, { decision: "allow" })
  return page
}

export interface SignedIn {
  readonly config: oidc.Configuration
  readonly browser: Browser
  readonly person: { readonly email: string; readonly id: string }
  readonly tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers
  /** The address with the code, which is used up. */
  readonly callback: URL
  readonly asking: Asking
}

/** The whole way, for somebody new. */
export async function signInFor(
  backend: TestBackend,
  name: ClientName,
  changes: Readonly<Record<string, string | null>> = {},
): Promise<SignedIn> {
  const [config, person, browser] = [
    await discover(backend, name),
    await addPerson(backend),
    openBrowser(backend),
  ]
  const asking = await askFor(config, name, changes)
  const { url } = await goThrough(browser, asking.url, person.email)
  const tokens = await redeem(config, url, asking)
  return { config, browser, person, tokens, callback: url, asking }
}

export function redeem(config: oidc.Configuration, callback: URL, { verifier, state, nonce }: Asking) {
  return oidc.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  })
}
