/** Requests to AWS, and to what speaks as it does, signed with Signature Version 4. */
import { createHash, createHmac } from "node:crypto"

export interface AwsRequest {
  readonly method: "GET" | "POST" | "PUT"
  readonly url: URL
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export interface AwsCredentials {
  readonly service: "kms" | "s3"
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** The headers to send, `host` among them. */
export async function signForAws(
  { method, url, body, headers }: AwsRequest,
  { service, region, accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
): Promise<Readonly<Record<string, string>>> {
  // Only who uses a service of AWS pays for loading it.
  const { SignatureV4 } = await import("@smithy/signature-v4")
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    sha256: Sha256,
    // Names of objects are signed as they are sent, all else once more escaped.
    uriEscapePath: service !== "s3",
  })
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    headers: { host: url.host, ...headers },
    body,
  })
  return signed.headers
}

/** Node's SHA-256 and HMAC in the form that the signer asks for. */
class Sha256 {
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>
  readonly #secret: Bytes | undefined

  constructor(secret?: Bytes) {
    this.#secret = secret
    this.#hash = begin(secret)
  }

  update(data: Bytes): void {
    this.#hash.update(toBytes(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = begin(this.#secret)
  }
}

type Bytes = string | ArrayBuffer | ArrayBufferView

function begin(secret: Bytes | undefined): ReturnType<typeof createHash> | ReturnType<typeof createHmac> {
  return secret === undefined ? createHash("sha256") : createHmac("sha256", toBytes(secret))
}

function toBytes(data: Bytes): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8")
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
}
