/** The door `/rest/rpc/approvals`: what waits for a second person, and their word on it. */
import type { FastifyInstance, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import { asRenewed } from "../engine/renewed-caller.ts"
import { parseContentType } from "./media-type.ts"
import { parseObject } from "./read-body.ts"

type Verdict = { readonly status: "approved" } | { readonly status: "rejected"; readonly reason: string }

export interface ApprovalsDoorParts {
  readonly approvals: {
    list(caller: Caller): Promise<unknown>
    decide(caller: Caller, id: string, verdict: Verdict): Promise<unknown>
  }
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

const path = "/rest/rpc/approvals"
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Adds the routes. */
export function addApprovalsDoor(
  server: FastifyInstance,
  { approvals, authenticate }: ApprovalsDoorParts,
): void {
  server.get(path, { config: { door: "rpc" } }, async (request, reply) => {
    const caller = await authenticate(request)
    return reply.send(await asRenewed(caller, (now) => approvals.list(now)))
  })
  for (const verb of ["approve", "reject"] as const)
    server.post<{ Params: { id: string } }>(
      `${path}/:id/${verb}`,
      { config: { door: "rpc" } },
      async (request, reply) => {
        const caller = await authenticate(request)
        const verdict = readVerdict(request, verb)
        const { id } = request.params
        if (!uuid.test(id)) throw new UndercroftError("UC386")
        return reply.send(await asRenewed(caller, (now) => approvals.decide(now, id, verdict)))
      },
    )
}

function readVerdict({ headers, body }: FastifyRequest, verb: "approve" | "reject"): Verdict {
  const bytes = body as Buffer | undefined
  const isEmpty = !bytes || bytes.length === 0
  if (!isEmpty && parseContentType(headers["content-type"]) !== "json")
    throw new UndercroftError("PGRST102/type", { type: String(headers["content-type"]).slice(0, 60) })
  const sent = isEmpty ? {} : (parseObject(bytes) as Readonly<Record<string, unknown>>)
  const known = verb === "approve" ? [] : ["reason"]
  const other = Object.keys(sent).find((name) => !known.includes(name))
  if (other !== undefined)
    throw new UndercroftError("UC701", { field: other.slice(0, 60), why: "is not asked for" })
  if (verb === "approve") return { status: "approved" }
  const { reason } = sent
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > 500)
    throw new UndercroftError("UC701", { field: "reason", why: "must be a text of 1 to 500 characters" })
  return { status: "rejected", reason }
}
