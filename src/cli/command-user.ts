/** `undercroft user`: the people who sign in, past the door of accounts. */
import { randomBytes } from "node:crypto"
import type { AccountManager, Person } from "../accounts/manage.ts"
import { givenPasswordMs } from "../accounts/passwords.ts"
import { UndercroftError } from "../base/errors.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { withAccounts } from "./project-accounts.ts"
import { padTo, stdout, widthOf } from "./terminal.ts"

const steps = ["add", "list", "role", "reset", "revoke"]

export const userCommand: Command = command({
  meta: {
    name: "user",
    description:
      "Add and list people, set their roles, give another password (sessions end), or end their sessions: user add | list | role | reset | revoke.",
  },
  args: {
    step: { type: "positional", description: steps.join(", "), required: true },
    who: {
      type: "positional",
      description: "An e-mail address, or an identifier; for list a part of a name, an address or a role.",
      required: false,
    },
    project: projectOption,
    name: { type: "string", description: "The person's name, for add.", valueHint: "name" },
    roles: { type: "string", description: "Roles, separated by commas, for add and role.", valueHint: "a,b" },
    "second-factor": { type: "boolean", description: "Take the second factor away too, for reset." },
    json: jsonOption("As JSON."),
  },
  examples: [
    'undercroft user add ada@example.org --name "Ada Lovelace" --roles doctor',
    "undercroft user role ada@example.org --roles doctor,admin",
    "undercroft user reset ada@example.org --second-factor",
    "undercroft user list doctor",
    "undercroft user list --json",
  ],
  async run({ args }) {
    const { step, who } = args
    if (!steps.includes(step))
      throw new UndercroftError("UC906", {
        what: `user does ${steps.join(", ")}, not ${step}.`,
        command: "user",
      })
    const needed = (value: string | undefined, what: string): string => {
      if (value) return value
      throw new UndercroftError("UC906", { what: `user ${step} needs ${what}.`, command: "user" })
    }
    const tell = (facts: object, text: string): void => stdout.line(args.json ? JSON.stringify(facts) : text)
    const roles = splitRoles(args.roles)
    const until = new Date(Date.now() + givenPasswordMs)
    const given = (password: string): string =>
      `Password: ${password}\nIt is good for a day: by then they choose their own (POST /auth/change-password).`
    await withAccounts(args.project, "user", async (manage) => {
      if (step === "list") return stdout.line(listOf(await foundBy(who, manage), args.json === true))
      const address = needed(who, "an e-mail address")
      if (step === "add") {
        if (!/^[^\s@]+@[^\s@]+$/.test(address))
          throw new UndercroftError("UC906", { what: `${address} is no e-mail address.`, command: "user" })
        const isThere = await manage.find(address).catch(() => null)
        if (isThere)
          throw new UndercroftError("UC906", {
            what: `There is somebody with this address already.`,
            command: "user",
          })
        const password = newPassword()
        const name = needed(args.name, "--name")
        const id = await manage.put({
          email: address,
          name,
          roles: roles ?? [],
          password,
          passwordUntil: until,
        })
        return tell({ id, email: address, password, until }, `Added ${address} (${id}).\n${given(password)}`)
      }
      const { id, email } = await manage.find(address)
      if (step === "role") {
        const wanted = splitRoles(needed(args.roles, "--roles")) ?? []
        await manage.setRoles(id, wanted)
        return tell({ id, roles: wanted }, `${email} now has the roles: ${wanted.join(", ") || "none"}.`)
      }
      if (step === "reset") {
        const password = newPassword()
        await manage.reset(id, password, { secondFactor: args["second-factor"] === true, until })
        return tell({ id, password, until }, `${email} is signed out everywhere.\n${given(password)}`)
      }
      const ended = await manage.revoke(id)
      return tell({ id, ended }, `${email} is signed out of ${ended} session(s).`)
    })
  },
})

/** Everybody, or those of whom a name, an address or a role has these letters in it. */
async function foundBy(part: string | undefined, manage: AccountManager): Promise<readonly Person[]> {
  const people = await manage.list()
  const letters = part?.toLowerCase()
  if (letters === undefined) return people
  return people.filter(({ email, name, roles }) =>
    [email, name, ...roles].some((one) => one.toLowerCase().includes(letters)),
  )
}

/** Twenty characters that nobody guesses and everybody can type. */
function newPassword(): string {
  return randomBytes(15)
    .toString("base64url")
    .replace(/[-_]/g, "x")
    .replace(/(.{5})(?=.)/g, "$1-")
}

function splitRoles(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null
  const roles = text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")
  return [...new Set(roles)]
}

function listOf(people: readonly Person[], isJson: boolean): string {
  if (isJson) return JSON.stringify(people)
  if (people.length === 0) return "There is nobody: undercroft user add"
  const width = Math.max(...people.map((one) => widthOf(one.email)))
  return people
    .map(({ email, name, roles, hasSecondFactor, isLocked, sessions }) => {
      const notes = [
        roles.join(", ") || "no role",
        hasSecondFactor ? "second factor" : "",
        isLocked ? "locked" : "",
        sessions > 0 ? `${sessions} session(s)` : "",
      ].filter((one) => one !== "")
      return `${padTo(email, width)}  ${name}  ${stdout.paint("dim", notes.join(" · "))}`
    })
    .join("\n")
}
