/** How the pages of accounts read what browsers send, ask the door, and answer. */
import type { FastifyInstance, FastifyReply, FastifyRequest, LightMyRequestResponse } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { People } from "./people.ts"

/** The pages use the door `/auth` like anyone else, so that whatever guards it guards them. */
export function ask(
  server: FastifyInstance,
  request: FastifyRequest,
  path: string,
  body?: object,
): Promise<LightMyRequestResponse> {
  const { cookie, origin, "user-agent": agent, "x-forwarded-for": forwarded } = request.headers
  const headers = Object.entries({ cookie, origin, "user-agent": agent, "x-forwarded-for": forwarded })
  return server.inject({
    method: body ? "POST" : "GET",
    url: `/auth${path}`,
    remoteAddress: request.ip,
    headers: {
      ...Object.fromEntries(headers.filter(([, value]) => value !== undefined)),
      accept: "application/json",
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { payload: JSON.stringify(body) } : {}),
  })
}

/** Browsers say where a form comes from: from here, or it is refused (CSRF, and signing others in). */
export function checkOrigin({ headers: { origin } }: FastifyRequest, people: People): void {
  if (origin !== new URL(people.url).origin)
    throw new UndercroftError("UC611", { origin: String(origin ?? "none").slice(0, 100) })
}

/** The members of a form; none where the body is none. */
export function readForm(request: FastifyRequest): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\b/.test(request.headers["content-type"] ?? "")
  return new URLSearchParams(isForm ? String(request.body ?? "") : "")
}

/** What is refused may have no body. */
export function readJson({ body }: LightMyRequestResponse): Record<string, unknown> {
  return body === "" ? {} : (JSON.parse(body) ?? {})
}

/** What the door set is set by the page. */
export function passCookies(reply: FastifyReply, answer: LightMyRequestResponse): void {
  const cookies = answer.headers["set-cookie"]
  if (cookies !== undefined) reply.header("set-cookie", cookies)
}

/** Answers with a page under its policy. */
export function sendPage(reply: FastifyReply, status: number, policy: string, html: string): FastifyReply {
  return reply
    .code(status)
    .headers({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      // With `no-referrer` browsers would not say where the form comes from.
      "referrer-policy": "same-origin",
    })
    .send(html)
}
