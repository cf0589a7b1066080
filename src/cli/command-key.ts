/** `undercroft key`: keys for machines. */
import type { KeyInfo } from "../accounts/manage-keys.ts"
import { UndercroftError } from "../base/errors.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { withAccounts } from "./project-accounts.ts"
import { stdout } from "./terminal.ts"

const steps = ["create", "list", "rotate", "revoke"]
const dayMs = 86_400_000

export const keyCommand: Command = command({
  meta: {
    name: "key",
    description: "Make, list, replace and take back keys for machines: key create | list | rotate | revoke.",
  },
  args: {
    step: { type: "positional", description: steps.join(", "), required: true },
    what: {
      type: "positional",
      description: "create: whose it is (an address); otherwise the key's identifier.",
      required: false,
    },
    project: projectOption,
    name: { type: "string", description: "What the key is for, for create.", valueHint: "name" },
    roles: {
      type: "string",
      description: "The roles that it has of its owner's; all by default.",
      valueHint: "a,b",
    },
    days: { type: "string", description: "How long it is good; 90 by default.", valueHint: "number" },
    keep: {
      type: "string",
      description: "How many hours the old one goes on, for rotate; 24 by default.",
      valueHint: "number",
    },
    json: jsonOption("As JSON."),
  },
  examples: [
    "undercroft key create cuff@example.org --name cuff-12 --roles device --days 30",
    "undercroft key rotate 018ce7a8-0f00-7001-8000-000000000001 --keep 1",
  ],
  async run({ args }) {
    const { step, what } = args
    const refuse = (why: string): never => {
      throw new UndercroftError("UC906", { what: why, command: "key" })
    }
    if (!steps.includes(step)) refuse(`key does ${steps.join(", ")}, not ${step}.`)
    const numberOf = (text: string | undefined, name: string, otherwise: number): number => {
      const number = text === undefined ? otherwise : Number(text)
      return number > 0 && number <= 3660 ? number : refuse(`--${name} is a number from 1 to 3660.`)
    }
    const days = numberOf(args.days, "days", 90)
    const keep = numberOf(args.keep, "keep", 24)
    const tell = (facts: object, text: string): void => stdout.line(args.json ? JSON.stringify(facts) : text)
    await withAccounts(args.project, "key", async ({ keys, find, list }) => {
      if (!keys) return refuse("There are no keys: switch accounts.apiKeys on in the definition.")
      if (step === "list") {
        const owners = new Map((await list()).map((one) => [one.id, one.email]))
        return stdout.line(listOf(await keys.list(), owners, args.json === true))
      }
      const named =
        what ??
        refuse(`key ${step} needs ${step === "create" ? "an e-mail address" : "the key's identifier"}.`)
      if (step === "create") {
        const roles = args.roles === undefined ? null : args.roles.split(",").map((one) => one.trim())
        const { id: person, roles: owned } = await find(named)
        const foreign = roles?.filter((one) => !owned.includes(one)) ?? []
        if (foreign.length > 0)
          refuse(
            `${named} does not have the role ${foreign.join(", ")}, and a key has no more than its owner.`,
          )
        const made = await keys.create({
          person,
          name: args.name ?? "key",
          roles,
          expiresAt: new Date(Date.now() + days * dayMs),
        })
        return tell(
          made,
          `Key ${made.id}, good for ${days} days. It is not shown again:\n${made.key}\n${use}`,
        )
      }
      if (step === "rotate") {
        const made = await keys.rotate(named, new Date(Date.now() + (keep * dayMs) / 24))
        return tell(
          made,
          `Key ${made.id}; the old one goes on for ${keep} hours. It is not shown again:\n${made.key}\n${use}`,
        )
      }
      await keys.revoke(named)
      return tell({ id: named }, `The key ${named} is refused from now on.`)
    })
  },
})

/** How a machine says it. */
const use = "Send it as: Authorization: Bearer <key>"

function listOf(keys: readonly KeyInfo[], owners: ReadonlyMap<string, string>, isJson: boolean): string {
  if (isJson) return JSON.stringify(keys.map((one) => ({ ...one, owner: owners.get(one.person) ?? null })))
  if (keys.length === 0) return "There are no keys yet: undercroft key create"
  return keys
    .map(({ id, name, start, person, roles, expiresAt }) => {
      const until = expiresAt ? `until ${expiresAt.toISOString()}` : "for ever"
      const notes = [owners.get(person) ?? person, roles?.join(", ") ?? "all roles of its owner", until]
      return `${id}  ${start}…  ${name}  ${stdout.paint("dim", notes.join(" · "))}`
    })
    .join("\n")
}
