/** One request to a place outside: to the address that was checked, never on to another, and never into a private network unless that was allowed by name. */
import { type RequestOptions, request as requestPlain } from "node:http"
import { request as requestSecure } from "node:https"
import { checkedLookup } from "./public-address.ts"

export interface Sending {
  readonly url: URL
  readonly method: "GET" | "POST" | "PUT"
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Names of hosts that may be in a private network, and without TLS there. */
  readonly privateHosts: readonly string[]
  /** In milliseconds; ten seconds unless given. */
  readonly timeoutMs?: number
}

export interface Sent {
  readonly status: number
  readonly text: string
}

const answerBytesMax = 65_536

/** Throws with what kept it from being answered; no words of the other side are in it. */
export async function send(sending: Sending): Promise<Sent> {
  const { url, method, headers, body, privateHosts } = sending
  const isAllowed = privateHosts.includes(url.hostname)
  if (url.protocol !== "https:" && !(isAllowed && url.protocol === "http:"))
    throw new Error("it is not https, and its host is not among privateHosts")
  const options: RequestOptions = {
    method,
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
    agent: false,
    lookup: checkedLookup(url.hostname, privateHosts),
    signal: AbortSignal.timeout(sending.timeoutMs ?? 10_000),
  }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestSecure : requestPlain)(url, options, (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > answerBytesMax) request.destroy(new Error("its answer is too long"))
        else chunks.push(chunk)
      })
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      )
      answer.on("error", reject)
    })
    request.on("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.name === "AbortError" || cause.name === "TimeoutError" ? new Error("no answer in time") : cause,
      ),
    )
    request.end(body)
  })
}
