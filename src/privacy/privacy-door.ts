/** The doors `/privacy/exports/<request>` and `/privacy/reports`: what a request has led to, for the person and for privacy officers. */
import type { FastifyInstance, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Engine } from "../engine/engine.ts"
import { confirmed } from "../engine/renewed-caller.ts"
import type { RequestInfo } from "../model/model.ts"
import type { ReadOperation } from "../query/operation.ts"
import type { ToldEntry } from "../sql/circumstances.ts"
import { listReports, readReport } from "../store/erasure-reports.ts"
import type { ExportFetcher } from "./fetch-export.ts"

export interface PrivacyDoorParts {
  readonly registers: readonly RequestInfo[]
  readonly exports: ExportFetcher
  readonly adminUrl: string
  readonly engine: Engine
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
  /** Puts what is handed out on record, before the first byte. */
  readonly record: (caller: Caller, entry: ToldEntry) => Promise<void>
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** A HEAD would use up what is fetched once. */
const route = { config: { door: "privacy" }, exposeHeadRoute: false } as const

/** Adds the routes. */
export function addPrivacyDoor(server: FastifyInstance, parts: PrivacyDoorParts): void {
  const { registers, exports, adminUrl, record } = parts
  const whoAsks = async (request: FastifyRequest): Promise<Caller> => {
    const caller = await confirmed(await parts.authenticate(request))
    if (caller.id === null) throw new UndercroftError("PG:42501/anonymous", { what: "fetch this" })
    if (caller.claims["key"] || caller.claims["onBehalf"]) throw new UndercroftError("UC400")
    return caller
  }
  server.addHook("preClose", (done) => {
    exports.stop()
    done()
  })
  server.get<{ Params: { id: string } }>("/privacy/exports/:id", route, async (request, reply) => {
    const caller = await whoAsks(request)
    const { id } = request.params
    const register = await registerOf(parts, caller, id)
    checkRecent(caller, register)
    const { name } = register.entity
    // Whatever else a model lets people read of requests: the data is for the person and the officer.
    const account = caller.roles.includes(register.officer) ? null : caller.id
    const bytes = await exports.fetch(register, id, account, (subjects) =>
      record(caller, { kind: "export", entity: name, question: { request: id }, subjects }),
    )
    return reply
      .header("content-type", "application/zip")
      .header("content-disposition", 'attachment; filename="data.zip"')
      .send(bytes)
  })

  const officer = async (request: FastifyRequest): Promise<Caller> => {
    const caller = await whoAsks(request)
    const isOfficer = registers.some((one) => caller.roles.includes(one.officer))
    if (!isOfficer) throw new UndercroftError("PG:42501", { what: "read reports of erasures" })
    return caller
  }
  const entity = registers[0]!.entity.name
  server.get("/privacy/reports", route, async (request, reply) => {
    await record(await officer(request), { kind: "read", entity, question: { reports: "all" } })
    return reply.send(await listReports(adminUrl))
  })
  server.get<{ Params: { id: string } }>("/privacy/reports/:id", route, async (request, reply) => {
    const caller = await officer(request)
    const { id } = request.params
    const report = uuid.test(id) ? await readReport(adminUrl, id) : null
    if (report === null) throw new UndercroftError("UC406")
    await record(caller, { kind: "read", entity, question: { report: id } })
    return reply.header("content-type", "text/plain; charset=utf-8").send(report)
  })
}

/** The register with a request that this caller may see. Throws UC406. */
async function registerOf(
  { registers, engine }: PrivacyDoorParts,
  caller: Caller,
  id: string,
): Promise<RequestInfo> {
  if (uuid.test(id))
    for (const one of registers) if ((await engine.run(lookFor(one, id), caller)).rows > 0) return one
  throw new UndercroftError("UC406")
}

function lookFor({ entity }: RequestInfo, id: string): ReadOperation {
  const path = { name: "id", json: [] }
  return {
    kind: "read",
    collection: entity.collection,
    values: [id],
    count: null,
    single: false,
    form: "json",
    rollback: false,
    query: {
      select: [{ kind: "field", path, alias: null, cast: null, aggregate: null, aggregateCast: null }],
      where: [
        { kind: "compare", path, operator: "eq", negated: false, quantifier: null, config: null, value: 0 },
      ],
      order: [],
      limit: 1,
      offset: null,
    },
  }
}

/** Throws UC612: what is fetched leaves the backend's protection. */
function checkRecent({ claims }: Caller, { signedInMinutes }: RequestInfo): void {
  const at = Date.parse(String(claims["authenticatedAt"]))
  if (!(at >= Date.now() - signedInMinutes * 60_000))
    throw new UndercroftError("UC612", { how: "again", more: "" })
}
