/** The page `/dev/mail`, where those who develop see the mails that were not sent. */
import type { FastifyInstance } from "fastify"
import { escapeHtml } from "../base/escape-html.ts"
import type { KeptMail } from "./mail.ts"

const mailPath = "/dev/mail"

const localHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/

/** Adds the route. */
export function addMailDoor(server: FastifyInstance, kept: () => readonly KeptMail[]): void {
  server.get(mailPath, (request, reply) => {
    // A name that somebody points at this machine is not this machine (DNS rebinding).
    if (!localHost.test(request.headers.host ?? "")) return reply.callNotFound()
    if (/\bapplication\/json\b/.test(request.headers.accept ?? "")) return reply.send(kept())
    return reply.type("text/html; charset=utf-8").send(page(kept()))
  })
}

function page(mails: readonly KeptMail[]): string {
  const list = mails.map(
    ({ at, to, subject, html }) =>
      `<article><h2>${escapeHtml(subject)}</h2><p><small>${escapeHtml(at)}, to ${escapeHtml(to)}</small></p>${html}</article>`,
  )
  const content = list.length > 0 ? list.join("<hr>") : "<p>No mail yet.</p>"
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails</title><h1>Mails</h1>${content}</html>`
}
