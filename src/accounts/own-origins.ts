/** The origins of a backend's own pages: an address of one's own machine has its name, too, for passkeys need a name. */

/** The first is the one of links; the last the one of passkeys. */
export function ownOrigins(url: string): readonly [string, ...string[]] {
  const { origin, protocol, hostname, port } = new URL(url)
  const isNear = hostname === "127.0.0.1" || hostname === "[::1]"
  return isNear ? [origin, `${protocol}//localhost${port === "" ? "" : `:${port}`}`] : [origin]
}
