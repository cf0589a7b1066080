/** The pages on which a forgotten password is replaced, for backends whose team has made none: plain HTML without a script. */
import { page } from "./account-page.ts"

/** Where somebody asks for the mail. */
export const forgotPath = "/auth/forgot-password"

/** Where the link in the mail leads. */
export const newPasswordPath = "/auth/new-password"

/** Asks for the address. */
export function forgotPage(wrong?: string): string {
  return page(
    "Forgot your password?",
    wrong,
    `<p>We send you a mail with a link, by which you choose a new one.</p>
<form method="post">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus>
<button>Send the mail</button>
</form>`,
  )
}

/** Says the same whether there is such an account. */
export function sentPage(): string {
  return page(
    "Look into your mail",
    undefined,
    "<p>If there is an account with this address, a mail with a link is on its way. The link is good once, for half an hour.</p>",
  )
}

/** Asks for the new password. */
export function newPasswordPage(wrong?: string): string {
  return page(
    "Choose a new password",
    wrong,
    `<p>Eight characters or more; a few words in a row are good.</p>
<form method="post">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required autofocus>
<button>Use this password</button>
</form>`,
  )
}

/** Says that the password is replaced. */
export function replacedPage(): string {
  return page(
    "Your password is replaced",
    undefined,
    "<p>Everybody was signed out of your account. Go back to where you wanted to sign in, and use the new password.</p>",
  )
}

/** Says that the link leads nowhere any more. */
export function badLinkPage(): string {
  return page(
    "Choose a new password",
    "This link is good no more.",
    `<p>It works once, for half an hour. <a href="${forgotPath}">Ask for another</a></p>`,
  )
}
