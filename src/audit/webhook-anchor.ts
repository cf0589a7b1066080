/** An anchor that is a webhook: each head is posted to it, signed. */
import type { RemoteAnchor, SignedHead } from "./anchor.ts"
import { postSigned } from "./signed-post.ts"

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
      await postSigned({ url, secret, privateHosts }, { id: idOf(head), type: "audit.head", data: head })
      return null
    },
  }
}

function idOf({ size, root }: SignedHead): string {
  return `head_${size}_${Buffer.from(root, "base64").toString("hex").slice(0, 16)}`
}
