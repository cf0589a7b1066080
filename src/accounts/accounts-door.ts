/** The door `/auth`: sign-in and all that belongs to it, as better-auth answers it. */
import { setTimeout as wait } from "node:timers/promises"
import type { FastifyInstance } from "fastify"
import { fromBrowser, tokenHeader, withoutTokens } from "./browser-answer.ts"
import { accountsPath, addressHeader } from "./create-accounts.ts"
import type { People } from "./people.ts"

/** Where an answer that came sooner would tell that an address has no account (CVE-2026-26185). */
const evenPaths: ReadonlySet<string> = new Set([
  `${accountsPath}/request-password-reset`,
  `${accountsPath}/sign-in/magic-link`,
  `${accountsPath}/email-otp/send-verification-otp`,
])
const beatMs = 100

/** Adds the routes. */
export function addAccountsDoor(server: FastifyInstance, people: People): void {
  server.route({
    method: ["GET", "POST"],
    url: `${accountsPath}/*`,
    handler: async (request, reply) => {
      const began = performance.now()
      const headers = new Headers()
      for (const [name, value] of Object.entries(request.headers))
        for (const one of [value].flat()) if (one !== undefined) headers.append(name, one)
      headers.set(addressHeader, request.ip)
      const isBrowser = fromBrowser(headers)
      // better-auth asks of whoever sends a cookie where their page is from; a program has no page that could be another's.
      if (!isBrowser) headers.set("origin", new URL(people.url).origin)
      // What a request says of its host is not believed: links in mails begin with the address of the settings.
      const answer = await people.handle(
        new Request(new URL(request.url, people.url), {
          method: request.method,
          headers,
          ...(request.body ? { body: new Uint8Array(request.body as Buffer) } : {}),
        }),
      )
      if (evenPaths.has(request.url.replace(/\?.*$/, "")))
        await wait(beatMs - ((performance.now() - began) % beatMs))
      reply.code(answer.status)
      for (const [name, value] of answer.headers)
        if (name !== "set-cookie" && !(isBrowser && name === tokenHeader)) reply.header(name, value)
      const cookies = answer.headers.getSetCookie()
      if (cookies.length > 0) reply.header("set-cookie", cookies)
      const text = await answer.text()
      return reply.send(isBrowser ? withoutTokens(text) : text)
    },
  })
}
