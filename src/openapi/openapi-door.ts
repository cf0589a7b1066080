/** The documents `/openapi.json` and `/docs`: what each caller could ever know of the API, and a page to read it with. */
import { createHash } from "node:crypto"
import type { FastifyInstance, FastifyRequest } from "fastify"
import type { Caller } from "../engine/caller.ts"
import type { Engine } from "../engine/engine.ts"
import type { Knowledge } from "../engine/knowledge.ts"
import { confirmed } from "../engine/renewed-caller.ts"
import { StatementCache } from "../engine/statement-cache.ts"
import type { Policies } from "../policy/policies.ts"
import type { DescribedAction } from "./action-paths.ts"
import { describeApi } from "./describe-api.ts"
import { docsPage } from "./docs-page.ts"
import type { ToldAccounts } from "./security.ts"

export interface OpenApiDoorParts {
  /** The backend's. */
  readonly name: string
  readonly policies: Policies
  readonly actions: ReadonlyMap<string, DescribedAction>
  readonly accounts: ToldAccounts | null
  /** Whether it is a witness of other records. */
  readonly isWitness: boolean
  readonly engine: Engine
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

interface Document {
  readonly text: string
  readonly etag: string
}

/** Documents are kept by what is known, and callers of one role mostly know the same. */
const keptDocuments = 100
const keptCharacters = 20_000_000

/** Adds the routes. */
export function addOpenApiDoor(server: FastifyInstance, parts: OpenApiDoorParts): void {
  const documents = new StatementCache<Document>(keptDocuments, keptCharacters)
  const page = docsPage(parts.name)

  function documentFor(known: Knowledge): Document {
    const found = documents.get(known.key)
    if (found) return found
    const text = JSON.stringify(
      describeApi(parts.name, parts.policies, known, parts.actions, parts.accounts, parts.isWitness),
    )
    const made = { text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"` }
    documents.set(known.key, made)
    return made
  }

  server.get("/openapi.json", async (request, reply) => {
    const caller = await confirmed(await parts.authenticate(request))
    const { text, etag } = documentFor(await parts.engine.knows(caller))
    reply.headers({ etag, vary: "Authorization", "cache-control": "private, no-cache" })
    if (isSame(request.headers["if-none-match"], etag)) return reply.code(304).send()
    return reply.header("content-type", "application/json; charset=utf-8").send(text)
  })

  server.get("/docs", (_request, reply) =>
    reply
      .headers({
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": page.policy,
        "cache-control": "no-cache",
      })
      .send(page.html),
  )
}

/** RFC 9110, 13.1.2: tags are compared weakly, and `*` is any. */
function isSame(header: string | undefined, etag: string): boolean {
  return (header ?? "").split(",").some((one) => [etag, "*"].includes(one.trim().replace(/^W\//, "")))
}
