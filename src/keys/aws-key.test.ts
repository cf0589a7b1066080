/** Key-encryption keys that are services, against stand-ins that check what they are sent. */
import { createHash, createHmac, randomBytes } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type AwsSettings, awsKey } from "./aws-key.ts"
import { vaultKey } from "./vault-key.ts"
import { decrypt, encrypt } from "./wrap.ts"

const key = randomBytes(32)
const about = Buffer.from("stand-in")
let server: Server
let url: string
/** Every body that was sent. */
const bodies: string[] = []

/** As AWS checks a signature: from the request alone and the secret. */
function isSigned(
  request: IncomingMessage,
  body: string,
  { secretAccessKey, accessKeyId }: AwsSettings,
): boolean {
  const { authorization = "" } = request.headers
  const [, id, scope = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      authorization,
    ) ?? []
  const hash = (of: string): string => createHash("sha256").update(of).digest("hex")
  const lines = names.split(";").map((name) => `${name}:${request.headers[name]}\n`)
  const canonical = ["POST", request.url, "", lines.join(""), names, hash(body)].join("\n")
  const string = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hash(canonical)].join("\n")
  let derived: Buffer = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of scope.split("/")) derived = createHmac("sha256", derived).update(part).digest()
  return id === accessKeyId && createHmac("sha256", derived).update(string).digest("hex") === signature
}

const aws: AwsSettings = {
  region: "eu-central-1",
  key: "alias/undercroft",
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret",
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const body = await text(request)
    bodies.push(body)
    const sent = JSON.parse(body)
    const answer = (status: number, json: object): void =>
      void response.writeHead(status).end(JSON.stringify(json))
    if (request.url!.startsWith("/v1/transit/")) {
      if (request.headers["x-vault-token"] !== "s.token")
        return answer(403, { errors: ["permission denied"] })
      const isDecrypt = request.url === "/v1/transit/decrypt/undercroft"
      if (!isDecrypt)
        return answer(200, {
          data: {
            ciphertext: `vault:v1:${encrypt(key, Buffer.from(sent.plaintext, "base64"), about).toString("base64")}`,
          },
        })
      try {
        const opened = decrypt(key, Buffer.from(sent.ciphertext.slice(9), "base64"), about)
        return answer(200, { data: { plaintext: opened.toString("base64") } })
      } catch {
        return answer(400, { errors: ["cipher: message authentication failed"] })
      }
    }
    if (!isSigned(request, body, aws)) return answer(400, { __type: "IncompleteSignatureException" })
    const context = Buffer.from(JSON.stringify(sent.EncryptionContext))
    if (request.headers["x-amz-target"] === "TrentService.Encrypt")
      return answer(200, {
        CiphertextBlob: encrypt(key, Buffer.from(sent.Plaintext, "base64"), context).toString("base64"),
      })
    try {
      const opened = decrypt(key, Buffer.from(sent.CiphertextBlob, "base64"), context)
      return answer(200, { Plaintext: opened.toString("base64") })
    } catch {
      return answer(400, { __type: "InvalidCiphertextException" })
    }
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

describe.each([
  [
    "Vault",
    (token: string) =>
      vaultKey({ url, mount: "transit", name: "undercroft", token: token === "right" ? "s.token" : token }),
  ],
  [
    "AWS KMS",
    (token: string) =>
      awsKey({ ...aws, endpoint: url, secretAccessKey: token === "right" ? "secret" : token }),
  ],
])("%s", (_, open) => {
  test("wraps and unwraps; nothing that is stored is the secret", async () => {
    const kek = open("right")
    const secret = randomBytes(32)
    const wrapped = await kek.wrap(secret)
    expect(wrapped.includes(secret)).toBe(false)
    expect(await kek.unwrap(wrapped)).toEqual(secret)
  })

  test("a refusal is told without the secret and the credentials", async () => {
    const secret = randomBytes(32)
    const error = await open("wrong")
      .wrap(secret)
      .catch((cause: Error) => cause)
    expect(error).toMatchObject({ code: "UC544" })
    expect(JSON.stringify(error) + String(error)).not.toMatch(new RegExp(`wrong|${secret.toString("hex")}`))
  })

  test("another's wrapped key is refused", async () => {
    await expect(open("right").unwrap(Buffer.from("vault:v1:AAAA"))).rejects.toMatchObject({ code: "UC544" })
  })
})
