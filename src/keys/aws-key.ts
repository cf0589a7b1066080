/** A key-encryption key that lies in AWS KMS, or in what speaks as it does; requests are signed with Signature Version 4. */
import { createHash, createHmac } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { KeyEncryptionKey } from "./key-encryption-key.ts"
import { askKeyService } from "./key-service.ts"

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
    const headers = signRequest(settings, address, `TrentService.${action}`, text, new Date())
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

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest()

/** AWS Signature Version 4 of a POST with a JSON body. */
function signRequest(
  { region, accessKeyId, secretAccessKey, sessionToken }: AwsSettings,
  address: URL,
  target: string,
  body: string,
  now: Date,
): Readonly<Record<string, string>> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "")
  const day = time.slice(0, 8)
  const headers: Record<string, string> = {
    "content-type": "application/x-amz-json-1.1",
    host: address.host,
    "x-amz-date": time,
    ...(sessionToken ? { "x-amz-security-token": sessionToken } : {}),
    "x-amz-target": target,
  }
  const names = Object.keys(headers).toSorted()
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("")
  const signed = names.join(";")
  const request = ["POST", address.pathname, "", lines, signed, sha256(body)].join("\n")
  const scope = `${day}/${region}/kms/aws4_request`
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(request)].join("\n")
  const key = ["kms", "aws4_request"].reduce(hmac, hmac(hmac(`AWS4${secretAccessKey}`, day), region))
  const { host: _, ...sent } = headers
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${hmac(key, text).toString("hex")}`,
  }
}
