/** Whenever the process is a client, a certificate that nobody trusts ends the connection before anything is said on it. */
import type { AddressInfo, Socket } from "node:net"
import { createServer } from "node:net"
import { connect, createSecureContext, createServer as createSecureServer, TLSSocket } from "node:tls"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { openPost } from "../src/accounts/mail.ts"
import { send } from "../src/audit/send.ts"
import { createTokenVerifier } from "../src/auth/jwt.ts"
import type { UndercroftError } from "../src/base/errors.ts"
import { vaultKey } from "../src/keys/vault-key.ts"
import { asInternal } from "../src/store/internal-session.ts"
import { makeCertificate } from "./support/certificate.ts"

/** What PostgreSQL's clients say first (SSLRequest). */
const sslRequest = Buffer.from("0000000804d2162f", "hex")
const { privateKey, certificate } = makeCertificate()
const key = privateKey.export({ format: "pem", type: "pkcs8" })

let began = 0
let heard = ""
const sockets = new Set<Socket>()
const listen = (socket: TLSSocket): void => {
  socket.on("error", () => undefined)
  socket.on("data", (part) => {
    heard += part.toString("latin1")
  })
}
const note = (socket: Socket): void => {
  began += 1
  sockets.add(socket)
  socket.on("error", () => undefined)
}
const server = createSecureServer({ key, cert: certificate }, listen)
server.on("connection", note)
/** PostgreSQL's clients ask in the clear whether TLS is spoken. */
const database = createServer((socket) => {
  note(socket)
  socket.once("data", (first) => {
    if (first.equals(sslRequest)) socket.write("S")
    listen(
      new TLSSocket(socket, {
        isServer: true,
        secureContext: createSecureContext({ key, cert: certificate }),
      }),
    )
  })
})
let [port, databasePort] = [0, 0]
beforeAll(async () => {
  for (const one of [server, database]) await new Promise<void>((done) => one.listen(0, "127.0.0.1", done))
  port = (server.address() as AddressInfo).port
  databasePort = (database.address() as AddressInfo).port
})
beforeEach(() => {
  began = 0
  heard = ""
})
afterAll(async () => {
  for (const one of sockets) one.destroy()
  for (const one of [server, database]) await new Promise((done) => one.close(done))
})

/** What went wrong, and why, down to its first cause. */
function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return ""
  return `${(error as { code?: unknown }).code} ${error.message}\n${causesOf(error.cause)}`
}

test("who does not verify is heard, or the refusals would prove nothing", async () => {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false })
  await new Promise((done) => socket.write("hello", done))
  await expect.poll(() => heard).toBe("hello")
  socket.destroy()
})

const clients: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  [
    "PostgreSQL",
    "UC520",
    () =>
      asInternal(
        `postgresql://ann:hidden@127.0.0.1:${databasePort}/clinic?sslmode=verify-full`,
        async () => 1,
      ),
  ],
  [
    "a token issuer's keys",
    "UC604",
    async () => {
      const verify = createTokenVerifier([{ jwksUrl: `https://127.0.0.1:${port}/keys` }])
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")
      return verify(`${part({ alg: "RS256", kid: "a" })}.${part({ sub: "hidden" })}.AAAA`)
    },
  ],
  [
    "a key service",
    "UC544",
    () =>
      vaultKey({ url: `https://127.0.0.1:${port}`, mount: "transit", name: "a", token: "hidden" }).wrap(
        Buffer.from("hidden"),
      ),
  ],
  [
    "an anchor or a webhook",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    () =>
      send({
        url: new URL(`https://127.0.0.1:${port}/`),
        method: "POST",
        headers: {},
        body: "hidden",
        privateHosts: ["127.0.0.1"],
      }),
  ],
  [
    "a mail server",
    "UC931",
    () =>
      new Promise((_, refuse) => {
        const settings = { from: "a@example.org", smtp: `smtps://ann:hidden@127.0.0.1:${port}` }
        const post = openPost(settings, refuse)
        post.send(() => ({ to: "b@example.org", subject: "hidden", text: "hidden", html: "hidden" }))
      }),
  ],
]

test.each(clients)(
  "TR-03161-3 Ntwk_3, ASVS 12.3.2: whoever has a certificate that nobody trusts is told nothing: %s",
  async (_, code, ask) => {
    const refusal = await ask().then(
      () => null,
      (error: UndercroftError) => error,
    )
    expect([refusal?.code, began]).toEqual([code, 1])
    expect(causesOf(refusal)).toMatch(/SELF_SIGNED|ESOCKET/)
    expect(causesOf(refusal)).not.toContain("hidden")
    expect(heard).toBe("")
  },
)
