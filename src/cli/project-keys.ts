/** Where a project's keys are, by the environment; in development it has a store and a key of its own. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { awsKey } from "../keys/aws-key.ts"
import { openDirectoryStore } from "../keys/directory-store.ts"
import { type KeyEncryptionKey, localKey } from "../keys/key-encryption-key.ts"
import { vaultKey } from "../keys/vault-key.ts"
import { openKeyDatabase } from "../store/key-database.ts"
import type { KeySettings } from "../store/open-keys.ts"
import { readSecretFile } from "./development-key.ts"
import { isProduction } from "./production.ts"
import type { Project } from "./project.ts"

/** Undefined where there is no key-encryption key; a model with encrypted fields then does not start. Throws UC542. */
export async function readKeys({ directory, definition }: Project): Promise<KeySettings | undefined> {
  const { UNDERCROFT_KEY: now, UNDERCROFT_KEY_BEFORE: before, UNDERCROFT_KEYS_URL: url } = process.env
  const encrypts = definition.model.some((one) =>
    Object.values(one.view ? {} : one.readFields()).some(isEncrypted),
  )
  if (!encrypts || (!now && isProduction())) return undefined
  return {
    kek: now ? await readKey(now) : localKey(toBase64(await readSecretFile(directory, "key-encryption-key"))),
    former: before ? await readKey(before) : null,
    store: url
      ? openKeyDatabase(url)
      : openDirectoryStore(process.env.UNDERCROFT_KEYS || join(directory, "keys")),
  }
}

function isEncrypted(field: unknown): boolean {
  return (field as { readonly options?: { readonly encrypted?: unknown } }).options?.encrypted !== undefined
}

function toBase64(secret: string): string {
  return Buffer.from(secret, "base64url").toString("base64")
}

/** 32 bytes in base64, a file that holds them, `vault://host/mount/name` or `aws-kms:region:key`. */
async function readKey(text: string): Promise<KeyEncryptionKey> {
  const { VAULT_TOKEN, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL_KMS } =
    process.env
  const refuse = (why: string): never => {
    throw new UndercroftError("UC542", { why })
  }
  const vault = /^vault(\+http)?:\/\/([^/]+)\/(.+)\/([^/]+)$/.exec(text)
  if (vault) {
    const [, isPlain, host, mount = "", name = ""] = vault
    const token = VAULT_TOKEN || refuse("lies in Vault, and VAULT_TOKEN is not set")
    return vaultKey({ url: `${isPlain ? "http" : "https"}://${host}`, mount, name, token })
  }
  const aws = /^aws-kms:([a-z0-9-]+):(.+)$/.exec(text)
  if (aws) {
    const [, region = "", key = ""] = aws
    return awsKey({
      region,
      key,
      accessKeyId: AWS_ACCESS_KEY_ID || refuse("lies in AWS KMS, and AWS_ACCESS_KEY_ID is not set"),
      secretAccessKey:
        AWS_SECRET_ACCESS_KEY || refuse("lies in AWS KMS, and AWS_SECRET_ACCESS_KEY is not set"),
      sessionToken: AWS_SESSION_TOKEN,
      endpoint: AWS_ENDPOINT_URL_KMS,
    })
  }
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return localKey(text)
  return localKey(
    await readFile(text, "utf8").catch(() =>
      refuse("is neither 32 bytes in base64 nor a file that can be read"),
    ),
  )
}
