/** A project's database for commands that look into it: one's own, the running server's, or the data at rest, started for as long as needed. */

import { UndercroftError } from "../base/errors.ts"
import type { Policies } from "../policy/policies.ts"
import { startEmbedded } from "../store/embedded.ts"
import { findEmbedded } from "../store/embedded-running.ts"
import { type OpenDatabase, openDatabase } from "../store/open-database.ts"
import type { Project } from "./project.ts"
import { databaseUrl } from "./serve.ts"

export interface ProjectDatabase extends OpenDatabase {
  readonly adminUrl: string
  close(): Promise<void>
}

/** Finds and opens it. Throws UC909 where there is none yet. */
export async function openProjectDatabase(project: Project, policies: Policies): Promise<ProjectDatabase> {
  const own = databaseUrl()
  const { adminUrl, close } =
    own === undefined ? await reachEmbedded(project.directory) : { adminUrl: own, close: noop }
  try {
    return { ...(await openDatabase(adminUrl, policies)), adminUrl, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

const noop = async (): Promise<void> => undefined

async function reachEmbedded(directory: string): Promise<{ adminUrl: string; close: () => Promise<void> }> {
  const found = await findEmbedded(directory)
  if (found.kind === "none") throw new UndercroftError("UC909")
  if (found.kind === "running") return { adminUrl: found.url, close: noop }
  const server = await startEmbedded({ directory })
  return { adminUrl: server.url, close: () => server.stop() }
}
