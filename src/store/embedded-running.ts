/** Finds the embedded server that another process runs on a directory. */
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import pg from "pg"
import { superuser } from "./embedded-cluster.ts"
import { choosePlace } from "./embedded-place.ts"

/** What there is of an embedded server: no data at all, data at rest, or a server that answers. */
export type EmbeddedState =
  | { readonly kind: "none" | "stopped" }
  | { readonly kind: "running"; readonly url: string }

/** Looks at the directory that `startEmbedded` is given. Nothing is started. */
export async function findEmbedded(directory: string): Promise<EmbeddedState> {
  if (!existsSync(directory)) return { kind: "none" }
  const place = await choosePlace(directory)
  if (!existsSync(place.data)) return { kind: "none" }
  const endpoint = await readEndpoint(place.data)
  const password = await readFile(place.passwordFile ?? "", "utf8").then(
    (text) => text.trim(),
    () => null,
  )
  if (!endpoint || password === null) return { kind: "stopped" }
  const host = encodeURIComponent(endpoint.host)
  const url = `postgresql://${superuser}:${encodeURIComponent(password)}@${host}:${endpoint.port}/postgres`
  return (await answers(url)) ? { kind: "running", url } : { kind: "stopped" }
}

/** The lines of postmaster.pid: process, data, start, port, socket directory, listen address. */
async function readEndpoint(data: string): Promise<{ host: string; port: number } | null> {
  const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n")
  const [, , , port = "", socket = "", address = ""] = lines.map((line) => line.trim())
  const host = socket || address
  return host === "" || !/^\d+$/.test(port) ? null : { host, port: Number(port) }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on("error", () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
