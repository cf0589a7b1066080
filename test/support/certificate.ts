/** Self-signed certificates for tests: Node reads X.509, and makes none. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"

export interface TestCertificate {
  readonly privateKey: KeyObject
  /** PEM. */
  readonly certificate: string
}

/** One with a key of its own. */
export function makeCertificate(bits: number = 2048): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits })
  const algorithm = sequence(hex("06092a864886f70d01010b0500"))
  // The common name "test".
  const name = sequence(tagged(0x31, sequence(hex("0603550403"), tagged(0x0c, Buffer.from("test")))))
  const time = (year: number): Buffer => tagged(0x17, Buffer.from(`${year}0101000000Z`))
  const body = sequence(
    tagged(0xa0, hex("020102")),
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(20), time(49)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  )
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]))
  const base64 = sequence(body, algorithm, signature).toString("base64")
  const lines = base64.match(/.{1,64}/g)!.join("\n")
  return { privateKey, certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n` }
}

const hex = (text: string): Buffer => Buffer.from(text, "hex")
const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
