/** Browsers and programs told apart: what a page may read of an answer never holds its session's token, which its cookie keeps from scripts. */

/** The header by which better-auth tells programs a token. */
export const tokenHeader = "set-auth-token"

/** Browsers say of themselves that they are; programs don't (Node's fetch says `sec-fetch-mode`, and nothing else). */
export function fromBrowser(headers: Headers): boolean {
  return ["origin", "referer", "sec-fetch-site", "sec-fetch-dest"].some((name) => headers.has(name))
}

/** The JSON without `token`, here and in `session`. */
export function withoutTokens(text: string): string {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return text
  }
  if (!isObject(answer)) return text
  const { token, session, ...rest } = answer
  if (token === undefined && session === undefined) return text
  if (!isObject(session)) return JSON.stringify(session === undefined ? rest : { ...rest, session })
  const { token: _, ...shown } = session
  return JSON.stringify({ ...rest, session: shown })
}

/**
 * The JSON with the token of the session that this answer begins, which is in the header alone, or beside the one that has just
 * ended. `asked` is what the request came with: a session that goes on is not told again.
 */
export function withNewToken(text: string, signed: string, asked: string | null): string {
  const token = decodeURIComponent(signed).split(".")[0]!
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return text
  }
  if (!isObject(answer) || answer["token"] === token || asked?.includes(token)) return text
  return JSON.stringify({ ...answer, token })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
