/** The sealed record on its way to a syslog server: RFC 5424 over TLS or TCP, each message with its length before it (RFC 6587). */
import { connect as connectPlain, isIP, type TcpNetConnectOpts } from "node:net"
import { connect as connectSecure } from "node:tls"
import { entriesBetween } from "../sql/audit-export.ts"
import { type ExportedEntry, formatOf, severityOf } from "./export-formats.ts"
import type { Feed } from "./feed.ts"
import { checkedLookup } from "./public-address.ts"
import { countedFrame, syslogLine } from "./syslog-line.ts"

export interface SyslogSettings {
  /** A host in a private network has to be among `audit.privateHosts`. */
  readonly host: string
  /** 6514 unless given. */
  readonly port?: number
  /** How the server is known; `false` sends in the clear, only to hosts among `audit.privateHosts`. On unless given. */
  readonly tls?: boolean | SyslogTls
  /** What stands in a message: CEF unless given. */
  readonly format?: "cef" | "ocsf"
}

/** In PEM. */
export interface SyslogTls {
  /** Who signed the server's certificate, where that is nobody whom Node knows. */
  readonly ca?: string
  /** The name in the server's certificate, where it is not the host. */
  readonly servername?: string
  /** Who this is, for servers that ask. */
  readonly cert?: string
  readonly key?: string
}

const waitMs = 10_000

/** From the first entry on. */
export function syslogFeed(
  settings: SyslogSettings,
  { product, privateHosts }: { product: string; privateHosts: readonly string[] },
): Feed {
  const { host, port = 6514, format: name = "cef" } = settings
  const format = formatOf(name, product)
  const frameOf = (entry: ExportedEntry): Buffer =>
    countedFrame(syslogLine(entry, { product, severity: severityOf(entry), message: format.line(entry) }))
  return {
    name: `syslog ${host}:${port}`,
    begins: "first",
    statement: entriesBetween,
    rows: 500,
    async hand(rows) {
      const entries = rows.map((row) => ({ ...row, position: Number(row["position"]) }) as ExportedEntry)
      await sendAll(Buffer.concat(entries.map(frameOf)), settings, privateHosts)
    },
  }
}

/**
 * Syslog has no answer, and what is written to a connection need not be read. So each page has its own connection, which is ended from
 * here first: a server ends its side when it has read all; one that was lost with something unread resets it.
 */
function sendAll(
  bytes: Buffer,
  { host, port = 6514, tls = true }: SyslogSettings,
  privateHosts: readonly string[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (tls === false && !privateHosts.includes(host))
      throw new Error("it is without TLS, and its host is not among privateHosts")
    const options: TcpNetConnectOpts = { host, port, lookup: checkedLookup(host, privateHosts) }
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const socket =
      tls === false
        ? connectPlain(options)
        : connectSecure({ ...options, ...servername, ...(tls === true ? {} : tls) })
    let isEnding = false
    socket.setTimeout(waitMs, () =>
      socket.destroy(new Error(isEnding ? "it did not close the connection in time" : "no answer in time")),
    )
    socket.once(tls === false ? "connect" : "secureConnect", () =>
      socket.write(bytes, () => {
        isEnding = true
        socket.end()
      }),
    )
    socket.once("error", reject)
    socket.once("end", () => {
      if (!isEnding) socket.destroy(new Error("it closed the connection before it had read all"))
    })
    socket.once("close", () => (isEnding ? resolve() : reject(new Error("it closed the connection"))))
    socket.resume()
  })
}
