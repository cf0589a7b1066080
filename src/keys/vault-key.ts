/** A key-encryption key that lies in HashiCorp Vault or OpenBao: the transit engine wraps and unwraps, the key stays there. */
import { UndercroftError } from "../base/errors.ts"
import type { KeyEncryptionKey } from "./key-encryption-key.ts"
import { askKeyService } from "./key-service.ts"

export interface VaultSettings {
  /** `https://vault.example.org:8200` */
  readonly url: string
  /** Where the transit engine is mounted. */
  readonly mount: string
  readonly name: string
  readonly token: string
}

export function vaultKey({ url, mount, name, token }: VaultSettings): KeyEncryptionKey {
  const service = `Vault at ${new URL(url).host}`
  const ask = async (
    step: "encrypt" | "decrypt",
    body: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const address = new URL(`/v1/${mount}/${step}/${encodeURIComponent(name)}`, url)
    const headers = { "x-vault-token": token, "content-type": "application/json" }
    const { data } = await askKeyService(service, address, { headers, body: JSON.stringify(body) })
    return data as Readonly<Record<string, unknown>>
  }
  const text = (value: unknown): string => {
    if (typeof value === "string") return value
    throw new UndercroftError("UC544", { service, why: "its answer has another form" })
  }
  return {
    id: `vault:${new URL(url).host}/${mount}/${name}`,
    async wrap(secret) {
      const { ciphertext } = await ask("encrypt", { plaintext: secret.toString("base64") })
      return Buffer.from(text(ciphertext))
    },
    async unwrap(wrapped) {
      const { plaintext } = await ask("decrypt", { ciphertext: wrapped.toString() })
      return Buffer.from(text(plaintext), "base64")
    },
  }
}
