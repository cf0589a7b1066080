/** Lets pages of other origins read answers (Fetch standard, "CORS protocol"): those that the backend names, without cookies. */
import type { FastifyInstance, FastifyReply } from "fastify"

/** What a page may read beyond what any may. */
const exposed =
  "Content-Range, ETag, Idempotency-Replayed, Location, Preference-Applied, Retry-After, WWW-Authenticate, X-Request-Id"
const methods = "GET, HEAD, QUERY, POST, PUT, PATCH, DELETE, OPTIONS"
const names = /^[A-Za-z0-9-]{1,60}(\s*,\s*[A-Za-z0-9-]{1,60}){0,40}$/

/** Pages that a developer's own machine serves. */
export function isLocalOrigin(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/.test(origin)
}

export function addCors(server: FastifyInstance, allows: (origin: string) => boolean): void {
  server.addHook("onRequest", (request, reply, done) => {
    const {
      origin,
      "access-control-request-method": asked,
      "access-control-request-headers": headers,
    } = request.headers
    if (origin !== undefined) {
      reply.header("vary", `${String(reply.getHeader("vary"))}, Origin`)
      if (allows(origin)) {
        reply.headers({ "access-control-allow-origin": origin, "access-control-expose-headers": exposed })
        if (request.method === "OPTIONS" && asked !== undefined) return void sendPreflight(reply, headers)
      }
    }
    done()
  })
}

/** The browser asks before it sends what a form could not; the rules are asked when it does. */
function sendPreflight(reply: FastifyReply, headers: string | undefined): FastifyReply {
  if (headers !== undefined && names.test(headers)) reply.header("access-control-allow-headers", headers)
  return reply
    .code(204)
    .headers({ "access-control-allow-methods": methods, "access-control-max-age": "600" })
    .send()
}
