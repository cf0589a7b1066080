/** The door `/audit/export`: the sealed record as a stream, for whoever may read its entity; it goes on after a position. */
import { Readable } from "node:stream"
import type { FastifyInstance, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Engine } from "../engine/engine.ts"
import type { EntityInfo } from "../model/model.ts"
import type { Filter, ReadOperation } from "../query/operation.ts"
import type { ToldEntry } from "../sql/circumstances.ts"
import { currentCircumstances, under } from "../store/circumstances.ts"
import {
  type ExportedEntry,
  type ExportFormat,
  exportedFields,
  exportFormats,
  formatOf,
} from "./export-formats.ts"

export interface ExportDoorParts {
  /** The backend's name. */
  readonly name: string
  /** The entity that shows the record. */
  readonly entity: EntityInfo
  readonly engine: Engine
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
  /** Puts on record that it was refused, and gives the error back. */
  readonly refuse: (error: UndercroftError, caller: Caller) => Promise<UndercroftError>
  /** Puts the export itself on record, before the first byte. */
  readonly record: (caller: Caller, entry: ToldEntry) => Promise<void>
}

const pageRows = 500

/** Adds the route. */
export function addExportDoor(server: FastifyInstance, parts: ExportDoorParts): void {
  server.get("/audit/export", { config: { door: "export" } }, async (request, reply) => {
    const caller = await parts.authenticate(request)
    // Whoever may not read it is not told what it can be asked.
    if (!(await parts.engine.knows(caller)).may(parts.entity, "read")) {
      const code = caller.id === null ? "PG:42501/anonymous" : "PG:42501"
      const error = new UndercroftError(code, { what: `read ${parts.entity.collection}` })
      throw await parts.refuse(error, caller)
    }
    const asked = readAsked(request.query as Readonly<Record<string, unknown>>)
    await parts.record(caller, { kind: "export", entity: parts.entity.name, question: asked })
    const format = formatOf(asked.format, parts.name)
    const lines = exportLines(parts, caller, asked)
    return reply.header("content-type", format.contentType).send(Readable.from(lines, { objectMode: false }))
  })
}

interface Asked {
  readonly format: ExportFormat
  readonly after: string
  readonly from: string | null
  readonly to: string | null
}

function readAsked(query: Readonly<Record<string, unknown>>): Asked {
  const refuse = (name: string, mend: string): never => {
    throw new UndercroftError("UC977", { name, mend })
  }
  for (const name of Object.keys(query))
    if (!["format", "after", "from", "to"].includes(name)) refuse(name, "Say format, after, from and to.")
  const { format = "jsonl", after = "0", from = null, to = null } = query
  if (!exportFormats.includes(format as ExportFormat))
    refuse("format", `Say one of ${exportFormats.join(", ")}.`)
  if (typeof after !== "string" || !/^\d{1,15}$/.test(after))
    refuse("after", "Say the last position that you have.")
  const moment = (name: string, text: unknown): string | null => {
    if (text === null) return null
    if (
      typeof text !== "string" ||
      !/^\d{4}-\d\d-\d\d(T[\d:.]{5,15}Z)?$/.test(text) ||
      Number.isNaN(Date.parse(text))
    )
      return refuse(name, "Say a day or a moment in UTC, such as 2026-01-31T12:00:00Z.")
    return text.length === 10 ? `${text}T00:00:00Z` : text
  }
  return {
    format: format as ExportFormat,
    after: after as string,
    from: moment("from", from),
    to: moment("to", to),
  }
}

/** Each page is a read like any other: under the caller's rights, which may end meanwhile, and on record. */
async function* exportLines(
  { engine, entity, name }: ExportDoorParts,
  caller: Caller,
  asked: Asked,
): AsyncGenerator<string> {
  const circumstances = currentCircumstances()
  const format = formatOf(asked.format, name)
  if (format.head !== null) yield `${format.head}\n`
  // What is sealed while it is read, this reading among it, is for the next export.
  const end = await under(circumstances, () => pageOf(engine, caller, lastOperation(entity)))
  const last = end[0]?.position ?? 0
  for (let after = Number(asked.after); after < last; ) {
    const operation = pageOperation(entity, { ...asked, after: String(after) }, last)
    const entries = await under(circumstances, () => pageOf(engine, caller, operation))
    if (entries.length === 0) return
    yield entries.map((entry) => `${format.line(entry)}\n`).join("")
    after = entries.at(-1)!.position
  }
}

async function pageOf(
  engine: Engine,
  caller: Caller,
  operation: ReadOperation,
): Promise<readonly ExportedEntry[]> {
  return JSON.parse((await engine.run(operation, caller)).body ?? "[]")
}

const select = (names: readonly string[]): ReadOperation["query"]["select"] =>
  names.map((name) => ({
    kind: "field",
    path: { name, json: [] },
    alias: null,
    cast: null,
    aggregate: null,
    aggregateCast: null,
  }))

const base = { kind: "read", count: null, single: false, form: "json", rollback: false } as const
const position = { name: "position", json: [] }

function lastOperation({ collection }: EntityInfo): ReadOperation {
  const order = [{ relation: null, path: position, descending: true, nulls: null }]
  return {
    ...base,
    collection,
    values: [],
    query: { select: select(["position"]), where: [isSealed], order, limit: 1, offset: null },
  }
}

const isSealed: Filter = { kind: "is", path: position, negated: false, value: "not_null" }

function pageOperation({ collection }: EntityInfo, { after, from, to }: Asked, last: number): ReadOperation {
  const values: string[] = []
  const term = (name: string, operator: "gt" | "gte" | "lt" | "lte", value: string): Filter => ({
    kind: "compare",
    path: { name, json: [] },
    operator,
    negated: false,
    quantifier: null,
    config: null,
    value: values.push(value) - 1,
  })
  const where = [
    term("position", "gt", after),
    term("position", "lte", String(last)),
    ...(from === null ? [] : [term("at", "gte", from)]),
    ...(to === null ? [] : [term("at", "lt", to)]),
  ]
  const order = [{ relation: null, path: position, descending: false, nulls: null }]
  return {
    ...base,
    collection,
    values,
    query: { select: select(exportedFields), where, order, limit: pageRows, offset: null },
  }
}
