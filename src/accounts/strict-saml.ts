/** What identity providers post, before anybody reads it: two members, once each, and nothing that the browser knows of this site. */
import { addressHeader } from "./guard.ts"
import { maxLength } from "./saml-form.ts"

type Answer = (request: Request) => Promise<Response>

const kept = [addressHeader, "user-agent"]
const members = ["SAMLResponse", "RelayState"]

/** The same handler. `path` is where routes of SAML are. */
export function strictSaml(answer: Answer, path: string): Answer {
  return async (request) => {
    const { pathname, origin } = new URL(request.url)
    if (!(pathname.startsWith(path) && pathname.endsWith("/acs") && request.method === "POST"))
      return answer(request)
    const type = request.headers.get("content-type") ?? ""
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
      return refuse(415, "NOT_A_FORM", "An answer is posted as a form")
    const text = await request.text()
    // Each letter of base64 may be written as three.
    if (text.length > 3 * maxLength) return refuse(413, "ANSWER_TOO_LARGE", "The answer is too large")
    const sent = new URLSearchParams(text)
    if (members.some((one) => sent.getAll(one).length !== 1))
      return refuse(400, "NOT_AN_ANSWER", "An answer has SAMLResponse and RelayState, once each")
    const headers = new Headers({ "content-type": "application/json" })
    for (const name of kept) {
      const value = request.headers.get(name)
      if (value !== null) headers.set(name, value)
    }
    const body = JSON.stringify(Object.fromEntries(members.map((one) => [one, sent.get(one)])))
    return answer(new Request(`${origin}${pathname}`, { method: "POST", headers, body }))
  }
}

function refuse(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status })
}
