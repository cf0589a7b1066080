/** The callers made ready for trying a backend out, with tokens of the development key. */
import { signToken } from "../auth/jwt-sign.ts"
import type { BackendDefinition } from "../backend.ts"
import { developmentIssuer } from "./development-key.ts"

export interface ReadyToken {
  readonly name: string
  readonly description: string
  readonly token: string
}

export const tokenDays = 30

/** A token for each ready caller of a definition. */
export function signReadyTokens(definition: BackendDefinition, key: string): Promise<readonly ReadyToken[]> {
  const callers = definition.callers?.ready ?? []
  return Promise.all(
    callers.map(async ({ name, description, claims }) => ({
      name,
      description,
      token: await signToken(claims, {
        secret: key,
        issuer: developmentIssuer,
        expiresInSeconds: tokenDays * 86_400,
      }),
    })),
  )
}

/** `{"nurse":{"token":"…"}}`, as programs read it. */
export function tokensByName(
  tokens: readonly ReadyToken[],
): Readonly<Record<string, { token: string; description: string }>> {
  return Object.fromEntries(tokens.map(({ name, token, description }) => [name, { token, description }]))
}
