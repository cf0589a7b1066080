/** One real PostgreSQL for all test files of a run, in which each makes databases of its own; and one cache of compiled sources. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { startEmbedded } from "../../src/store/embedded.ts"

declare module "vitest" {
  interface ProvidedContext {
    readonly postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startEmbedded({ directory: "", ephemeral: true, settings: { max_connections: "300" } })
  project.provide("postgresUrl", server.url)
  // A command that is started compiles nothing that another one compiled before.
  const compiled = await mkdtemp(join(tmpdir(), "undercroft-compiled-"))
  process.env["NODE_COMPILE_CACHE"] = compiled
  return async () => {
    await server.stop()
    // Whoever ends last may still be writing.
    await rm(compiled, { recursive: true, force: true, maxRetries: 20 })
  }
}
