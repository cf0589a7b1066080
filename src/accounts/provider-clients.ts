/** Keeps the table of the provider's clients as the definition has them: it is the definition that says who they are. */
import type { DBTransactionAdapter } from "@better-auth/core/db/adapter"
import { hashToken } from "../base/hash-token.ts"
import { defaultScopes, type ProviderClient } from "./provider-settings.ts"

const model = "oauthClient"
const byId = (value: string) => [{ field: "clientId", value }]

/** What is no longer declared is disabled: its tokens are good for nothing from then on. */
export async function declareClients(
  adapter: DBTransactionAdapter,
  clients: readonly ProviderClient[],
): Promise<void> {
  for (const client of clients) {
    const row = { ...rowOf(client), updatedAt: new Date() }
    if (await adapter.update({ model, where: byId(client.id), update: row })) continue
    try {
      await adapter.create({ model, data: { ...row, clientId: client.id, createdAt: new Date() } })
    } catch (cause) {
      // Another node that starts at this moment was faster.
      if (!(await adapter.update({ model, where: byId(client.id), update: row }))) throw cause
    }
  }
  const declared = clients.map((one) => one.id)
  const rows = await adapter.findMany<{ clientId: string; disabled?: boolean | null }>({
    model,
    limit: 10_000,
  })
  for (const { clientId, disabled } of rows)
    if (!disabled && !declared.includes(clientId))
      await adapter.update({ model, where: byId(clientId), update: { disabled: true } })
}

function rowOf(client: ProviderClient): Record<string, unknown> {
  const { secret, authentication = "basic" } = client
  return {
    name: client.name,
    clientSecret: secret === undefined ? null : hashToken(secret),
    tokenEndpointAuthMethod: secret === undefined ? "none" : `client_secret_${authentication}`,
    applicationType: client.redirectUris.some((one) => !one.startsWith("https:")) ? "native" : "web",
    redirectUris: [...client.redirectUris],
    postLogoutRedirectUris: [...(client.postLogoutRedirectUris ?? [])],
    scopes: [...(client.scopes ?? defaultScopes)],
    grantTypes: ["authorization_code", "refresh_token"],
    responseTypes: ["code"],
    requirePKCE: true,
    skipConsent: client.trusted ?? false,
    enableEndSession: true,
    dpopBoundAccessTokens: client.dpop ?? false,
    disabled: false,
  }
}
