/** `undercroft start`: a server for production, which accepts the declared issuers alone. */
import type { UndercroftError } from "../base/errors.ts"
import type { Command } from "./command.ts"
import { command, hostOption, jsonOption, portOption, projectOption } from "./command.ts"
import { issuerOf, readDevelopmentKey } from "./development-key.ts"
import { readAddress } from "./listen-address.ts"
import { isProduction, refuseInProduction } from "./production.ts"
import { loadProject, type Project } from "./project.ts"
import { dataPlace, serve } from "./serve.ts"
import { shortPath } from "./short-path.ts"
import { stderr, stdout } from "./terminal.ts"

export const startCommand: Command = command({
  meta: {
    name: "start",
    description:
      "Run the project for production: only tokens of the declared issuers are accepted, and a new database stays empty.",
  },
  args: {
    project: projectOption,
    host: hostOption,
    port: portOption,
    seed: { type: "boolean", description: "Put the project's data into a new database." },
    "development-callers": {
      type: "boolean",
      description:
        "Accept the tokens of ready callers too (undercroft callers). Not with NODE_ENV=production.",
    },
    json: jsonOption("When ready, print one line of JSON; what actions log is JSON, too."),
  },
  examples: [
    "NODE_ENV=production DATABASE_URL=postgresql://… undercroft start --host 0.0.0.0",
    "undercroft start --seed --development-callers",
  ],
  async run({ args }) {
    const takesReady = args["development-callers"] === true
    if (takesReady)
      refuseInProduction(
        "--development-callers",
        "Leave it out; declare callers.issuers in the backend's definition.",
      )
    const address = readAddress(args, "start")
    const project = await loadProject(args.project)
    warn(project, takesReady)
    await serve({
      project,
      address,
      json: args.json === true,
      quiet: args.json === true,
      seed: args.seed === true,
      introspects: false,
      issuers: takesReady ? [issuerOf(await readDevelopmentKey(project.directory))] : [],
      onError: tellServerError,
      onReady({ url }) {
        const { name } = project.definition
        if (args.json) stdout.line(JSON.stringify({ ready: true, name, url, pid: process.pid }))
        else stdout.line(`${name} is running at ${url}\nData: ${dataPlace(shortPath(project.directory))}`)
      },
    })
  },
})

function warn({ definition }: Project, takesReady: boolean): void {
  const say = (text: string): void => stderr.line(`${stderr.paint("yellow", "warning:")} ${text}`)
  if (!isProduction() && !takesReady)
    say("NODE_ENV is not production; packages that look at it run in their development mode.")
  if (!takesReady && (definition.callers?.issuers ?? []).length === 0) {
    say("the definition declares no callers.issuers: every token is refused, and everyone is anonymous.")
  }
}

/** A line for each error of the server; what PostgreSQL says can quote personal data and stays out of a production log. */
function tellServerError(error: UndercroftError): void {
  const cause = error.cause as { code?: unknown; constraint?: unknown; name?: unknown } | undefined
  const because = [cause?.name, cause?.code, cause?.constraint]
    .filter((one) => typeof one === "string")
    .join(" ")
  stderr.line(
    `${new Date().toISOString()} error ${error.code}: ${error.message}${because ? ` (${because})` : ""}`,
  )
  if (process.env.UNDERCROFT_DEBUG && error.cause)
    stderr.line(String((error.cause as Error).stack ?? error.cause))
}
