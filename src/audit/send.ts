/** One request to a place outside: to the address that was checked, never on to another, and never into a private network unless that was allowed by name. */
import { lookup } from "node:dns"
import { type RequestOptions, request as requestPlain } from "node:http"
import { request as requestSecure } from "node:https"
import type { LookupFunction } from "node:net"
import ipaddr from "ipaddr.js"

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
  const literal = url.hostname.replace(/^\[|\]$/g, "")
  if (!isAllowed && ipaddr.isValid(literal)) refusePrivate(literal)
  const options: RequestOptions = {
    method,
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
    agent: false,
    lookup: lookupFor(isAllowed),
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

/** The connection goes to what was looked up and checked here: a name can't be one address for the check and another for the socket. */
function lookupFor(isAllowed: boolean): LookupFunction {
  return (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      try {
        for (const { address } of isAllowed ? [] : found) refusePrivate(address)
      } catch (cause) {
        return done(cause as NodeJS.ErrnoException, [])
      }
      const [first] = found
      if (options.all || first === undefined) return done(null, found)
      return done(null, first.address, first.family)
    })
}

/** Loopback, link-local (cloud metadata), private and reserved networks, also where IPv6 wraps them. */
function refusePrivate(address: string): void {
  if (ipaddr.process(address).range() !== "unicast")
    throw new Error("its address is in a private network, and its host is not among privateHosts")
}
