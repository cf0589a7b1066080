/** What providers send back, before anybody reads it: what is known, once, and none of their words. */

type Answer = (request: Request) => Promise<Response>

const named = ["state", "code", "iss", "user"] as const
const maxLength = 4096
/** RFC 6749, 4.1.2.1 and OpenID Connect Core, 3.1.2.6: what went wrong may be said in these words. */
const errors: ReadonlySet<string> = new Set([
  "access_denied",
  "temporarily_unavailable",
  "server_error",
  "login_required",
  "consent_required",
  "interaction_required",
  "account_selection_required",
])

/** The same handler. `path` is where callbacks are answered. */
export function strictCallbacks(answer: Answer, path: string): Answer {
  return async (request) => {
    const url = new URL(request.url)
    if (!url.pathname.startsWith(path)) return answer(request)
    // A form comes from another site, without the cookies that the state is compared with: the browser is sent here again.
    const isForm = request.method === "POST"
    url.search = kept(isForm ? new URLSearchParams(await request.text()) : url.searchParams).toString()
    if (isForm) return new Response(null, { status: 303, headers: { location: url.href } })
    return answer(new Request(url, { headers: request.headers }))
  }
}

function kept(sent: URLSearchParams): URLSearchParams {
  const read = new URLSearchParams()
  for (const name of named) {
    const values = sent.getAll(name)
    if (values.length === 1 && values[0]!.length <= maxLength) read.set(name, values[0]!)
  }
  const error = sent.get("error")
  if (error === null) return read
  read.delete("code")
  read.set("error", errors.has(error) ? error : "provider_error")
  return read
}
