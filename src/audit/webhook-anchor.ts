/** An anchor that is a webhook: each head is posted to it, signed as Standard Webhooks says. */
import { createHmac } from "node:crypto"
import type { RemoteAnchor, SignedHead } from "./anchor.ts"
import { send } from "./send.ts"

/** Heads are posted as JSON: `{ type: "audit.head", timestamp, data: { size, root, checkpoint, key } }`. */
export interface WebhookAnchorSettings {
  /** Where to. */
  readonly webhook: string
  /** What signs requests, `whsec_` and base64 of 24 bytes or more; the receiver has it, too. */
  readonly secret: string
  /** At most one head in this time; 10 unless given. */
  readonly everySeconds?: number
}

/** A head is known by its identifier: the receiver can tell one that comes twice. */
export function webhookAnchor(
  { webhook, secret, everySeconds = 10 }: WebhookAnchorSettings,
  privateHosts: readonly string[],
): RemoteAnchor {
  const url = new URL(webhook)
  return {
    name: `webhook ${url.host}${url.pathname}`,
    everySeconds,
    async put(head) {
      const seconds = Math.floor(Date.now() / 1000)
      const body = JSON.stringify({
        type: "audit.head",
        timestamp: new Date(seconds * 1000).toISOString(),
        data: head,
      })
      const id = idOf(head)
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
      return null
    },
  }
}

function idOf({ size, root }: SignedHead): string {
  return `head_${size}_${Buffer.from(root, "base64").toString("hex").slice(0, 16)}`
}

/** Standard Webhooks 1.0: HMAC-SHA256 over identifier, time and body. */
export function signatureOf(
  { id, seconds, body }: { id: string; seconds: number; body: string },
  secret: string,
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`
}
