/** Alerts by mail: which rule, when and how often; the entry tells the rest to those who may read it. */
import { escapeHtml } from "../base/escape-html.ts"
import { type AlertChannel, alertTexts } from "./alert.ts"

/** A mail, as the post takes it. */
interface AlertMail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** `product` is the backend's name. */
export function mailChannel(
  product: string,
  addresses: readonly string[],
  send: (mail: AlertMail) => void,
): AlertChannel {
  return {
    name: "mail",
    async tell({ rule, at, count, entry }) {
      const lines = [
        `${at.toISOString()}: ${alertTexts[rule]} (${count}).`,
        `The rule is ${rule}. Who and what stands in the record, in the entry ${entry}.`,
      ]
      const subject = `${product}: alert, ${alertTexts[rule]}`
      const html = lines.map((line) => `<p>${escapeHtml(line)}</p>`).join("\n")
      for (const to of addresses) send({ to, subject, text: `${lines.join("\n\n")}\n`, html })
    },
  }
}
