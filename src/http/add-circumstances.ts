/** Gives each request an identifier, answered in `X-Request-Id`, and has all that it causes know under which circumstances it came. */
import { randomUUID } from "node:crypto"
import type { FastifyInstance } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import { under } from "../store/circumstances.ts"

export interface CircumstanceOptions {
  readonly readAddress?: (socket: string | undefined, forwardedFor: string | undefined) => string
  readonly purposes?: readonly string[] | undefined
}

/** An identifier that another system gave is taken over where it can't be mistaken for anything else. */
const identifier = /^[A-Za-z0-9._-]{8,100}$/
const purposeText = /^[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?$/

export function addCircumstances(server: FastifyInstance, options: CircumstanceOptions): void {
  const { readAddress = (socket) => socket ?? "unknown", purposes } = options
  server.addHook("onRequest", (request, reply, done) => {
    const { headers, socket } = request
    const given = headers["x-request-id"]
    const id = typeof given === "string" && identifier.test(given) ? given : randomUUID()
    reply.header("x-request-id", id)
    const forwarded = headers["x-forwarded-for"]
    const address = readAddress(socket.remoteAddress, [forwarded].flat().join(",") || undefined)
    const purpose = headers["x-purpose"] ?? null
    const isStated = typeof purpose === "string"
    if (isStated && (!purposeText.test(purpose) || (purposes && !purposes.includes(purpose))))
      return done(refuse(purposes))
    const door = request.routeOptions.config?.door ?? "http"
    under({ door, request: id, address, purpose: isStated ? purpose : null }, done)
  })
}

function refuse(purposes: readonly string[] | undefined): UndercroftError {
  const mend = purposes ? `Say one of: ${purposes.join(", ")}.` : "Say it in up to 100 letters."
  return new UndercroftError("UC310", { header: "X-Purpose", why: "is no purpose that is known here", mend })
}
