/** The ways in beside passwords, each with what it needs: what better-auth is told of mail, factors and passkeys. */
import { createHmac } from "node:crypto"
import { getCurrentAuthContext } from "@better-auth/core/context"
import type { BetterAuthOptions } from "better-auth"
import { emailOTP, magicLink } from "better-auth/plugins"
import type { BetterAuthPlugin } from "better-auth/types"
import type { UndercroftError } from "../base/errors.ts"
import { emailChange } from "./email-change.ts"
import { lastWay } from "./last-way.ts"
import type { Post } from "./mail.ts"
import { mailTexts } from "./mail-texts.ts"
import { normalEmails } from "./normal-emails.ts"
import { changeNotices, deviceNotices, tell } from "./notices.ts"
import { oauth, tokenPaths } from "./oauth.ts"
import { passkeys } from "./passkeys.ts"
import { newPasswordPath } from "./password-pages.ts"
import { proveByReset, provenOwners } from "./proven-owners.ts"
import { saml } from "./saml.ts"
import { knownSaml } from "./saml-provider.ts"
import { secondFactor } from "./second-factor.ts"
import type { AccountSettings } from "./settings.ts"
import { undo } from "./undo.ts"

export interface WaysInParts {
  readonly name: string
  readonly settings: AccountSettings
  readonly url: string
  readonly secret: string
  /** Null: there is nobody who could send a mail. */
  readonly post: Post | null
  readonly tell: (error: UndercroftError) => void
}

/** Routes of better-auth's plugins that nothing here needs: what is not there can't be attacked. */
export const closedPaths: readonly string[] = [
  "/email-otp/check-verification-otp",
  "/email-otp/verify-email",
  "/email-otp/request-password-reset",
  "/email-otp/reset-password",
  "/forget-password/email-otp",
  "/email-otp/request-email-change",
  "/email-otp/change-email",
  "/two-factor/send-otp",
  "/two-factor/verify-otp",
  // A secret is shown once, when it is made.
  "/two-factor/get-totp-uri",
  ...tokenPaths,
]

/** The settings of what goes by mail. */
export function mailOptions({ name, settings, post }: WaysInParts): Pick<
  BetterAuthOptions,
  "emailVerification"
> & {
  readonly password: Partial<NonNullable<BetterAuthOptions["emailAndPassword"]>>
} {
  if (post === null) return { password: {} }
  const texts = mailTexts(name)
  return {
    password: {
      requireEmailVerification: settings.verifyEmail ?? false,
      resetPasswordTokenExpiresIn: 30 * 60,
      // Whoever asked without saying where the link shall lead has no page of their own.
      sendResetPassword: async ({ user, url: link }) =>
        post.send(() =>
          texts.reset(
            user.email,
            link.replace(/\?callbackURL=$/, `$&${encodeURIComponent(newPasswordPath)}`),
          ),
        ),
      onExistingUserSignUp: async ({ user }) => post.send(() => texts.exists(user.email)),
      onPasswordReset: async ({ user }) => {
        const { context } = await getCurrentAuthContext()
        await proveByReset(settings, user)
        tell({ post, texts }, context, user, "Your password was replaced, and all your sessions have ended.")
      },
    },
    emailVerification: {
      expiresIn: 3600,
      autoSignInAfterVerification: false,
      sendOnSignUp: settings.verifyEmail ?? false,
      sendVerificationEmail: async ({ user, url }) => post.send(() => texts.verify(user.email, url)),
    },
  }
}

/** The plugins, in the order in which they look at a request. */
export function waysIn(parts: WaysInParts): BetterAuthPlugin[] {
  const { name, settings, url, post } = parts
  const disableSignUp = settings.signUp !== "open"
  const texts = mailTexts(name)
  const plugins: BetterAuthPlugin[] = [normalEmails(), ...(post ? [provenOwners(settings)] : [])]
  if (settings.magicLink && post)
    plugins.push(
      magicLink({
        storeToken: "hashed",
        expiresIn: 300,
        disableSignUp,
        sendMagicLink: async ({ email, url: link }, ctx) =>
          post.send(async () =>
            disableSignUp && !(await ctx!.context.internalAdapter.findUserByEmail(email))
              ? null
              : texts.magicLink(email, link),
          ),
      }) as unknown as BetterAuthPlugin,
    )
  if (settings.emailCode && post)
    plugins.push(
      emailOTP({
        otpLength: 8,
        expiresIn: 300,
        allowedAttempts: 3,
        disableSignUp,
        // Keyed: eight digits are soon guessed from a plain digest.
        storeOTP: {
          hash: async (code) => createHmac("sha256", parts.secret).update(`code:${code}`).digest("hex"),
        },
        sendVerificationOTP: async ({ email, otp, type }) => {
          if (type === "sign-in") post.send(() => texts.code(email, otp))
        },
      }) as unknown as BetterAuthPlugin,
    )
  if (settings.twoFactor) plugins.push(...secondFactor(name))
  if (settings.passkeys) plugins.push(...passkeys({ name, url, tell: parts.tell }))
  const samls = knownSaml(settings.saml ?? {}, url)
  if (settings.oauth || settings.saml) plugins.push(oauth(settings, samls, { post, texts }))
  if (settings.saml) plugins.push(saml(samls))
  plugins.push(lastWay(settings, post), changeNotices({ post, texts }))
  if (post) plugins.push(undo(post, texts), emailChange(post, texts), deviceNotices(post, texts))
  return plugins
}
