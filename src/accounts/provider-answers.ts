/** Where the provider's plugin answers otherwise than the standards say: put right, after it has done its work. */

type Handle = (request: Request) => Promise<Response>

/** How the plugin says that a token is none. */
const noToken: ReadonlySet<unknown> = new Set([
  "token not found",
  "refresh token revoked",
  "Invalid access token",
])

/** The same handler, with answers as clients and browsers expect them. `targets`: where people may be sent after signing out. */
export function correctAnswers(handle: Handle, targets: readonly string[]): Handle {
  return async (request) => {
    const answer = await handle(request)
    const path = /\/oauth2\/(token|revoke|end-session)(\/confirm)?$/.exec(new URL(request.url).pathname)?.[1]
    if (path === "end-session") return correctSignOut(answer, targets)
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

/** The page that asks whether to sign out: browsers refuse a `__Host-` cookie of one path, and forms whose answer leads elsewhere. */
function correctSignOut(answer: Response, targets: readonly string[]): Response {
  const headers = new Headers(answer.headers)
  headers.delete("set-cookie")
  for (const cookie of answer.headers.getSetCookie())
    headers.append("set-cookie", cookie.replace(/; *path=[^;]*/i, "; Path=/"))
  const policy = headers.get("content-security-policy")
  if (policy !== null)
    headers.set(
      "content-security-policy",
      policy.replace("form-action 'self'", ["form-action 'self'", ...targets].join(" ")),
    )
  return new Response(answer.body, { status: answer.status, headers })
}

async function readError(answer: Response): Promise<{ error?: unknown; error_description?: unknown }> {
  try {
    return (await answer.clone().json()) ?? {}
  } catch {
    return {}
  }
}
