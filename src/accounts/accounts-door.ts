/** The door `/auth`: sign-in and all that belongs to it, as better-auth answers it. */
import { setTimeout as wait } from "node:timers/promises"
import type { FastifyInstance, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import { confirmed } from "../engine/renewed-caller.ts"
import { fromBrowser, tokenHeader, withNewToken, withoutTokens } from "./browser-answer.ts"
import type { ReadAddress } from "./client-address.ts"
import { accountsPath } from "./create-accounts.ts"
import type { People } from "./people.ts"
import { type RefusedAnswer, refusedAnswer } from "./refused-answer.ts"

export interface AccountsDoorParts {
  readonly people: People
  readonly readAddress: ReadAddress
  /** Puts a refusal of this door on record, and gives the error back. */
  readonly refuse: (error: UndercroftError, caller: Caller) => Promise<UndercroftError>
  /** The same for what better-auth refuses. */
  readonly noteAnswer: (refused: RefusedAnswer, caller: Caller) => Promise<void>
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

/** What outlives the session that makes it, or is somebody else's: for those who proved a moment ago who they are. */
const raising: ReadonlySet<string> = new Set([
  `${accountsPath}/admin/create-user`,
  `${accountsPath}/admin/impersonate-user`,
  `${accountsPath}/admin/set-role`,
  `${accountsPath}/admin/set-user-password`,
  `${accountsPath}/admin/update-user`,
  `${accountsPath}/api-key/create`,
  `${accountsPath}/api-key/update`,
  `${accountsPath}/link-social`,
  `${accountsPath}/unlink-account`,
])
const freshMs = 15 * 60_000

/** Where an answer that came sooner would tell that an address has no account (CVE-2026-26185). */
const evenPaths: ReadonlySet<string> = new Set([
  `${accountsPath}/request-password-reset`,
  `${accountsPath}/sign-in/magic-link`,
  `${accountsPath}/email-otp/send-verification-otp`,
])
const beatMs = 100

/** Adds the routes. */
export function addAccountsDoor(server: FastifyInstance, parts: AccountsDoorParts): void {
  const { people, authenticate, readAddress } = parts
  async function noteRefused(request: FastifyRequest, refused: RefusedAnswer): Promise<void> {
    // Credentials that are not good are on record when they are looked at.
    const caller = await Promise.resolve()
      .then(() => authenticate(request))
      .catch(() => null)
    if (caller) await parts.noteAnswer(refused, caller)
  }

  server.route({
    method: ["GET", "POST"],
    url: `${accountsPath}/*`,
    config: { door: "auth" },
    handler: async (request, reply) => {
      if (raising.has(request.url.split("?")[0]!)) {
        const caller = await confirmed(await authenticate(request))
        await checkFresh(caller).catch(async (error) => Promise.reject(await parts.refuse(error, caller)))
      }
      const began = performance.now()
      const headers = new Headers()
      for (const [name, value] of Object.entries(request.headers))
        for (const one of [value].flat()) if (one !== undefined) headers.append(name, one)
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
        readAddress(request.socket.remoteAddress, headers.get("x-forwarded-for") ?? undefined),
      )
      // What is not there, or not switched on, better-auth answers without a word.
      if (answer.status === 404 && !answer.headers.get("content-type")?.includes("json"))
        throw new UndercroftError("UC320")
      if (evenPaths.has(request.url.replace(/\?.*$/, "")))
        await wait(beatMs - ((performance.now() - began) % beatMs))
      reply.code(answer.status)
      for (const [name, value] of answer.headers)
        if (name !== "set-cookie" && !(isBrowser && name === tokenHeader)) reply.header(name, value)
      const cookies = answer.headers.getSetCookie()
      if (cookies.length > 0) reply.header("set-cookie", cookies)
      const text = await answer.text()
      const refused = refusedAnswer(
        { method: request.method, path: pathOf(request) },
        { status: answer.status, text },
      )
      if (refused) await noteRefused(request, refused)
      if (isBrowser) return reply.send(withoutTokens(text))
      const made = answer.headers.get(tokenHeader)
      return reply.send(made === null ? text : withNewToken(text, made, headers.get("authorization")))
    },
  })
}

/** The path below the door's. */
function pathOf({ url }: FastifyRequest): string {
  return url.replace(/\?.*$/, "").slice(accountsPath.length)
}

async function checkFresh({ id, claims }: Caller): Promise<void> {
  const { session, authenticatedAt } = claims
  // Whoever is nobody, or a machine, better-auth refuses.
  if (id === null || session === undefined) return
  if (Date.now() - Date.parse(String(authenticatedAt)) > freshMs)
    throw new UndercroftError("UC612", { how: "again", more: "" })
}
