/** What an editor offers while a call is written, asked of the compiler's own language server. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const head = `import type { Client } from "undercroft/client"
import type backend from "../clinic/backend.ts"
declare const clinic: Client<typeof backend>
`

let folder = ""
let server: ChildProcess
let unread: Buffer = Buffer.alloc(0)
let asked = 0
const waiting = new Map<number, (result: unknown) => void>()

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
}

function send(message: object): void {
  const text = JSON.stringify({ jsonrpc: "2.0", ...message })
  server.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
}

function ask(method: string, params: object): Promise<unknown> {
  asked += 1
  send({ id: asked, method, params })
  return new Promise((resolve) => waiting.set(asked, resolve))
}

function read(part: Buffer): void {
  unread = Buffer.concat([unread, part])
  for (;;) {
    const end = unread.indexOf("\r\n\r\n")
    const length = Number(/Content-Length: (\d+)/i.exec(unread.subarray(0, Math.max(end, 0)).toString())?.[1])
    if (end < 0 || unread.length < end + 4 + length) return
    const message = JSON.parse(unread.subarray(end + 4, end + 4 + length).toString()) as Message
    unread = unread.subarray(end + 4 + length)
    // Of its own questions, such as for settings, none needs more than an empty answer.
    if (message.method !== undefined && message.id !== undefined) send({ id: message.id, result: [null] })
    else waiting.get(message.id ?? -1)?.(message.result)
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(root, "examples/.types-"))
  await writeFile(join(folder, "use.ts"), head)
  await writeFile(
    join(folder, "tsconfig.json"),
    '{ "extends": "../../tsconfig.json", "include": ["use.ts"] }',
  )
  server = spawn(join(root, "node_modules/.bin/tsc"), ["--lsp", "--stdio"], { cwd: folder })
  server.stdout?.on("data", read)
  await ask("initialize", { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities: {} })
  send({ method: "initialized", params: {} })
})
afterAll(async () => {
  server?.kill()
  await rm(folder, { recursive: true, force: true })
})

let version = 0

/** The names offered where the call has a "|". */
async function offered(call: string): Promise<readonly string[]> {
  const uri = pathToFileURL(join(folder, "use.ts")).href
  const text = `${head}void clinic${call.replace("|", "")}\n`
  version += 1
  if (version === 1)
    send({
      method: "textDocument/didOpen",
      params: { textDocument: { uri, languageId: "typescript", version, text } },
    })
  else
    send({
      method: "textDocument/didChange",
      params: { textDocument: { uri, version }, contentChanges: [{ text }] },
    })
  const position = { line: 3, character: "void clinic".length + call.indexOf("|") }
  const found = (await ask("textDocument/completion", { textDocument: { uri }, position })) as {
    readonly items: readonly { readonly label: string }[]
  } | null
  return (found?.items ?? []).map(({ label }) => label.replace("?", "")).toSorted()
}

const question = ["and", "not", "or"]
const automatic = ["createdAt", "id", "updatedAt", "version"]
const appointment = [
  "doctor",
  "during",
  "kind",
  "patient",
  "practice",
  "reason",
  "slot",
  "status",
  ...automatic,
]
const staff = ["job", "name", "practice", "user", ...automatic]
const slot = ["doctor", "endsAt", "practice", "startsAt", "status", ...automatic]
const included = ["include", "inner", "limit", "order", "select", "where"]
const reading = ["include", "select", "signal"]
const writing = [...reading, "idempotencyKey"]

test.each([
  [".slots.|", ["list", "get", "count", "aggregate", "each", "create", "createMany", "update", "delete"]],
  [".openSlots.|", ["list", "get", "count", "aggregate", "each"]],
  [".slots.list({ | })", [...reading, "where", "order", "limit", "offset"]],
  ['.slots.list({ select: ["|"] })', slot],
  [".slots.list({ where: { | } })", [...slot, ...question]],
  [".slots.list({ where: { or: [{ | }] } })", [...slot, ...question]],
  ['.slots.list({ where: { status: "|" } })', ["open", "booked", "blocked"]],
  ['.slots.list({ order: ["|"] })', [...slot, ...slot.map((name) => `-${name}`)]],
  [".slots.list({ include: { | } })", ["practice", "doctor"]],
  [".slots.get('x', { include: { | } })", ["practice", "doctor"]],
  [".patients.list({ include: { appointments: { | } } })", included],
  ['.patients.list({ include: { appointments: { select: ["|"] } } })', appointment],
  [".patients.list({ include: { appointments: { where: { | } } } })", [...appointment, ...question]],
  ['.patients.list({ include: { appointments: { include: { doctor: { select: ["|"] } } } } })', staff],
  [".slots.list().then(([one]) => one!.|)", slot],
  [".slots.list({ include: { doctor: true } }).then(([one]) => one!.doctor!.|)", staff],
  [".slots.count({ | })", ["signal", "where"]],
  [
    ".slots.aggregate({ | })",
    ["signal", "where", "by", "count", "sum", "avg", "min", "max", "order", "limit"],
  ],
  ['.slots.aggregate({ by: ["|"] })', slot],
  ['.slots.aggregate({ max: ["|"] })', slot],
  [".slots.each({ | })", [...reading, "where", "order", "pageSize"]],
  [".slots.create({ | })", ["id", "practice", "doctor", "startsAt", "endsAt", "status"]],
  [".slots.createMany([{ | }])", ["id", "practice", "doctor", "startsAt", "endsAt", "status"]],
  [".slots.create(x, { | })", writing],
  [".slots.update('x', { | })", ["status"]],
  [".slots.update('x', {}, { | })", [...writing, "version"]],
  [".slots.delete('x', { | })", ["signal"]],
])("%s", async (call, names) => {
  expect(await offered(call)).toEqual(names.toSorted())
})
