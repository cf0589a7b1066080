/** `undercroft sql`: the project's schema as SQL; or SQL under a caller's rights, typed, piped or given. */
import { text as readAll } from "node:stream/consumers"
import { UndercroftError } from "../base/errors.ts"
import { openSqlSession } from "../store/sql-session.ts"
import { buildProject } from "./build-project.ts"
import { readCaller } from "./caller-option.ts"
import type { Command } from "./command.ts"
import { asOption, claimsOption, command, jsonOption, projectOption, rolesOption } from "./command.ts"
import { loadProject } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"
import { schemaSql } from "./schema-sql.ts"
import { databaseUrl } from "./serve.ts"
import { resultJson, resultText } from "./sql-output.ts"
import { runPrompt } from "./sql-prompt.ts"
import { splitStatements } from "./sql-statements.ts"
import { stderr, stdout } from "./terminal.ts"

export const sqlCommand: Command = command({
  meta: {
    name: "sql",
    description:
      "Print the project's schema as SQL; or with --as, run SQL through the API role as a caller, each statement in a transaction of its own.",
  },
  args: {
    project: projectOption,
    print: {
      type: "boolean",
      description: "Print the schema: tables, functions, policies, grants. Also without --as.",
    },
    as: asOption,
    roles: rolesOption,
    claims: claimsOption,
    command: {
      type: "string",
      alias: "c",
      description: "The statements to run, in place of a prompt.",
      valueHint: "sql",
    },
    json: jsonOption("The rows of each statement as a line of JSON."),
  },
  examples: [
    "undercroft sql > schema.sql",
    "undercroft sql --as nurse",
    'undercroft sql --as nurse -c "select name from patients limit 3"',
  ],
  async run({ args }) {
    const project = await loadProject(args.project)
    const policies = buildProject(project)
    if (args.print || args.as === undefined) {
      if (args.command !== undefined)
        throw new UndercroftError("UC906", {
          what: "-c needs --as: whose rights the statement runs under.",
          command: "sql",
        })
      return stdout.write(schemaSql(project.definition.name, policies, databaseUrl()))
    }
    const database = await openProjectDatabase(project, policies)
    try {
      if (!database.isCurrent)
        stderr.line(`${stderr.paint("yellow", "warning:")} ${new UndercroftError("UC910").message}`)
      const named = readCaller(project.definition, args, database.processKey, "sql")
      const session = await openSqlSession(database.apiUrl)
      try {
        if (args.command === undefined && process.stdin.isTTY) {
          return await runPrompt({ project, policies, session, named, key: database.processKey })
        }
        for (const statement of splitStatements(args.command ?? (await readAll(process.stdin))).all) {
          const result = await session.run(named.caller.sealed, statement)
          stdout.line(args.json ? resultJson(result) : resultText(result, stdout))
        }
      } finally {
        await session.close()
      }
    } finally {
      await database.close()
    }
  },
})
