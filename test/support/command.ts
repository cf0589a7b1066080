/** The command line in tests: projects in folders of their own, and the real command as a process. */
import { type ChildProcess, spawn } from "node:child_process"
import { chmod, mkdtemp, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

export interface TestProject {
  readonly folder: string
  write(name: string, text: string): Promise<void>
  remove(): Promise<void>
}

/** A project of these files; everyone may pass through its folder, as through a team's own. */
export async function makeProject(files: Readonly<Record<string, string>>): Promise<TestProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "undercroft-project-")))
  await chmod(folder, 0o755)
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
  for (const [name, text] of Object.entries(files)) await write(name, text)
  return { folder, write, remove: () => rm(folder, { recursive: true, force: true }) }
}

export interface RunningCommand {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Waits until one of the outputs contains a text; throws with what it said when it ends before. */
  until(text: string): Promise<void>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

const inherited = ["PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "NODE_COMPILE_CACHE"]

/** Starts `undercroft …`; no setting of this process reaches it. */
export function startCommand(line: readonly string[], options: CommandOptions = {}): RunningCommand {
  const env = Object.fromEntries(
    inherited.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  const child = spawn(process.execPath, ["--conditions=undercroft-source", main, ...line], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  })
  child.stdin.on("error", () => undefined).end(options.input ?? "")
  const said = { stdout: "", stderr: "" }
  const listeners = new Set<() => void>()
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!said.stdout.includes(text) && !said.stderr.includes(text)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`it never said ${text}: ${said.stdout}${said.stderr}`)))
      }),
  }
}

/** Runs `undercroft …` to its end. */
export async function runCommand(
  line: readonly string[],
  options: CommandOptions = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const command = startCommand(line, options)
  const { code } = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

/** A project of notes, which each person reads and changes for themselves, and all help texts. */
export const notesProject: Readonly<Record<string, string>> = {
  "backend.ts": `import { defineBackend } from "undercroft"
import { Note, Shelf } from "./model.ts"

export default defineBackend({
  name: "notes",
  model: [Shelf, Note],
  callers: {
    ready: [
      { name: "ann", description: "Ann, who writes", claims: { sub: "ann", roles: ["writer"] } },
      { name: "bob", description: "Bob, who reads", claims: { sub: "bob" } },
    ],
  },
  seed: () => [
    ["Shelf", { id: "018ce7a8-0f00-7000-8000-000000000001", label: "<b>open</b>", keeper: "ann" }],
    ["Note", { id: "018ce7a8-0f00-7000-8000-000000000002", owner: "ann", title: "hers", shelf: "018ce7a8-0f00-7000-8000-000000000001" }],
    ["Note", { id: "018ce7a8-0f00-7000-8000-000000000003", owner: "bob", title: "his", isLocked: true, shelf: "018ce7a8-0f00-7000-8000-000000000001" }],
  ],
})
`,
  "model.ts": `import { actor, allOf, anyOf, anyone, boolean, entity, not, ref, text } from "undercroft"

const me = actor({
  get shelves() { return Shelf.where(({ row }) => row.keeper.is(me.id)).pick("id") },
})

export const Shelf = entity("Shelf", { fields: { label: text(), keeper: text() } })
Shelf.access(() => ({ read: anyone }))

export const Note = entity("Note", {
  fields: {
    owner: text().internal().immutable(),
    title: text({ max: 40 }).internal(),
    phone: text().personal().optional().visibleTo(({ me }) => me.has("<i>nurse</i>")),
    isLocked: boolean().default(false),
    shelf: ref(Shelf),
  },
  subject: "id",
})
Note.access(({ row }) => {
  const own = row.owner.is(me.id)
  return {
    read: anyOf(own, row.shelf.in(me.shelves)),
    create: own,
    update: { from: allOf(own, row.isLocked.is(false)), to: own },
    delete: allOf(own, not(row.isLocked.is(true))),
  }
})
`,
}
