/** A project whose database stands ready, as its development server leaves it. */
import { createDatabase } from "./backend.ts"
import { makeProject, startCommand, type TestProject } from "./command.ts"

export interface ReadyProject {
  readonly project: TestProject
  readonly url: string
  /** What commands need to find project and database. */
  readonly options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }
  remove(): Promise<void>
}

/** Starts and stops the development server once, on a database of its own. */
export async function makeReadyProject(files: Readonly<Record<string, string>>): Promise<ReadyProject> {
  const database = await createDatabase()
  const project = await makeProject(files)
  const options = { cwd: project.folder, env: { DATABASE_URL: database.url } }
  const server = startCommand(["dev", "--no-watch", "--port", "0", "--json"], options)
  await server.until('"ready":true')
  server.child.kill("SIGTERM")
  await server.ended
  return {
    project,
    url: database.url,
    options,
    async remove() {
      await project.remove()
      await database.drop()
    },
  }
}
