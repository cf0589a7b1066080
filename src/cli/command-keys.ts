/** `undercroft keys`: the keys of encrypted fields. */
import { UndercroftError } from "../base/errors.ts"
import { FieldCiphers } from "../keys/field-ciphers.ts"
import { type KeyInventory, listKeys } from "../keys/inventory.ts"
import { type KeyRing, keySeconds } from "../keys/key-ring.ts"
import { rotateRoot } from "../keys/rotate-root.ts"
import { countLostKeys } from "../store/lost-keys.ts"
import { alone, openKeys } from "../store/open-keys.ts"
import { rotateSubjects } from "../store/rotate-subjects.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { everySecond } from "./every-second.ts"
import { loadProject } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"
import { readKeys } from "./project-keys.ts"
import { stderr, stdout } from "./terminal.ts"

/** Nodes hear of new keys within seconds; a transaction that holds a former one may take as long as its limit, and is given more. */
const settleMs = (keySeconds + 20) * 1000

export const keysCommand: Command = command({
  meta: {
    name: "keys",
    description:
      "The keys of encrypted fields: keys list | rotate. Not to be mixed up with key, for machines.",
  },
  args: {
    step: { type: "positional", description: "list, rotate", required: true },
    project: projectOption,
    subjects: {
      type: "boolean",
      description:
        "rotate: make a new key for every person and encrypt their rows anew. Without it every key is wrapped anew under UNDERCROFT_KEY; UNDERCROFT_KEY_BEFORE is the former one.",
    },
    settle: {
      type: "string",
      description: "rotate: seconds to wait for other nodes; 30 by default, 0 where none runs.",
      valueHint: "seconds",
    },
    json: jsonOption("As JSON."),
  },
  examples: [
    "undercroft keys list",
    "UNDERCROFT_KEY=<new> UNDERCROFT_KEY_BEFORE=<former> undercroft keys rotate",
    "undercroft keys rotate --subjects",
  ],
  async run({ args }) {
    const { step } = args
    const refuse = (what: string): UndercroftError => new UndercroftError("UC906", { what, command: "keys" })
    if (step !== "list" && step !== "rotate") throw refuse(`keys does list, rotate, not ${step}.`)
    const wait = args.settle === undefined ? settleMs : Number(args.settle) * 1000
    if (!(wait >= 0 && wait <= 3_600_000)) throw refuse("--settle is a number of seconds.")
    const project = await loadProject(args.project)
    const policies = buildProject(project)
    const settings = await readKeys(project)
    if (!settings) throw new UndercroftError("UC545")
    const database = await openProjectDatabase(project, policies)
    const tell = (facts: object, text: string): void => stdout.line(args.json ? JSON.stringify(facts) : text)
    const progress = (what: string): ((done: number) => void) =>
      everySecond((done) => stderr.line(`${what}: ${done}`))
    let ring: KeyRing | null = null
    try {
      ring = await openKeys(database.adminUrl, settings, policies.model)
      if (ring.lost !== null) throw new UndercroftError("UC543", { why: ring.lost })
      if (step === "list") {
        const inventory = await listKeys(ring)
        const lost = await countLostKeys(database.adminUrl, policies.model, ring)
        tell({ ...inventory, lost }, inventoryText(inventory))
        if (lost > 0) throw new UndercroftError("UC554", { count: lost })
        return
      }
      const open = ring
      await alone(database.adminUrl, async () => {
        if (!args.subjects) {
          const { kek, former = null } = settings
          const onProgress = progress("keys wrapped anew")
          const rewrapped = await rotateRoot(open, { kek, former, settleMs: wait, onProgress })
          return tell(
            { rewrapped },
            `${rewrapped} persons' keys were wrapped anew; UNDERCROFT_KEY_BEFORE is not needed any more.`,
          )
        }
        const [keys, values] = [progress("new keys"), progress("values encrypted anew")]
        const done = await rotateSubjects({
          ...database,
          model: policies.model,
          ciphers: new FieldCiphers(open, policies.model),
          settleMs: wait,
          onProgress: (what, count) => (what === "keys" ? keys : values)(count),
        })
        return tell(done, `${done.keys} persons have a new key; ${done.values} values were encrypted anew.`)
      })
    } finally {
      await ring?.close()
      await settings.store.close()
      await database.close()
    }
  },
})

function inventoryText({ store, id, keys, destroyed, underWay }: KeyInventory): string {
  const lines = keys.map(({ purpose, algorithm, wrappedBy, count, oldest, newest }) => {
    const ages = oldest === null ? "" : `, made ${oldest.slice(0, 10)} to ${newest!.slice(0, 10)}`
    return `${String(count).padStart(8)}  ${purpose}\n          ${stdout.paint("dim", `${algorithm}, wrapped by ${wrappedBy}${ages}`)}`
  })
  const rest = [
    `Key store ${id} in ${store}; keys of ${destroyed} person(s) were destroyed.`,
    ...underWay.map((one) => `A rotation (${one}) has not ended: run it again.`),
  ]
  return [...lines, ...rest].join("\n")
}
