/** Alerts by webhook: which rule, when and how often, taken from the sealed record, so that none is lost while the webhook is away. */
import { sealedAlerts } from "../sql/audit-export.ts"
import { type Alert, type AlertChannel, type AlertWebhookSettings, alertTexts } from "./alert.ts"
import type { Feed } from "./feed.ts"
import { postSigned, type Webhook } from "./signed-post.ts"

/** The feed brings every alert when it is sealed; the channel brings at once what may keep the record from being sealed. */
export function alertWebhook(
  { url: address, secret }: AlertWebhookSettings,
  { product, privateHosts }: { product: string; privateHosts: readonly string[] },
): { readonly feed: Feed; readonly channel: AlertChannel } {
  const url = new URL(address)
  const webhook: Webhook = { url, secret, privateHosts }
  const name = `alerts ${url.host}${url.pathname}`
  const post = ({ rule, entry, at, count }: Alert): Promise<void> =>
    postSigned(webhook, {
      id: `alert_${entry}`,
      type: "audit.alert",
      data: { product, rule, says: alertTexts[rule], entry, at: at.toISOString(), count },
    })
  return {
    feed: {
      name,
      begins: "now",
      statement: sealedAlerts,
      rows: 1,
      async hand(rows) {
        for (const row of rows) await post(row as unknown as Alert)
      },
    },
    channel: {
      name: `webhook ${url.host}`,
      async tell(alert) {
        if (alert.rule === "failedVerification") await post(alert)
      },
    },
  }
}
