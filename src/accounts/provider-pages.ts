/** The pages on which people sign in for another application, and agree: plain HTML that runs no script and asks for nothing else. */
import { escapeHtml } from "../base/escape-html.ts"
import { plainPage } from "../base/plain-page.ts"
import { hashOf } from "../base/script-page.ts"
import type { ProviderScope } from "./provider-settings.ts"
import { otherButtons, passkeyButton, type SignInWays } from "./provider-ways.ts"

const style = `*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:1rem/1.5 system-ui,sans-serif;background:#f4f5f7;color:#16181d}
main{width:100%;max-width:24rem;padding:2rem;background:#fff;border:1px solid #d5d8de;border-radius:.5rem}
h1{margin:0 0 1rem;font-size:1.25rem}
label{display:block;margin:.75rem 0 .25rem}
input,button{width:100%;padding:.6rem;font:inherit;border-radius:.3rem;border:1px solid #737a87;background:#fff;color:inherit}
button{margin-top:1rem;border-color:#174ea6;background:#174ea6;color:#fff;cursor:pointer}
button.quiet{background:#fff;color:#174ea6}
:focus-visible{outline:3px solid #f2a33a;outline-offset:2px}
.wrong{padding:.5rem .75rem;border-left:4px solid #b3261e;background:#fdecea}
@media (prefers-color-scheme:dark){body{background:#101216;color:#e7e9ee}main{background:#1a1d23;border-color:#3a404b}
input{background:#101216}button.quiet{background:#1a1d23;color:#9dbcf5;border-color:#9dbcf5}.wrong{background:#3b1715}}`

/** A page's Content-Security-Policy. A form's answer may lead to the application: browsers hold `form-action` against that, too. */
export function pagePolicy(targets: readonly string[], more: readonly string[] = []): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...more,
    `form-action ${["'self'", ...targets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

interface PageParts {
  /** The backend's name. */
  readonly name: string
  /** What went wrong. */
  readonly wrong?: string | undefined
}

/** Asks for e-mail address and password, and offers the other ways in. */
export function signInPage({
  name,
  wrong,
  client,
  ways,
  query,
}: PageParts & { readonly client: string; readonly ways: SignInWays; readonly query: string }): string {
  return page(
    `Sign in to ${name}`,
    wrong,
    `<p>${escapeHtml(client)} asks who you are.</p>
${ways.password ? passwordForm : ""}
${otherButtons(ways)}
${passkeyButton(ways, query)}`,
  )
}

const passwordForm = `<form method="post">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button>
</form>`

/** Asks for the second factor. */
export function secondFactorPage({
  name,
  wrong,
  ways,
  query,
}: PageParts & { readonly ways: SignInWays; readonly query: string }): string {
  return page(
    `Sign in to ${name}`,
    wrong,
    `<form method="post">
<label for="code">Code of your authenticator app, or a recovery code</label>
<input id="code" name="code" autocomplete="one-time-code" spellcheck="false" required autofocus>
<button>Sign in</button>
</form>
${passkeyButton(ways, query)}`,
  )
}

const told: Readonly<Record<ProviderScope, string>> = {
  openid: "who you are here",
  profile: "your name and picture",
  email: "your e-mail address",
  offline_access: "and to stay signed in while you are signed in here",
}

/** Asks whether an application may know. */
export function consentPage({
  name,
  client,
  person,
  scopes,
}: PageParts & {
  readonly client: string
  readonly person: string
  readonly scopes: readonly ProviderScope[]
}): string {
  return page(
    `Allow ${client}?`,
    undefined,
    `<p>You are signed in to ${escapeHtml(name)} as ${escapeHtml(person)}. ${escapeHtml(client)} asks to know:</p>
<ul>${scopes.map((one) => `<li>${told[one]}</li>`).join("")}</ul>
<form method="post">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="refuse" class="quiet">Refuse</button>
</form>`,
  )
}

/** Leads to another provider. Not by a redirection: browsers hold those of a form against the policy of its page. */
export function leavePage({ name, to }: { readonly name: string; readonly to: string }): string {
  const link = escapeHtml(to)
  return page(
    `Sign in to ${name}`,
    undefined,
    `<meta http-equiv="refresh" content="0;url=${link}">\n<p><a href="${link}">Go on</a></p>`,
  )
}

/** Says that nothing can be done here. */
export function stopPage({ name, wrong }: PageParts): string {
  return page(name, wrong, "<p>Go back to the application and begin again.</p>")
}

function page(title: string, wrong: string | undefined, body: string): string {
  const told = wrong === undefined ? "" : `<p class="wrong" role="alert">${escapeHtml(wrong)}</p>\n`
  return plainPage({ title, style, body: told + body })
}
