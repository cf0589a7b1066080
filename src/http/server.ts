/** The HTTP server that the doors are added to: limits, headers, errors in one shape, health. */
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify"
import { UndercroftError } from "../base/errors.ts"

export interface HttpOptions {
  readonly bodyBytes: number
  /** Whether the backend can serve. */
  readonly isReady: () => Promise<boolean>
  /** Told of errors that are the server's own; the cause never leaves the process. */
  readonly onError: (error: UndercroftError) => void
}

/** Makes a server without doors. */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: options.bodyBytes,
    requestTimeout: 30_000,
    keepAliveTimeout: 10_000,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    frameworkErrors: (error, _request, reply) => sendError(reply, toUndercroftError(error, options), options),
    clientErrorHandler(error, socket) {
      const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request"
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    },
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
  server.addHook("onRequest", (_request, reply, done) => {
    reply.headers({
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      vary: "Authorization, Accept, Prefer",
    })
    done()
  })
  server.setErrorHandler((error: FastifyError | UndercroftError, _request, reply) => sendError(reply, toUndercroftError(error, options), options))
  server.setNotFoundHandler((_request, reply) => sendError(reply, new UndercroftError("UC320"), options))
  server.get("/health/live", (_request, reply) => reply.send({ status: "live" }))
  server.get("/health/ready", async (_request, reply) => {
    const ready = await options.isReady().catch(() => false)
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not ready" })
  })
  return server
}

function toUndercroftError(error: FastifyError | UndercroftError, options: HttpOptions): UndercroftError {
  if (error instanceof UndercroftError) return error
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") return new UndercroftError("UC318", { max: options.bodyBytes })
  if (error.code === "FST_ERR_BAD_URL" || error.code === "FST_ERR_MAX_PARAM_LENGTH") return new UndercroftError("UC320")
  if (typeof error.statusCode === "number" && error.statusCode >= 400 && error.statusCode < 500) {
    return new UndercroftError("PGRST102", { why: "The request could not be read" }, { cause: error })
  }
  return new UndercroftError("UC690", {}, { cause: error })
}

function sendError(reply: FastifyReply, error: UndercroftError, options: HttpOptions): FastifyReply {
  if (error.status >= 500) options.onError(error)
  if (error.status === 401) {
    const invalid = error.code.startsWith("PGRST30") ? `, error="invalid_token", error_description="${error.message.replace(/["\\]/g, "'")}"` : ""
    reply.header("www-authenticate", `Bearer realm="undercroft"${invalid}`)
  }
  if (error.status === 503) reply.header("retry-after", "1")
  return reply.code(error.status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(error.toBody()))
}
