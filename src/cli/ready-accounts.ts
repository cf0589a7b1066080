/** The accounts of ready callers: what they sign in with follows from the development key, so that it can be shown again. */
import { createHmac } from "node:crypto"
import { createOTP } from "@better-auth/utils/otp"
import type { NewPerson } from "../accounts/manage.ts"
import type { BackendDefinition } from "../backend.ts"

/** How a ready caller signs in. */
export interface ReadyAccount {
  /** The ready caller's. */
  readonly name: string
  readonly email: string
  readonly password: string
  /** Of an authenticator app; null where one factor is enough. */
  readonly secret: string | null
}

/** The accounts of a definition's ready callers. */
export function readyAccounts(
  { accounts, callers }: BackendDefinition,
  key: string,
): readonly ReadyAccount[] {
  if (!accounts) return []
  return (callers?.ready ?? []).flatMap(({ name, account }) => {
    if (!account) return []
    const { email, secondFactor = false } = account
    return [
      {
        name,
        email,
        password: derive(key, "password", email),
        secret: secondFactor ? derive(key, "app", email) : null,
      },
    ]
  })
}

/** The people to make of them. */
export function readyPeople(
  definition: BackendDefinition,
  key: string,
): readonly (NewPerson & { readonly id: string })[] {
  const ready = new Map(definition.callers?.ready?.map((one) => [one.name, one]))
  return readyAccounts(definition, key).map(({ name, email, password, secret }) => {
    const { claims, account } = ready.get(name)!
    const roles = Array.isArray(claims["roles"]) ? claims["roles"].map(String) : []
    const id = String(claims["sub"])
    return { id, email, name: account!.name, roles, password, ...(secret ? { totpSecret: secret } : {}) }
  })
}

/** What their authenticator app shows now. */
export function codeNow(secret: string): Promise<string> {
  return createOTP(secret, { digits: 6, period: 30 }).totp()
}

/** Twenty letters in groups, the same for one key. */
function derive(key: string, use: string, email: string): string {
  const bytes = createHmac("sha256", key).update(`${use} of ${email}`).digest()
  const letters = [...bytes.subarray(0, 20)]
    .map((one) => "abcdefghijkmnpqrstuvwxyz23456789"[one % 32])
    .join("")
  return letters.replace(/(.{5})(?=.)/g, "$1-")
}
