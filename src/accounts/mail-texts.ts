/** The words of every mail. Nothing that somebody typed stands in one: mails of ours carry no text of strangers. */
import { escapeHtml } from "../base/escape-html.ts"
import type { Mail } from "./mail.ts"

interface Wording {
  readonly subject: string
  readonly lines: readonly string[]
  /** Last, on a line of its own. */
  readonly link?: string
  readonly code?: string
}

/** What mails are about. */
export interface MailTexts {
  verify(to: string, link: string): Mail
  exists(to: string): Mail
  newAddress(to: string, link: string): Mail
  reset(to: string, link: string): Mail
  magicLink(to: string, link: string): Mail
  code(to: string, code: string): Mail
  changed(to: string, what: string, undo: string): Mail
  /** That somebody broke the glass; the reader's own act, or somebody's whom they watch over. */
  override(to: string, opened: { kind: string; id: string; openedBy: string; expiresAt: Date }): Mail
  newDevice(to: string, device: string, undo: string): Mail
}

const ignore = "If it was not you, you need not do anything."

/** Mails of the backend with this name. */
export function mailTexts(name: string): MailTexts {
  const mail = (to: string, { subject, lines, link, code }: Wording): Mail => {
    const parts = [...lines, ...[link ?? code ?? []].flat()]
    const html = lines.map((one) => `<p>${escapeHtml(one)}</p>`)
    if (link !== undefined) html.push(`<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>`)
    if (code !== undefined) html.push(`<p><strong>${escapeHtml(code)}</strong></p>`)
    return { to, subject: `${name}: ${subject}`, text: `${parts.join("\n\n")}\n`, html: html.join("\n") }
  }
  const undoing = "If it was not you, open this link: everybody is signed out, and you choose a new password."
  return {
    verify: (to, link) =>
      mail(to, {
        subject: "confirm your address",
        lines: [
          "Somebody made an account with this address. If it was you, confirm it within an hour.",
          "If it was not you, do not open the link.",
        ],
        link,
      }),
    exists: (to) =>
      mail(to, {
        subject: "you have an account already",
        lines: [`Somebody asked for an account with this address, which has one. ${ignore}`],
      }),
    newAddress: (to, link) =>
      mail(to, {
        subject: "use this address",
        lines: [
          "Somebody asked to use this address for their account. If it was you, open the link where you are signed in. It is good once, for half an hour.",
          "If it was not you, do not open it.",
        ],
        link,
      }),
    reset: (to, link) =>
      mail(to, {
        subject: "choose a new password",
        lines: [`Somebody asked for a new password. The link is good once, for half an hour. ${ignore}`],
        link,
      }),
    magicLink: (to, link) =>
      mail(to, {
        subject: "sign in",
        lines: [`This link signs you in. It is good once, for five minutes. ${ignore}`],
        link,
      }),
    code: (to, code) =>
      mail(to, {
        subject: "your code",
        lines: [
          `With this code you sign in. It is good once, for five minutes. Tell it to nobody. ${ignore}`,
        ],
        code,
      }),
    changed: (to, what, undo) =>
      mail(to, { subject: "your account was changed", lines: [what, undoing], link: undo }),
    override: (to, { kind, id, openedBy, expiresAt }) =>
      mail(to, {
        subject: "an emergency override was opened",
        lines: [
          `The account ${openedBy} opened the emergency override ${id} (${kind}). It ends at ${expiresAt.toISOString()} at the latest, what is done under it is on record, and somebody else reviews it.`,
          "If it is your account and it was not you, sign out everywhere and choose a new password at once.",
        ],
      }),
    newDevice: (to, device, undo) =>
      mail(to, {
        subject: "a new device signed in",
        lines: [`You were signed in from a device or network that was not seen before: ${device}.`, undoing],
        link: undo,
      }),
  }
}
