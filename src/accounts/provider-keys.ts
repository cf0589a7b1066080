/**
 * The keys that sign ID tokens: new ones in time, and at once when the backend's secret has changed. What the old secret
 * encrypted is then not used and not published any more: whoever had to change a secret may have lost it.
 */
import type { GenericEndpointContext } from "better-auth"
import { symmetricDecrypt } from "better-auth/crypto"
import type { Jwk, JwtOptions } from "better-auth/plugins"

const day = 86_400

export const signingKeys: Pick<JwtOptions, "jwks" | "adapter"> = {
  jwks: {
    // What every application can check (OpenID Connect Core, 15.1), at the length that BSI TR-02102-1 asks for.
    keyPairConfig: { alg: "RS256", modulusLength: 3072 },
    rotationInterval: 90 * day,
    gracePeriod: 30 * day,
  },
  adapter: {
    async getJwks(ctx) {
      const keys = await ctx.context.adapter.findMany<Jwk>({ model: "jwks", limit: 1000 })
      const readable = await Promise.all(keys.map((key) => isReadable(ctx, key)))
      return keys.filter((_, at) => readable[at])
    },
  },
}

async function isReadable(ctx: GenericEndpointContext, { privateKey }: Jwk): Promise<boolean> {
  try {
    await symmetricDecrypt({ key: ctx.context.secretConfig, data: JSON.parse(privateKey) })
    return true
  } catch {
    return false
  }
}
