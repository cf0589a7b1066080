/** An authenticator in software: makes passkeys and signs with them, as honestly as a test wants it to be. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"

export interface Ceremony {
  readonly challenge: string
  readonly origin: string
  /** Whether the device verified its user; true unless said. */
  readonly verifies?: boolean
  /** What the device says of how often it signed; one more each time unless said. */
  readonly counter?: number
}

/** One passkey on one device. */
export class Authenticator {
  readonly id: Buffer = randomBytes(16)
  readonly rpId: string
  counter = 0
  private readonly key: KeyObject
  private readonly coordinates: readonly Buffer[]

  constructor(rpId: string) {
    this.rpId = rpId
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    this.key = privateKey
    const { x, y } = publicKey.export({ format: "jwk" })
    this.coordinates = [x, y].map((one) => Buffer.from(String(one), "base64url"))
  }

  /** What `navigator.credentials.create` gives. */
  create(ceremony: Ceremony): object {
    const [x, y] = this.coordinates
    // COSE: EC2, ES256, P-256.
    const cose = Buffer.concat([
      Buffer.from("a5010203262001215820", "hex"),
      x!,
      Buffer.from("225820", "hex"),
      y!,
    ])
    const data = this.data(
      ceremony,
      Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, cose]),
    )
    // CBOR: { fmt: "none", attStmt: {}, authData }.
    const attestation = Buffer.concat([
      Buffer.from("a363666d74646e6f6e656761747453746d74a068617574684461746158", "hex"),
      Buffer.from([data.length]),
      data,
    ])
    return this.credential({
      clientDataJSON: this.client("webauthn.create", ceremony).toString("base64url"),
      attestationObject: attestation.toString("base64url"),
      transports: ["internal"],
    })
  }

  /** What `navigator.credentials.get` gives. */
  get(ceremony: Ceremony): object {
    const client = this.client("webauthn.get", ceremony)
    const data = this.data(ceremony)
    const signed = Buffer.concat([data, createHash("sha256").update(client).digest()])
    return this.credential({
      clientDataJSON: client.toString("base64url"),
      authenticatorData: data.toString("base64url"),
      signature: sign("sha256", signed, this.key).toString("base64url"),
    })
  }

  private client(type: string, { challenge, origin }: Ceremony): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }

  private data({ verifies = true, counter = ++this.counter }: Ceremony, made?: Buffer): Buffer {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    const flags = 1 | (verifies ? 4 : 0) | (made ? 64 : 0)
    const domain = createHash("sha256").update(this.rpId).digest()
    return Buffer.concat([domain, Buffer.from([flags]), count, ...(made ? [made] : [])])
  }

  private credential(response: object): object {
    const id = this.id.toString("base64url")
    return { id, rawId: id, type: "public-key", clientExtensionResults: {}, response }
  }
}
