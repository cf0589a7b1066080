/** The door `/auth`: sign-in and all that belongs to it, as better-auth answers it. */
import type { FastifyInstance } from "fastify"
import type { ReadAddress } from "./client-address.ts"
import { accountsPath } from "./create-accounts.ts"
import type { People } from "./people.ts"

/** Adds the routes. */
export function addAccountsDoor(server: FastifyInstance, people: People, readAddress: ReadAddress): void {
  server.route({
    method: ["GET", "POST"],
    url: `${accountsPath}/*`,
    handler: async (request, reply) => {
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
