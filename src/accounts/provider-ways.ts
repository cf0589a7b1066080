/** The ways in that the provider's page to sign in offers, beside address and password: other providers, and passkeys. */
import { createHash } from "node:crypto"
import { escapeHtml } from "../base/escape-html.ts"
import { knownIssuers } from "./oauth-settings.ts"
import type { AccountSettings } from "./settings.ts"

export interface SignInWays {
  readonly password: boolean
  readonly passkeys: boolean
  /** Whether a forgotten password can be replaced by mail. */
  readonly mail: boolean
  readonly others: readonly { readonly id: string; readonly name: string }[]
}

/** The ways that a definition switches on. */
export function signInWays(settings: AccountSettings, mail: boolean = false): SignInWays {
  const { password = false, passkeys = false, oauth = {}, saml = {} } = settings
  const github = oauth.github ? [{ id: "github", name: "GitHub" }] : []
  const samls = Object.entries(saml).map(([id, { name }]) => ({ id, name }))
  return { password, passkeys, mail, others: [...knownIssuers(oauth), ...github, ...samls] }
}

/** Asks the browser for a passkey, and goes where the answer leads. Where there are none the button stays hidden. */
const script = `const button = document.getElementById("passkey")
const wrong = document.getElementById("passkey-wrong")
if (globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) button.hidden = false
button.addEventListener("click", async () => {
  wrong.hidden = true
  try {
    const options = await (await fetch("/auth/passkey/generate-authenticate-options")).json()
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
    const response = (await navigator.credentials.get({ publicKey })).toJSON()
    const answer = await fetch("/auth/passkey/verify-authentication", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ response, oauth_query: button.dataset.query }),
    })
    const { url } = await answer.json()
    if (!answer.ok || typeof url !== "string") throw new Error("refused")
    location.assign(url)
  } catch {
    wrong.hidden = false
  }
})`

const scriptHash = createHash("sha256").update(script).digest("base64")

/** What a page's Content-Security-Policy allows for the button. */
export const passkeyPolicy: readonly string[] = [`script-src 'sha256-${scriptHash}'`, "connect-src 'self'"]

/** The button for passkeys, with what the application asks; empty where there are none. */
export function passkeyButton({ passkeys }: SignInWays, query: string): string {
  if (!passkeys) return ""
  return `<button id="passkey" type="button" class="quiet" data-query="${escapeHtml(query)}" hidden>Use a passkey</button>
<p id="passkey-wrong" class="wrong" role="alert" hidden>That passkey was not accepted.</p>
<script>${script}</script>`
}

/** A button for each other provider. */
export function otherButtons({ others }: SignInWays): string {
  if (others.length === 0) return ""
  const buttons = others.map(
    ({ id, name }) =>
      `<button name="provider" value="${escapeHtml(id)}" class="quiet">Sign in with ${escapeHtml(name)}</button>`,
  )
  return `<form method="post">\n${buttons.join("\n")}\n</form>`
}
