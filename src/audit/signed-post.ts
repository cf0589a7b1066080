/** One message to a webhook, signed as Standard Webhooks says. */
import { createHmac } from "node:crypto"
import { send } from "./send.ts"

/** Where messages go, and what signs them. */
export interface Webhook {
  readonly url: URL
  readonly secret: string
  readonly privateHosts: readonly string[]
}

/** Its identifier stays the same however often it is sent: the receiver can tell one that comes twice. */
export interface WebhookMessage {
  readonly id: string
  readonly type: string
  readonly data: object
}

/** Throws where it was not taken. */
export async function postSigned(
  { url, secret, privateHosts }: Webhook,
  { id, type, data }: WebhookMessage,
): Promise<void> {
  const seconds = Math.floor(Date.now() / 1000)
  const body = JSON.stringify({ type, timestamp: new Date(seconds * 1000).toISOString(), data })
  const { status } = await send({
    url,
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      "webhook-signature": signatureOf({ id, seconds, body }, secret),
    },
    body,
    privateHosts,
  })
  if (status < 200 || status > 299) throw new Error(`it answered ${status}`)
}

/** Whether it is long enough to sign with. */
export function isWebhookSecret(secret: unknown): boolean {
  return typeof secret === "string" && keyOf(secret).length >= 24
}

/** Standard Webhooks 1.0: HMAC-SHA256 over identifier, time and body. */
export function signatureOf(
  { id, seconds, body }: { id: string; seconds: number; body: string },
  secret: string,
): string {
  return `v1,${createHmac("sha256", keyOf(secret)).update(`${id}.${seconds}.${body}`).digest("base64")}`
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ""), "base64")
}
