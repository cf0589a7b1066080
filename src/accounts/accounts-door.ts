/** The door `/auth`: sign-in and all that belongs to it, as better-auth answers it. */
import type { FastifyInstance, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import { confirmed } from "../engine/renewed-caller.ts"
import type { ReadAddress } from "./client-address.ts"
import { accountsPath } from "./create-accounts.ts"
import type { People } from "./people.ts"

export interface AccountsDoorParts {
  readonly people: People
  readonly readAddress: ReadAddress
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

/** What outlives the session that makes it, and is made by somebody who proved a moment ago who they are. */
const lasting: ReadonlySet<string> = new Set([
  `${accountsPath}/api-key/create`,
  `${accountsPath}/api-key/update`,
])
const freshMs = 15 * 60_000

/** Adds the routes. */
export function addAccountsDoor(server: FastifyInstance, parts: AccountsDoorParts): void {
  const { people, authenticate, readAddress } = parts
  server.route({
    method: ["GET", "POST"],
    url: `${accountsPath}/*`,
    handler: async (request, reply) => {
      if (lasting.has(request.url.split("?")[0]!)) checkFresh(await confirmed(await authenticate(request)))
      const headers = new Headers()
      for (const [name, value] of Object.entries(request.headers))
        for (const one of [value].flat()) if (one !== undefined) headers.append(name, one)
      // What a request says of its host is not believed: links in mails begin with the address of the settings.
      const answer = await people.handle(
        new Request(new URL(request.url, people.url), {
          method: request.method,
          headers,
          ...(request.body ? { body: new Uint8Array(request.body as Buffer) } : {}),
        }),
        readAddress(request.socket.remoteAddress, headers.get("x-forwarded-for") ?? undefined),
      )
      reply.code(answer.status)
      for (const [name, value] of answer.headers) if (name !== "set-cookie") reply.header(name, value)
      const cookies = answer.headers.getSetCookie()
      if (cookies.length > 0) reply.header("set-cookie", cookies)
      return reply.send(await answer.text())
    },
  })
}

function checkFresh({ id, claims }: Caller): void {
  const { session, authenticatedAt } = claims
  // Whoever is nobody, or a machine, better-auth refuses.
  if (id === null || session === undefined) return
  if (Date.now() - Date.parse(String(authenticatedAt)) > freshMs)
    throw new UndercroftError("UC612", { how: "again" })
}
