/** An answer as it is recorded and compared: the status, the headers that say something, the body as JSON. */
import type { RecordedRequest } from "./requests.ts"

export interface RecordedAnswer {
  readonly request: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The code where the answer is an error; the text where it is not JSON. */
  readonly body: unknown
}

const kept = ["content-type", "content-range", "location", "preference-applied", "allow"]

/** Sends a request to a server. */
export async function readAnswer(root: string, request: RecordedRequest): Promise<RecordedAnswer> {
  const { method, path, headers, body } = request
  const response = await fetch(root + path, { method, headers, body })
  const text = await response.text()
  return {
    request: `${method} ${path} ${JSON.stringify(headers)} ${body ?? ""}`.trim(),
    status: response.status,
    headers: Object.fromEntries(
      kept.flatMap((name) => {
        const value = response.headers.get(name)
        return value === null ? [] : [[name, value]]
      }),
    ),
    body: readBody(response, text),
  }
}

function readBody(response: Response, text: string): unknown {
  if (!response.headers.get("content-type")?.includes("json") || text === "") return text
  const parsed = JSON.parse(text) as unknown
  return response.ok ? parsed : { code: (parsed as { code: unknown }).code }
}
