/** `undercroft callers`: the ready callers of a project, with tokens for its development server. */
import { UndercroftError } from "../base/errors.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { readDevelopmentKey } from "./development-key.ts"
import { loadProject } from "./project.ts"
import { signReadyTokens, tokenDays, tokensByName } from "./ready-callers.ts"
import { stdout } from "./terminal.ts"

export const callersCommand: Command = command({
  meta: {
    name: "callers",
    description:
      "Print the project's ready callers with tokens for its development server; with a name, that caller's token alone.",
  },
  args: {
    name: { type: "positional", description: "A ready caller's name.", required: false },
    project: projectOption,
    json: jsonOption('As JSON: {"nurse":{"token":"…"}}.'),
  },
  examples: [
    "undercroft callers",
    "undercroft callers --json",
    'curl -H "Authorization: Bearer $(undercroft callers nurse)" http://127.0.0.1:4000/rest/patients',
  ],
  async run({ args }) {
    const { definition, directory } = await loadProject(args.project)
    const tokens = await signReadyTokens(definition, await readDevelopmentKey(directory))
    if (args.name !== undefined) {
      const found = tokens.find((one) => one.name === args.name)
      const names = tokens.map((one) => one.name).join(", ") || "none"
      if (!found)
        throw new UndercroftError("UC906", {
          what: `There is no ready caller ${args.name}; there are: ${names}.`,
          command: "callers",
        })
      return stdout.line(args.json ? JSON.stringify(tokensByName([found])) : found.token)
    }
    if (args.json) return stdout.line(JSON.stringify(tokensByName(tokens)))
    if (tokens.length === 0)
      return stdout.line(
        `${definition.name} has no ready callers: declare them in callers.ready of its definition.`,
      )
    for (const { name, description, token, account } of tokens) {
      stdout.line(`${stdout.paint("bold", name)}  ${description}`)
      if (account)
        stdout.line(
          `signs in as ${account.email} with ${account.password}${account.code ? `, code of now ${account.code}` : ""}`,
        )
      stdout.line(`${token}\n`)
    }
    stdout.line(
      stdout.paint(
        "dim",
        `Valid for ${tokenDays} days, for servers that accept the development key of this folder (undercroft dev).`,
      ),
    )
  },
})
