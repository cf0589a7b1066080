/** One real PostgreSQL for all test files of a run; each file makes databases of its own in it. */
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
  return () => server.stop()
}
