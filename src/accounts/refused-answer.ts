/** What of the answers of accounts is a refusal that has no event of its own: attempts at guessing have. */
import { guardedRoute } from "./guarded-routes.ts"

/** As the record tells it. */
export interface RefusedAnswer {
  /** The answer's own code, or its status. */
  readonly result: string
  /** Such as `POST /admin/set-role`. */
  readonly route: string
}

/** OAuth answers 400 where a code or a token is not good (RFC 6749, 5.2). */
const oauthRefusals: ReadonlySet<string> = new Set(["invalid_grant", "invalid_client", "unauthorized_client"])

/** `path` is that below the door's. */
export function refusedAnswer(
  { method, path }: { readonly method: string; readonly path: string },
  { status, text }: { readonly status: number; readonly text: string },
): RefusedAnswer | null {
  if (status < 400 || status >= 500 || guardedRoute(method, path)?.event !== undefined) return null
  const code = codeOf(text)
  const isRefused = status === 401 || status === 403 || (code !== null && oauthRefusals.has(code))
  const isPlain = /^[\w/.-]{1,60}$/.test(path)
  return isRefused ? { result: code ?? String(status), route: isPlain ? `${method} ${path}` : method } : null
}

function codeOf(text: string): string | null {
  try {
    const { code, error } = JSON.parse(text) as { readonly code?: unknown; readonly error?: unknown }
    const found = code ?? error
    return typeof found === "string" && /^\w{1,60}$/.test(found) ? found : null
  } catch {
    return null
  }
}
