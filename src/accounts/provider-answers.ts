/** Where the provider's plugin answers otherwise than the standards say: put right, after it has done its work. */

type Handle = (request: Request) => Promise<Response>

/** How the plugin says that a token is none. */
const noToken: ReadonlySet<unknown> = new Set([
  "token not found",
  "refresh token revoked",
  "Invalid access token",
])

/** The same handler, with the answers of `/oauth2/token` and `/oauth2/revoke` as clients expect them. */
export function correctAnswers(handle: Handle): Handle {
  return async (request) => {
    const answer = await handle(request)
    const path = /\/oauth2\/(token|revoke)$/.exec(new URL(request.url).pathname)?.[1]
    if (path === undefined || answer.ok) return answer
    const body = await readError(answer)
    // RFC 7009, 2.2: that there is no such token is what was wanted.
    if (path === "revoke" && noToken.has(body.error_description)) return new Response(null, { status: 200 })
    // RFC 6749, 5.2 and RFC 7636, 4.6: 401 is for applications that did not prove who they are.
    if (path === "token" && answer.status === 401 && body.error === "invalid_request")
      return Response.json(
        { error: "invalid_grant", error_description: body.error_description },
        { status: 400, headers: { "cache-control": "no-store" } },
      )
    return answer
  }
}

async function readError(answer: Response): Promise<{ error?: unknown; error_description?: unknown }> {
  try {
    return (await answer.clone().json()) ?? {}
  } catch {
    return {}
  }
}
