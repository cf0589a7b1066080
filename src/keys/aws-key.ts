/** A key-encryption key that lies in AWS KMS, or in what speaks as it does; requests are signed with Signature Version 4. */
import { UndercroftError } from "../base/errors.ts"
import type { KeyEncryptionKey } from "./key-encryption-key.ts"
import { askKeyService } from "./key-service.ts"
import { signForAws } from "./sign-aws.ts"

export interface AwsSettings {
  readonly region: string
  /** Identifier or ARN. */
  readonly key: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** The region's own by default. */
  readonly endpoint?: string | undefined
}

const context = { undercroft: "root key" }

export function awsKey(settings: AwsSettings): KeyEncryptionKey {
  const { region, key } = settings
  const address = new URL(settings.endpoint ?? `https://kms.${region}.amazonaws.com/`)
  const service = `AWS KMS at ${address.host}`
  const ask = async (action: "Encrypt" | "Decrypt", body: object, part: string): Promise<Buffer> => {
    const text = JSON.stringify({ KeyId: key, EncryptionContext: context, ...body })
    const { host: _, ...headers } = await signForAws(
      {
        method: "POST",
        url: address,
        body: text,
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": `TrentService.${action}`,
        },
      },
      { ...settings, service: "kms" },
    )
    const answer = await askKeyService(service, address, { headers, body: text })
    const found = answer[part]
    if (typeof found !== "string")
      throw new UndercroftError("UC544", { service, why: "its answer has another form" })
    return Buffer.from(found, "base64")
  }
  return {
    id: `aws-kms:${region}:${key}`,
    wrap: (secret) => ask("Encrypt", { Plaintext: secret.toString("base64") }, "CiphertextBlob"),
    unwrap: (wrapped) => ask("Decrypt", { CiphertextBlob: wrapped.toString("base64") }, "Plaintext"),
  }
}
