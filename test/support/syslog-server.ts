/** A syslog server on this machine that takes messages with their lengths before them, and fails when it is told to. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { createServer as createSecureServer, type TlsOptions } from "node:tls"

export interface SyslogServer {
  readonly port: number
  /** What was read to the end, in the order of its coming. */
  readonly messages: string[]
  /** How many connections are to be reset after this many bytes. */
  resets: number[]
  stop(): Promise<void>
}

export async function startSyslogServer(
  options: { tls?: TlsOptions; port?: number } = {},
): Promise<SyslogServer> {
  const resets: number[] = []
  const messages: string[] = []
  const take = (socket: Socket): void => {
    const limit = server.resets.shift()
    const chunks: Buffer[] = []
    let bytes = 0
    socket.on("error", () => undefined)
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (limit !== undefined && bytes >= limit) {
        messages.push(...framesOf(Buffer.concat(chunks).subarray(0, limit)))
        socket.destroy()
      }
    })
    socket.on("end", () => messages.push(...framesOf(Buffer.concat(chunks))))
  }
  const listener: Server = options.tls ? createSecureServer(options.tls, take) : createServer(take)
  await new Promise<void>((resolve) => listener.listen(options.port ?? 0, "127.0.0.1", resolve))
  const server: SyslogServer = {
    port: (listener.address() as AddressInfo).port,
    messages,
    resets,
    stop: () => new Promise<void>((resolve) => listener.close(() => resolve())),
  }
  return server
}

/** Whole messages; what is cut is left out. */
function framesOf(bytes: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at)
    const length = Number(bytes.subarray(at, space).toString("ascii"))
    if (space < 0 || !Number.isInteger(length)) throw new Error("this is no length")
    if (space + 1 + length > bytes.length) break
    found.push(bytes.subarray(space + 1, space + 1 + length).toString("utf8"))
    at = space + 1 + length
  }
  return found
}
