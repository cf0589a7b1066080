/** Checks of the project: its definition, its files, and the software that it depends on. */
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { BackendDefinition } from "../../backend.ts"
import { readLock } from "../dependencies.ts"
import { type LiveCheck, listed } from "../live-check.ts"
import { signInServices } from "../outside-addresses.ts"

type ProjectCheck =
  | "secrets-not-in-files"
  | "dependencies-locked"
  | "development-off"
  | "controller-declared"
  | "recipients-declared"
  | "subprocessors-declared"

export const projectChecks: Readonly<Record<ProjectCheck, LiveCheck>> = {
  "secrets-not-in-files": {
    title: "No secret of the definition stands in the project's files",
    async run({ definition, folder }) {
      const secrets = secretsOf(definition)
      if (secrets.length === 0) return { ok: true, says: "The definition holds no secrets." }
      const found: string[] = []
      for (const file of await textFiles(folder)) {
        const text = await readFile(join(folder, file), "utf8")
        if (secrets.some((one) => text.includes(one))) found.push(file)
      }
      return found.length > 0
        ? {
            ok: false,
            says: `A secret of the definition stands in ${listed(found)}: take it from the environment.`,
          }
        : { ok: true, says: `${secrets.length} secrets, none of them in a file of the project.` }
    },
  },
  "dependencies-locked": {
    title: "All software that the backend is made of is listed, each part with its checksum",
    async run({ folder }) {
      const lock = await readLock(folder)
      if (lock === null)
        return { ok: false, says: "There is no package-lock.json above the project: npm install writes it." }
      const bare = lock.packages.filter((one) => one.integrity === null && !one.optional)
      if (bare.length > 0)
        return { ok: false, says: `Without a checksum: ${listed(bare.map((one) => one.name))}.` }
      return { ok: true, says: `${lock.packages.length} packages (see the list of software).` }
    },
  },
  "development-off": {
    title: "What is for development is not switched on for production",
    run({ definition }) {
      const on = [
        definition.graphql?.introspection === true && "graphql.introspection",
        definition.allowsRollback === true && "allowsRollback",
      ].filter((one) => one !== false)
      return on.length > 0
        ? { ok: false, says: `The definition switches on: ${on.join(", ")}.` }
        : { ok: true, says: "The definition switches on nothing that is for development." }
    },
  },
  "controller-declared": {
    title: "It is said who answers for the data, and who is given it",
    run({ definition: { processing } }) {
      if (!processing)
        return { ok: null, says: "Nothing is declared yet (`processing` in the backend's definition)." }
      const dpo = processing.dpo ? "and a data protection officer" : "and no data protection officer"
      return { ok: true, says: `The definition names the controller ${dpo}.` }
    },
  },
  "recipients-declared": {
    title: "It is said who is given data",
    run({ definition: { processing } }) {
      if (!processing)
        return { ok: null, says: "Nothing is declared yet (`processing` in the backend's definition)." }
      const { recipients } = processing
      return {
        ok: true,
        says:
          recipients.length === 0
            ? "It is declared that nobody is given data."
            : `${recipients.length === 1 ? "One recipient is" : `${recipients.length} recipients are`} declared: ${listed(recipients)}.`,
      }
    },
  },
  "subprocessors-declared": {
    title: "Every company that processes data is declared, with its contract",
    run({ definition }) {
      const { processing } = definition
      if (!processing)
        return { ok: null, says: "Nothing is declared yet (`processing` in the backend's definition)." }
      const names = processing.subprocessors.map((one) => one.name.toLowerCase())
      const unsaid = signInServices(definition).filter(
        (one) => !names.some((name) => name.includes(one.toLowerCase())),
      )
      if (unsaid.length > 0)
        return {
          ok: null,
          says: `People sign in through these, and they are not declared: ${listed(unsaid)}.`,
        }
      const bare = processing.subprocessors.filter((one) => one.contract === undefined).map((one) => one.name)
      return bare.length > 0
        ? { ok: null, says: `No contract is named for: ${listed(bare)}.` }
        : {
            ok: true,
            says:
              names.length === 0
                ? "It is declared that no company processes data for the controller."
                : `${names.length} companies are declared, each with its contract.`,
          }
    },
  },
}

/** Texts that are secrets wherever they stand. */
function secretsOf({ callers, accounts }: BackendDefinition): readonly string[] {
  const { google, github, microsoft, apple, issuers = [] } = accounts?.oauth ?? {}
  return [
    ...(callers?.issuers ?? []).map((one) => one.secret),
    ...[google, github, microsoft, apple, ...issuers].map((one) => one?.clientSecret),
    ...(accounts?.provider?.clients ?? []).map((one) => one.secret),
    URL.parse(accounts?.mail?.smtp ?? "")?.password,
  ].filter((one): one is string => typeof one === "string" && one !== "")
}

const skipped = new Set(["node_modules", ".git", ".undercroft", "dist"])
const sizeMax = 1_000_000

async function textFiles(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  const pending = [""]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = join(at, entry.name)
      if (skipped.has(entry.name)) continue
      if (entry.isDirectory()) pending.push(path)
      else if (entry.isFile() && (await stat(join(folder, path))).size <= sizeMax) found.push(path)
    }
  }
  return found
}
