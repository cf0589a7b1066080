/** The HTTP server that the doors are added to: limits, headers, errors in one shape, health. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import { addCircumstances } from "./add-circumstances.ts"
import { addCors } from "./cors.ts"
import { answerOddRequests, explainClientError, refuseSocket } from "./refuse-socket.ts"

export interface HttpOptions {
  readonly bodyBytes: number
  /** Origins whose pages may read answers. */
  readonly allowsOrigin: (origin: string) => boolean
  /** Whether the backend can serve. */
  readonly isReady: () => Promise<boolean>
  /** Told of errors that are the server's own; the cause never leaves the process. */
  readonly onError: (error: UndercroftError) => void
  /** Says where a request comes from, which the record tells; left out: the socket. */
  readonly readAddress?: (socket: string | undefined, forwardedFor: string | undefined) => string
  /** Told of connections that ended before they were a request. */
  readonly onBroken?: (error: UndercroftError, address: string | null) => void
  /** The purposes of use that a request may state; left out: any. */
  readonly purposes?: readonly string[] | undefined
}

/** Request line and headers together: the longest query string that the grammar takes, and room for a token. */
const headerBytes = 81_920

/** Makes a server without doors. */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: options.bodyBytes,
    requestTimeout: 30_000,
    http: {
      maxHeaderSize: headerBytes,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2_000,
      // Node's own refusal has no body.
      requireHostHeader: false,
    },
    keepAliveTimeout: 10_000,
    forceCloseConnections: "idle",
    // What arrives while the server stops is still answered, as the last on its connection.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    frameworkErrors: (error, _request, reply) => sendError(reply, toUndercroftError(error, options), options),
    clientErrorHandler(error, socket) {
      const explained = explainClientError(error.code)
      options.onBroken?.(explained, (socket as Socket).remoteAddress ?? null)
      refuseSocket(explained, socket)
    },
  })
  let isClosing = false
  let sweep: NodeJS.Timeout | undefined
  server.addHook("preClose", (done) => {
    isClosing = true
    // Connections that were busy become idle, and would be waited for.
    sweep = setInterval(() => server.server.closeIdleConnections(), 20).unref()
    done()
  })
  server.addHook("onClose", (_, done) => {
    clearInterval(sweep)
    done()
  })
  answerOddRequests(server.server, options.bodyBytes)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
  server.addHook("onRequest", (request, reply, done) => {
    reply.headers({
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      vary: "Authorization, Accept, Prefer",
    })
    const { raw, headers, method } = request
    const isOdd = raw.httpVersionMajor !== 1 || !namesOneHost(raw)
    // Of a body that nobody reads (RFC 9110, 9.3.1) not even the rest is waited for.
    const isUnread = (method === "GET" || method === "HEAD") && hasBody(headers)
    if (isOdd || isUnread || isClosing) reply.header("connection", "close")
    if (isOdd) done(new UndercroftError("UC323"))
    else done()
  })
  addCircumstances(server, options)
  addCors(server, options.allowsOrigin)
  server.setErrorHandler((error: FastifyError | UndercroftError, _request, reply) =>
    sendError(reply, toUndercroftError(error, options), options),
  )
  server.setNotFoundHandler((_request, reply) => sendError(reply, new UndercroftError("UC320"), options))
  server.get("/health/live", (_request, reply) => reply.send({ status: "live" }))
  server.get("/health/ready", async (_request, reply) => {
    const ready = await options.isReady().catch(() => false)
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not ready" })
  })
  return server
}

/** RFC 9112, 3.2: a request with no Host, or with two, is refused; HTTP/1.0 has none. */
function namesOneHost({ rawHeaders, httpVersionMinor }: IncomingMessage): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === "host") hosts++
  }
  return hosts === 1 || (hosts === 0 && httpVersionMinor === 0)
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"
}

function toUndercroftError(error: FastifyError | UndercroftError, options: HttpOptions): UndercroftError {
  if (error instanceof UndercroftError) return error
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new UndercroftError("UC318", { max: options.bodyBytes })
  if (error.statusCode === 415) return new UndercroftError("PGRST102/type", { type: "none" })
  if (error.code === "FST_ERR_BAD_URL" || error.code === "FST_ERR_MAX_PARAM_LENGTH")
    return new UndercroftError("UC320")
  if (typeof error.statusCode === "number" && error.statusCode >= 400 && error.statusCode < 500) {
    return new UndercroftError("PGRST102", { why: "The request could not be read" }, { cause: error })
  }
  return new UndercroftError("UC690", {}, { cause: error })
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** How the answers of a route tell an error; the catalogue's way where it says nothing. */
    readonly errorBody?: (error: UndercroftError) => object
    /** What the record calls the door of a route. */
    readonly door?: string
  }
}

function sendError(reply: FastifyReply, error: UndercroftError, options: HttpOptions): FastifyReply {
  if (error.status >= 500) options.onError(error)
  if (error.status === 401) {
    const invalid = error.code.startsWith("PGRST30")
      ? `, error="invalid_token", error_description="${error.message.replace(/["\\]/g, "'")}"`
      : ""
    // RFC 9470.
    const stepUp =
      error.code === "UC612"
        ? `, error="insufficient_user_authentication"${error.message.includes("second factor") ? ', acr_values="two-factor"' : ""}`
        : ""
    reply.header("www-authenticate", `Bearer realm="undercroft"${invalid}${stepUp}`)
  }
  if (error.status === 405 && error.code === "UC345") reply.header("allow", "POST")
  const retryAfter = error.retryAfter ?? (error.status === 503 ? 1 : null)
  if (retryAfter !== null) reply.header("retry-after", String(retryAfter))
  const { errorBody } = reply.request.routeOptions?.config ?? {}
  return reply
    .code(error.status)
    .header("content-type", "application/json; charset=utf-8")
    .send(JSON.stringify(errorBody ? errorBody(error) : error.toBody()))
}
