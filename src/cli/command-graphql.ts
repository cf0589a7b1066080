/** `undercroft graphql`: the schema as SDL, and the list of documents that requests may name. */
import { writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { asOption, claimsOption, command, jsonOption, projectOption, rolesOption } from "./command.ts"
import { schemaText } from "./graphql-schema-text.ts"
import { persistDocuments } from "./persist-documents.ts"
import { loadProject } from "./project.ts"
import { stdout } from "./terminal.ts"

function refuse(what: string): UndercroftError {
  return new UndercroftError("UC906", { what, command: "graphql" })
}

export const graphqlCommand: Command = command({
  meta: {
    name: "graphql",
    description:
      "schema prints the GraphQL schema as SDL: what all callers together could know, or with --as what one of them could (that needs the database). persist checks documents against that schema and writes the list of those that requests may name by documentId: .graphql files, each of them one document, and the JSON manifests of Relay and Apollo.",
  },
  args: {
    what: { type: "positional", description: "schema, or persist.", required: false },
    files: {
      type: "positional",
      description: "With persist: files or patterns, such as 'src/**/*.graphql'.",
      required: false,
    },
    out: {
      type: "string",
      description:
        "The file to write. Default: with schema the standard output, with persist the project's graphql.documents.json.",
      valueHint: "file",
    },
    check: {
      type: "boolean",
      description:
        "With persist: write nothing, and end with 1 where the file does not hold these documents.",
    },
    keep: {
      type: "boolean",
      description: "With persist: keep what the file holds already, for clients that are still in use.",
    },
    json: jsonOption("With persist: print the outcome as JSON."),
    as: asOption,
    roles: rolesOption,
    claims: claimsOption,
    project: projectOption,
  },
  words: Number.MAX_SAFE_INTEGER,
  examples: [
    "undercroft graphql schema --out schema.graphql",
    "undercroft graphql schema --as nurse",
    "undercroft graphql persist 'src/**/*.graphql'",
    "undercroft graphql persist persisted-query-manifest.json --keep",
    "undercroft graphql persist 'src/**/*.graphql' --check",
  ],
  async run({ args }) {
    const [what, ...files] = args._
    if (what !== "schema" && what !== "persist") throw refuse("Say schema or persist.")
    const isSchema = what === "schema"
    const foreign = isSchema ? (["check", "keep", "json"] as const) : (["as", "roles", "claims"] as const)
    const odd = foreign.find((one) => args[one] !== undefined && args[one] !== false)
    if (odd !== undefined) throw refuse(`--${odd} does not go with ${what}.`)
    if (isSchema && files.length > 0) throw refuse(`schema does not know what to do with "${files[0]}".`)
    if (!isSchema && files.length === 0) throw refuse("persist needs files.")
    if (args.as === undefined && (args.roles ?? args.claims) !== undefined)
      throw refuse("--roles and --claims go with --as.")

    const project = await loadProject(args.project)
    const policies = buildProject(project)
    if (!isSchema) return persistDocuments({ ...args, project, policies, files })
    const text = await schemaText(project, policies, args)
    if (args.out === undefined) return stdout.write(text)
    await writeFile(resolve(args.out), text).catch((cause: NodeJS.ErrnoException) => {
      throw refuse(`${args.out} can't be written: ${cause.code ?? "unknown"}.`)
    })
  },
})
