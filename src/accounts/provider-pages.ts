/** The pages on which people sign in for another application, and agree: plain HTML that runs no script and asks for nothing else. */
import { escapeHtml } from "../base/escape-html.ts"
import { page } from "./account-page.ts"
import { forgotPath } from "./password-pages.ts"
import type { ProviderScope } from "./provider-settings.ts"
import { otherButtons, passkeyButton, type SignInWays } from "./provider-ways.ts"

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
${ways.password && ways.mail ? `<p><a href="${forgotPath}">Forgot your password?</a></p>` : ""}
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
