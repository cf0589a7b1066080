/** The door of a witness, there only where the definition declares one: whoever comes is known by the signature of the head that they bring. */
import type { FastifyInstance } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Witness } from "./witness.ts"

/** A checkpoint and 63 hashes, and room. */
const bodyBytes = 16_384

/** Adds `POST /witness/add-checkpoint` and `GET /witness/last?origin=…`. */
export function addWitnessDoor(server: FastifyInstance, witness: Witness): void {
  server.post("/witness/add-checkpoint", { bodyLimit: bodyBytes }, async ({ body }, reply) => {
    if (!Buffer.isBuffer(body)) throw new UndercroftError("UC971", { why: "it is empty" })
    const answer = await witness.addCheckpoint(body.toString("utf8"))
    if ("known" in answer) return reply.code(409).type("text/x.tlog.size").send(`${answer.known}\n`)
    return reply.type("text/plain; charset=utf-8").send(answer.cosignature)
  })
  server.get("/witness/last", async ({ query }, reply) => {
    const { origin } = query as { origin?: unknown }
    if (typeof origin !== "string") throw new UndercroftError("UC972/origin")
    return reply.type("application/json; charset=utf-8").send(await witness.lastHead(origin))
  })
}
