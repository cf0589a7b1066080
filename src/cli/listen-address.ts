/** Where to listen: from options, the environment or the defaults, and tried before anything is started. */
import { createServer } from "node:net"
import { UndercroftError } from "../base/errors.ts"

export interface ListenAddress {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Options win over HOST and PORT. Throws UC906. */
export function readAddress(
  options: { host?: string | undefined; port?: string | undefined },
  command: string,
): ListenAddress {
  const host = options.host ?? (process.env.HOST || "127.0.0.1")
  const text = options.port ?? (process.env.PORT || "4000")
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new UndercroftError("UC906", {
      what: `The port is a number from 0 to 65535, not "${text}".`,
      command,
    })
  }
  return { host, port: Number(text) }
}

/** Throws UC904, UC905 when nothing can listen there, before a database is started in vain. */
export async function checkAddress({ host, port }: ListenAddress): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) =>
      server.once("error", reject).listen({ host, port, exclusive: true }, resolve),
    )
  } catch (cause) {
    throw toListenError(cause, { host, port })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

/** What the system said against an address; other errors stay what they are. */
export function toListenError(cause: unknown, { host, port }: ListenAddress): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException
  if (cause instanceof UndercroftError || (syscall !== "listen" && syscall !== "getaddrinfo")) return cause
  if (code === "EADDRINUSE") return new UndercroftError("UC904", { host, port }, { cause })
  const why = reasons[code ?? ""] ?? (cause as Error).message
  return new UndercroftError("UC905", { address: `${host}:${port}`, why }, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not (ports below 1024 are kept for the system)",
  EADDRNOTAVAIL: "it is not an address of this machine",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "there is no such host",
  EAFNOSUPPORT: "this machine does not have that kind of address",
}
