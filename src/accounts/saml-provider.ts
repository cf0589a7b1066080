/** SAML as better-auth wants its providers: the state is the request, and the code stands for an answer that was believed. */
import { createHash, randomBytes } from "node:crypto"
import type { AuthContext } from "@better-auth/core"
import { getCurrentAuthContext } from "@better-auth/core/context"
import type { OAuthProvider } from "@better-auth/core/oauth2"
import { noteTwoFactors } from "./proven-elsewhere.ts"
import { clientOf, type KnownSaml, requestOf, type SamlAnswer } from "./saml-answer.ts"
import { placeOf, type SamlSettings } from "./saml-settings.ts"

type Kept = SamlAnswer & { readonly provider: string; readonly state: string }

// A redirection later it is asked for.
const codeMs = 60_000
/** Longer than a sign-in, after whose end no answer to it is looked at. */
const usedMs = 60 * 60_000

/** The providers of the settings, for a backend at `url`. */
export function knownSaml(settings: SamlSettings, url: string): readonly KnownSaml[] {
  return Object.entries(settings).flatMap(([id, setting]) => {
    const place = placeOf(setting)
    const here = `${url.replace(/\/$/, "")}/auth/saml/${id}`
    return place ? { entityId: `${here}/metadata`, ...setting, ...place, id, acs: `${here}/acs` } : []
  })
}

/** One provider. */
export function samlProvider(setting: KnownSaml): OAuthProvider {
  const { id, name, issuer, twoFactor = [] } = setting
  return {
    id,
    name,
    issuer,
    accountSubject: () => "",
    async createAuthorizationURL({ state }) {
      const client = await clientOf(setting, requestOf(state))
      return new URL(await client.getAuthorizeUrlAsync(state, undefined, {}))
    },
    async validateAuthorizationCode({ code }) {
      const { context, query } = await getCurrentAuthContext()
      const kept = await context.internalAdapter.consumeVerificationValue(`saml-answer:${code}`)
      const answer = kept ? (JSON.parse(kept.value) as Kept) : null
      if (answer?.provider !== id || answer.state !== query?.["state"])
        throw new Error("an answer of another sign-in")
      return { raw: { ...answer } }
    },
    async getUserInfo({ raw }) {
      const { subject, email, name: called, contexts } = raw as unknown as Kept
      if (contexts.some((one) => twoFactor.includes(one))) noteTwoFactors(await getCurrentAuthContext())
      // It vouches for its domains, and whoever is of another is refused.
      return { user: { name: called.slice(0, 200), email, emailVerified: true }, data: { sub: subject } }
    },
  }
}

/** Keeps an answer for the browser that asked; null where the assertion, or another answer to the same request, was there before. */
export async function keepAnswer(
  { internalAdapter, adapter }: AuthContext,
  setting: KnownSaml,
  state: string,
  answer: SamlAnswer,
): Promise<string | null> {
  for (const name of [`assertion:${setting.issuer}|${answer.assertion}`, `request:${requestOf(state)}`])
    if (!(await isFirst(adapter, `saml-${name}`))) return null
  const code = randomBytes(32).toString("base64url")
  const kept: Kept = { ...answer, provider: setting.id, state }
  await internalAdapter.createVerificationValue({
    identifier: `saml-answer:${code}`,
    value: JSON.stringify(kept),
    expiresAt: new Date(Date.now() + codeMs),
  })
  return code
}

/** Of many at once, on any node, one is the first: a row's key is made from the name. */
async function isFirst(adapter: AuthContext["adapter"], name: string): Promise<boolean> {
  const hash = createHash("sha256").update(name).digest("hex")
  const id = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, "$1-$2-5$3-8$4-$5")
  const now = new Date()
  const data = {
    id,
    identifier: hash,
    value: "used",
    expiresAt: new Date(now.getTime() + usedMs),
    createdAt: now,
    updatedAt: now,
  }
  let made: { readonly id: string }
  try {
    made = await adapter.create({ model: "verification", data, forceAllowId: true })
  } catch (error) {
    if (await adapter.findOne({ model: "verification", where: [{ field: "id", value: id }] })) return false
    throw error
  }
  // better-auth replaces a key that it does not like by one at random, which would be the first each time.
  if (made.id !== id) throw new Error("a row was made under another key")
  return true
}
