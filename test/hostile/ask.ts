/** Sends requests that no well-behaved client would: any path, any body, any bytes; and judges the answers. */
import { Agent, request } from "node:http"
import { connect } from "node:net"
import { expect } from "vitest"
import { canary } from "./hostile-model.ts"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface Request {
  readonly method?: string
  readonly path: string
  readonly body?: string | Buffer | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })

/** The path and the headers are sent as they are. */
export function ask(url: string, { method = "GET", path, body, headers = {} }: Request): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const own =
    body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path, agent, headers: { ...own, ...headers } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on("error", reject)
        answer.on("data", (chunk: Buffer) => chunks.push(chunk))
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    sent.on("error", reject)
    sent.end(body)
  })
}

/** Writes bytes on a connection of their own, and gives all that comes back until it is closed or silent. */
export function talk(
  url: string,
  bytes: string | Buffer | readonly (string | Buffer)[],
  silentMs = 300,
): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let said = ""
    const end = (): void => {
      socket.destroy()
      resolve(said)
    }
    socket.setTimeout(silentMs, end)
    socket.on("data", (chunk) => (said += chunk.toString("latin1")))
    socket.on("error", end)
    socket.on("close", end)
    for (const part of Array.isArray(bytes) ? bytes : [bytes]) socket.write(part as string)
  })
}

/** What only PostgreSQL, Node or our files would say. */
const foreign =
  /syntax error at|relation "|violates|duplicate key|invalid input|out of range for type|cannot cast|operator does not exist|node_modules|\.ts:\d|\bat [\w.<>]+ \(|undercroft\.|"?app"?\."?\w+|SQLSTATE|ERROR:|Unexpected token|in JSON at/

/** What is wrong with an answer; nothing for a success or an orderly refusal. `said` is what the request said itself. */
export function judge(answer: Answer, said: string): readonly string[] {
  const wrongs: string[] = []
  if (answer.status >= 500 || answer.status < 200) wrongs.push(`status ${answer.status}`)
  if (answer.status < 300) return wrongs
  const body = parse(answer.text)
  if (typeof body !== "object" || body === null || Object.keys(body).join() !== "code,message,details,hint") {
    return [...wrongs, `not an error in the usual shape: ${answer.status} ${answer.text.slice(0, 100)}`]
  }
  const { code, message, details, hint } = body as Record<string, unknown>
  if (typeof code !== "string" || code === "" || typeof message !== "string" || message === "")
    wrongs.push("no code or message")
  const words = [message, details, hint].join(" ")
  if (foreign.test(words) && !foreign.test(said)) wrongs.push(`foreign words: ${words.slice(0, 200)}`)
  if (words.includes(canary) && !said.includes(canary)) wrongs.push(`a row's value: ${words.slice(0, 200)}`)
  if (words.length > 2000) wrongs.push(`${words.length} characters of error`)
  return wrongs
}

/** The body of an error. */
export function errorOf(answer: Answer): { readonly code: string; readonly message: string } {
  return parse(answer.text) as { code: string; message: string }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Runs jobs eight at a time, and expects none to find anything wrong. */
export async function expectNothingWrong(jobs: readonly (() => Promise<readonly string[]>)[]): Promise<void> {
  const wrongs: string[] = []
  let at = 0
  const work = async (): Promise<void> => {
    for (let job = jobs[at++]; job && wrongs.length < 20; job = jobs[at++]) wrongs.push(...(await job()))
  }
  await Promise.all(Array.from({ length: 8 }, work))
  expect(wrongs).toEqual([])
}
