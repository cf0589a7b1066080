/** Answers what never becomes a request: broken HTTP, a header flood, a body that never ends, CONNECT. */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { UndercroftError } from "../base/errors.ts"

/** The error in the catalogue for one of Node's HTTP parser. */
export function explainClientError(code: string | undefined): UndercroftError {
  if (code === "HPE_HEADER_OVERFLOW") return new UndercroftError("UC324")
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new UndercroftError("UC325")
  return new UndercroftError("UC323")
}

/** What Node keeps of the answer that a socket is at. */
interface AnsweringSocket extends Duplex {
  readonly _httpMessage?: (ServerResponse & { readonly req: IncomingMessage }) | null
}

/** Sends an error on a socket that has no response to send it with, and closes it. */
export function refuseSocket(error: UndercroftError, socket: AnsweringSocket): void {
  const { _httpMessage: answer } = socket
  // An answer that has begun must not be cut in two, nor this be taken for that to an earlier request.
  if (!socket.writable || (answer && (answer.headersSent || answer.req.complete))) {
    socket.destroy()
    return
  }
  const body = JSON.stringify(error.toBody())
  const head = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`, ...head, "", body].join("\r\n"))
}

function headersOf(body: string): Readonly<Record<string, string>> {
  return {
    connection: "close",
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
  }
}

/** Has the server answer what Node would answer without a body, or not at all. */
export function answerOddRequests(server: Server, bodyBytes: number): void {
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => undefined)
    refuseSocket(new UndercroftError("PGRST117", { method: "CONNECT" }), socket)
  })
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const error = new UndercroftError("UC326")
    const body = JSON.stringify(error.toBody())
    response.writeHead(error.status, headersOf(body)).end(body)
  })
  // A body that is too large is refused before it is sent.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers["content-length"] ?? 0) <= bodyBytes) response.writeContinue()
    server.emit("request", request, response)
  })
}
