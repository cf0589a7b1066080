/** `undercroft dev`: a server for development, with data to start with, ready callers, and a restart at every change. */

import type { UndercroftError } from "../base/errors.ts"
import { isLocalOrigin } from "../http/cors.ts"
import type { Command } from "./command.ts"
import { command, hostOption, jsonOption, portOption, projectOption } from "./command.ts"
import { issuerOf, readDevelopmentKey } from "./development-key.ts"
import { readAddress } from "./listen-address.ts"
import { refuseInProduction } from "./production.ts"
import { findProject, loadProject } from "./project.ts"
import { readyPeople } from "./ready-accounts.ts"
import { signReadyTokens, tokensByName } from "./ready-callers.ts"
import { programName, recordCommands } from "./record-commands.ts"
import { databaseUrl, dataPlace, serve } from "./serve.ts"
import { shortPath } from "./short-path.ts"
import { startScreen } from "./start-screen.ts"
import { supervise } from "./supervise.ts"
import { isRestart, isSupervised, tellReady } from "./supervised.ts"
import { tellError } from "./tell-error.ts"
import { stderr, stdout } from "./terminal.ts"
import { curlCommands } from "./try-out.ts"

export const devCommand: Command = command({
  meta: {
    name: "dev",
    description:
      "Run the project for development: a new database gets the project's data, ready callers get tokens, and a change of a file starts it again.",
  },
  args: {
    project: projectOption,
    host: hostOption,
    port: portOption,
    watch: {
      type: "boolean",
      default: true,
      description: "Do not start again when a file of the project changes.",
    },
    json: jsonOption(
      "When ready, print one line of JSON in place of the start screen; what actions log is JSON, too.",
    ),
  },
  examples: ["undercroft dev", "undercroft dev --port 0 --no-watch --json"],
  async run({ args, rawArgs }) {
    refuseInProduction("undercroft dev", "Use undercroft start.")
    const address = readAddress(args, "dev")
    if (args.watch && !isSupervised()) return supervise(findProject(args.project), rawArgs)
    const project = await loadProject(args.project)
    const key = await readDevelopmentKey(project.directory)
    const tokens = await signReadyTokens(project.definition, key)
    await serve({
      project,
      address,
      json: args.json === true,
      quiet: args.json === true || isRestart(),
      issuers: [issuerOf(key)],
      seed: true,
      allowsOrigin: isLocalOrigin,
      allowsRollback: true,
      keepsMail: true,
      readyPeople: readyPeople(project.definition, key),
      onError: tellServerError,
      onReady(app, tookMs) {
        tellReady()
        const { name } = project.definition
        const { url } = app
        if (args.json)
          return stdout.line(
            JSON.stringify({ ready: true, name, url, pid: process.pid, callers: tokensByName(tokens) }),
          )
        if (isRestart())
          return stdout.line(
            `${stdout.paint("green", "✓")} ${name} is running again at ${url} (${(tookMs / 1000).toFixed(1)} s)`,
          )
        const data = dataPlace(shortPath(project.directory))
        const watched = isSupervised() ? "a change of the project starts it again" : null
        stdout.line(
          startScreen(
            {
              name,
              url,
              data,
              tookMs,
              watched,
              tokens,
              commands: curlCommands(project.definition, app.policies, url),
              record: recordCommands({
                root: project.folder,
                directory: project.directory,
                embeddedUrl: databaseUrl() === undefined ? app.adminUrl : null,
                program: programName(process.env),
              }),
            },
            stdout,
          ),
        )
      },
    })
  },
})

/** In development the cause is told too. */
function tellServerError(error: UndercroftError): void {
  tellError(error, stderr)
  const { cause } = error
  if (cause instanceof Error) stderr.line(`  because: ${cause.message}`)
}
