/** Mails: handed to an SMTP server after the request was answered, or kept for whoever develops to see. */
import { createTransport } from "nodemailer"
import { UndercroftError } from "../base/errors.ts"

export interface MailSettings {
  /** Whom mails are from, such as `Clinic <no-reply@clinic.example.org>`. */
  readonly from: string
  /** Who delivers them, such as `smtps://user:password@mail.example.org`; nothing goes to another machine unencrypted. */
  readonly smtp?: string
}

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface KeptMail extends Mail {
  readonly at: string
}

/** Where mails are put. */
export interface Post {
  /** Soon; what it takes to write the mail happens after the answer, too. Null writes none. */
  send(write: () => Mail | null | Promise<Mail | null>): void
  /** Mails that were not sent but kept, the newest first; null where they are sent. */
  readonly kept: (() => readonly KeptMail[]) | null
  /** Waits for what is under way. */
  close(): Promise<void>
}

/** The settings with what the environment says of mail, where they don't. */
export function withMail<S extends { readonly mail?: MailSettings }>(
  settings: S,
  given: Partial<MailSettings> = {},
): S {
  const { from = given.from, smtp = given.smtp } = settings.mail ?? {}
  return from && smtp ? { ...settings, mail: { from, smtp } } : settings
}

const keptMails = 200

/** `tell` is told of what could not be sent: neither to whom nor what was in it. */
export function openPost(settings: MailSettings | null, tell: (error: UndercroftError) => void): Post {
  const kept: KeptMail[] = []
  const underWay = new Set<Promise<void>>()
  const transport = settings?.smtp ? openTransport(settings.smtp) : null
  const deliver = async (mail: Mail | null): Promise<void> => {
    if (mail === null) return
    if (transport) await transport.sendMail({ ...mail, from: settings!.from })
    else kept.unshift({ ...mail, at: new Date().toISOString() })
    kept.splice(keptMails)
  }
  return {
    send(write) {
      const sent = new Promise<void>((resolve) => setImmediate(resolve))
        .then(write)
        .then(deliver)
        .catch((cause: unknown) => tell(new UndercroftError("UC931", { why: reasonOf(cause) })))
        .finally(() => underWay.delete(sent))
      underWay.add(sent)
    },
    kept: transport ? null : () => kept,
    async close() {
      await Promise.all(underWay)
      transport?.close()
    },
  }
}

function openTransport(smtp: string): ReturnType<typeof createTransport> {
  const { protocol = "", hostname = "" } = URL.parse(smtp) ?? {}
  if (!/^smtps?:$/.test(protocol) || hostname === "") throw new UndercroftError("UC933")
  const isNear = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  return createTransport({
    url: smtp,
    pool: true,
    requireTLS: !isNear,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as Parameters<typeof createTransport>[0])
}

/** A code alone: what servers answer repeats addresses. */
function reasonOf(cause: unknown): string {
  const { code, responseCode } = (cause ?? {}) as { code?: unknown; responseCode?: unknown }
  const found = [code, responseCode].filter((one) => typeof one === "string" || typeof one === "number")
  return found.length > 0 ? found.join(" ") : "it could not be written"
}
