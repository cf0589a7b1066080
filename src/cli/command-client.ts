/** `undercroft client`: what clients are made from: the OpenAPI document, or types for postgrest-js. */
import { writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import { cookiesAt } from "../accounts/people.ts"
import { describeActions } from "../actions/describe-actions.ts"
import { UndercroftError } from "../base/errors.ts"
import { wholeKnowledge } from "../engine/knowledge.ts"
import { databaseTypes } from "../openapi/database-types.ts"
import { describeApi } from "../openapi/describe-api.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { command, projectOption } from "./command.ts"
import { loadProject } from "./project.ts"
import { stdout } from "./terminal.ts"

export const clientCommand: Command = command({
  meta: {
    name: "client",
    description:
      "Write what clients are made from, for a caller to whom no rule says no: the OpenAPI document of the API, or TypeScript types for supabase-js and postgrest-js. No database is needed.",
  },
  args: {
    openapi: { type: "boolean", description: "The OpenAPI 3.1 document, as JSON." },
    types: { type: "boolean", description: "The type Database, as a TypeScript file." },
    out: {
      type: "string",
      description: "The file to write. Default: the standard output.",
      valueHint: "file",
    },
    project: projectOption,
  },
  examples: [
    "undercroft client --types --out src/database.ts",
    "undercroft client --openapi --out openapi.json",
    "npx openapi-typescript openapi.json --output src/api.ts",
  ],
  async run({ args }) {
    if (args.openapi === args.types)
      throw new UndercroftError("UC906", { what: "Say --openapi or --types.", command: "client" })
    const project = await loadProject(args.project)
    const policies = buildProject(project)
    const { name, actions = {}, accounts } = project.definition
    const told = accounts && {
      cookie: cookiesAt(accounts.url ?? "").session,
      apiKeys: accounts.apiKeys ?? false,
    }
    const text = args.types
      ? databaseTypes(name, policies.model)
      : `${JSON.stringify(describeApi(name, policies, wholeKnowledge(policies), describeActions(actions), told ?? null), null, 2)}\n`
    if (args.out === undefined) return stdout.write(text)
    await writeFile(resolve(args.out), text).catch((cause: NodeJS.ErrnoException) => {
      throw new UndercroftError(
        "UC906",
        { what: `${args.out} can't be written: ${cause.code ?? "unknown"}.`, command: "client" },
        { cause },
      )
    })
  },
})
