/** The routes of the pages on which a forgotten password is replaced, where mail is sent. */
import type { FastifyInstance } from "fastify"
import { pagePolicy } from "./account-page.ts"
import { ask, checkOrigin, readForm, readJson, sendPage } from "./page-requests.ts"
import {
  badLinkPage,
  forgotPage,
  forgotPath,
  newPasswordPage,
  newPasswordPath,
  replacedPage,
  sentPage,
} from "./password-pages.ts"
import type { People } from "./people.ts"

/** Adds the routes. They ask the door `/auth` like anyone else, so that whatever guards it guards them. */
export function addPasswordDoor(server: FastifyInstance, people: People): void {
  const policy = pagePolicy([])
  const tooMany = "Too many tries. Wait a while."

  server.get(forgotPath, (_request, reply) => sendPage(reply, 200, policy, forgotPage()))
  server.post(forgotPath, async (request, reply) => {
    checkOrigin(request, people)
    const email = readForm(request).get("email")?.trim() ?? ""
    const { statusCode } = await ask(server, request, "/request-password-reset", { email })
    if (statusCode === 200) return sendPage(reply, 200, policy, sentPage())
    const isSlowed = statusCode === 429
    return sendPage(
      reply,
      isSlowed ? 429 : 400,
      policy,
      forgotPage(isSlowed ? tooMany : "That is no e-mail address."),
    )
  })

  server.get(newPasswordPath, (request, reply) =>
    tokenOf(request.url) === null
      ? sendPage(reply, 400, policy, badLinkPage())
      : sendPage(reply, 200, policy, newPasswordPage()),
  )
  server.post(newPasswordPath, async (request, reply) => {
    checkOrigin(request, people)
    const token = tokenOf(request.url)
    if (token === null) return sendPage(reply, 400, policy, badLinkPage())
    const newPassword = readForm(request).get("password") ?? ""
    const answer = await ask(server, request, "/reset-password", { token, newPassword })
    if (answer.statusCode === 200) return sendPage(reply, 200, policy, replacedPage())
    const { code, message } = readJson(answer)
    if (answer.statusCode === 429) return sendPage(reply, 429, policy, newPasswordPage(tooMany))
    if (String(code).startsWith("PASSWORD_"))
      return sendPage(reply, 400, policy, newPasswordPage(`${message}.`))
    return sendPage(reply, 400, policy, badLinkPage())
  })
}

/** What the link brought; null where it was good no more. */
function tokenOf(url: string): string | null {
  return new URLSearchParams(url.split("?").slice(1).join("?")).get("token") || null
}
