/** Which passwords are taken, by NIST SP 800-63B: long enough, not known to everybody, not made of what anyone can look up (Pass_1). */
import type { BetterAuthPlugin } from "better-auth"
import { APIError, createAuthMiddleware } from "better-auth/api"
import { breachedIn, commonPasswords, type IsBreached } from "./breached-passwords.ts"
import { currentActor } from "./request-context.ts"
import type { AccountSettings } from "./settings.ts"

/** Counted in code points, after NFKC. */
const passwordLength = { min: 8, max: 256 } as const

/** Why a password is refused. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

/** Null where the password is taken. `words` are what others know of the person and the backend. */
export type JudgePassword = (password: string, words: readonly string[]) => Promise<Refusal | null>

/** Makes the judge; throws UC916 for a corpus that can't be read. */
export function createJudge({ passwords }: AccountSettings, name: string): JudgePassword {
  const isBreached: IsBreached =
    passwords?.corpus === undefined ? commonPasswords() : breachedIn(passwords.corpus)
  return async (password, words) => {
    const normal = password.normalize("NFKC")
    const length = [...normal].length
    if (length < passwordLength.min)
      return refusal(
        "PASSWORD_TOO_SHORT",
        `has fewer than ${passwordLength.min} characters: a few words in a row are good`,
      )
    if (length > passwordLength.max)
      return refusal("PASSWORD_TOO_LONG", `has more than ${passwordLength.max} characters`)
    if (/^(.{1,4}?)\1+.{0,3}$/su.test(normal) || isSequence(normal))
      return refusal("PASSWORD_TOO_SIMPLE", "repeats or counts: a few words in a row are good")
    if (leftWithout(normal, [name, ...words]) < passwordLength.min)
      return refusal(
        "PASSWORD_TOO_PERSONAL",
        "is little more than your name, your address or this service's name",
      )
    if (await isBreached(normal))
      return refusal(
        "PASSWORD_COMPROMISED",
        "is on a list of passwords that were stolen somewhere and are tried first",
      )
    return null
  }
}

function refusal(code: string, why: string): Refusal {
  return { code, message: `The password ${why}` }
}

/** Characters each one after the one before, or each one before it. */
function isSequence(text: string): boolean {
  const points = [...text].map((one) => one.codePointAt(0)!)
  return [1, -1].some((step) => points.every((one, at) => at === 0 || points[at - 1] === one - step))
}

/** How many characters are left when the words that anyone can look up are taken out. */
function leftWithout(password: string, words: readonly string[]): number {
  const parts = words
    .flatMap((one) => [one, ...one.split(/[\s@._+-]+/)])
    .map((one) => one.normalize("NFKC").toLowerCase())
    .filter((one) => [...one].length >= 4)
    .toSorted((one, other) => other.length - one.length)
  let left = password.toLowerCase()
  for (const one of parts) left = left.replaceAll(one, "")
  return [...left].length
}

/** Whether a path is a way in: there a password is compared, and never set. */
export const isSignIn = (path: string | undefined): boolean => path?.startsWith("/sign-in/") ?? false

interface Person {
  readonly name?: string | null
  readonly email?: string | null
}

type Context = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0]

/** A plugin that refuses a new password before anything else happens, a link for resetting included. */
export function passwordPolicy(judge: JudgePassword): BetterAuthPlugin {
  return {
    id: "undercroft-password-policy",
    hooks: {
      before: [
        {
          matcher: ({ path, body }) => !isSignIn(path) && newPassword(path ?? "", body) !== null,
          handler: createAuthMiddleware(async (context) => {
            const password = newPassword(context.path, context.body)!
            refuseSame(password, context.body)
            await refuseBad(judge, password, await personOf(context))
          }),
        },
      ],
    },
  }
}

/** For whatever hashes a password without having come past the plugin: nothing is stored that was not judged. */
export async function judgeBeforeHash(judge: JudgePassword, password: string): Promise<void> {
  await refuseBad(judge, password, null)
}

async function refuseBad(judge: JudgePassword, password: string, person: Person | null): Promise<void> {
  const refused = await judge(
    password,
    [person?.name, person?.email].filter((one): one is string => typeof one === "string"),
  )
  if (refused) throw new APIError("BAD_REQUEST", { ...refused })
}

/** Else what somebody was given for a day would be theirs for good. */
function refuseSame(password: string, body: unknown): void {
  const { currentPassword: current } = (body ?? {}) as { readonly currentPassword?: unknown }
  if (typeof current === "string" && current.normalize("NFKC") === password.normalize("NFKC"))
    throw new APIError("BAD_REQUEST", { ...refusal("PASSWORD_UNCHANGED", "is the one of before") })
}

/** The password that a request would set; null where it sets none. */
function newPassword(path: string, body: unknown): string | null {
  const members = (body ?? {}) as { readonly newPassword?: unknown; readonly password?: unknown }
  if (typeof members.newPassword === "string") return members.newPassword
  const isNew = /^\/(sign-up\/|admin\/create-user$|email-otp\/reset-password$)/.test(path)
  return isNew && typeof members.password === "string" ? members.password : null
}

/** Whose password it would be, as far as the request says. */
async function personOf(context: Context): Promise<Person | null> {
  const { internalAdapter } = context.context
  const body = context.body as Readonly<Record<string, unknown>>
  const text = (name: string): string | null =>
    typeof body[name] === "string" ? (body[name] as string) : null
  if (context.path.startsWith("/sign-up/") || context.path === "/admin/create-user")
    return { name: text("name"), email: text("email") }
  const [email, token] = [text("email"), text("token") ?? context.query?.["token"]]
  if (context.path === "/email-otp/reset-password" && email) return { email }
  if (context.path === "/reset-password" && typeof token === "string") {
    const asked = await internalAdapter.findVerificationValue(`reset-password:${token}`)
    return asked ? internalAdapter.findUserById(asked.value) : null
  }
  const actor = currentActor()
  if (actor === undefined) return null
  const asking = (await internalAdapter.findUserById(actor)) as
    | (Person & { readonly role?: string | null })
    | null
  const user = text("userId")
  if (user === null || !context.path.startsWith("/admin/")) return asking
  // Whose name a password is made of must not be told to whoever asks.
  return asking?.role?.split(",").includes("admin") ? internalAdapter.findUserById(user) : null
}
