/** The callers made ready for trying a backend out, with tokens of the development key. */
import { signToken } from "../auth/jwt-sign.ts"
import type { BackendDefinition } from "../backend.ts"
import { developmentIssuer } from "./development-key.ts"
import { codeNow, type ReadyAccount, readyAccounts } from "./ready-accounts.ts"

export interface ReadyToken {
  readonly name: string
  readonly description: string
  readonly token: string
  /** How they sign in, where the backend has accounts; the code of their app is the one of now. */
  readonly account?: { readonly email: string; readonly password: string; readonly code?: string }
}

export const tokenDays = 30

/** A token for each ready caller of a definition. */
export function signReadyTokens(definition: BackendDefinition, key: string): Promise<readonly ReadyToken[]> {
  const callers = definition.callers?.ready ?? []
  const accounts = new Map(readyAccounts(definition, key).map((one) => [one.name, one]))
  return Promise.all(
    callers.map(async ({ name, description, claims }) => ({
      name,
      description,
      token: await signToken(claims, {
        secret: key,
        issuer: developmentIssuer,
        expiresInSeconds: tokenDays * 86_400,
      }),
      ...(await accountOf(accounts.get(name))),
    })),
  )
}

async function accountOf(ready: ReadyAccount | undefined): Promise<Pick<ReadyToken, "account">> {
  if (!ready) return {}
  const { email, password, secret } = ready
  return { account: { email, password, ...(secret ? { code: await codeNow(secret) } : {}) } }
}

/** `{"nurse":{"token":"…"}}`, as programs read it. */
export function tokensByName(
  tokens: readonly ReadyToken[],
): Readonly<Record<string, Omit<ReadyToken, "name">>> {
  return Object.fromEntries(tokens.map(({ name, ...told }) => [name, told]))
}
