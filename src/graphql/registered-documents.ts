/** Documents that were registered beforehand (GraphQL over HTTP, appendix A): requests name them instead of sending them. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { UndercroftError } from "../base/errors.ts"
import type { GraphqlRequest } from "./read-request.ts"

/** Texts by identifier, or the file that `undercroft graphql persist` wrote them to. */
export type DocumentSource = URL | Readonly<Record<string, string>>

export type RegisteredDocuments = ReadonlyMap<string, string>

const syntax = /^(sha256:[0-9a-f]{64}|x-[\w.~-]+:[\w.~-]+|[\w.~-]+)$/
const charactersMax = 200

/** Whether it is one in the appendix' syntax: `sha256:…`, `x-…:…`, or of one's own without a colon. */
export function isDocumentId(id: string): boolean {
  return id.length <= charactersMax && syntax.test(id)
}

/** The identifier that follows from the text alone. */
export function documentIdOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`
}

/** Why an identifier can't stand for a text; null where it can. */
export function idProblem(id: string, text: string): string | null {
  if (!isDocumentId(id))
    return "is no identifier: it is sha256: and 64 hexadecimal digits, or letters and digits"
  return id.startsWith("sha256:") && id !== documentIdOf(text) ? "is not the hash of its document" : null
}

/** Reads them once, at the start. Throws UC120. */
export function loadDocuments(source: DocumentSource | undefined): RegisteredDocuments {
  if (source === undefined) return new Map()
  const found: unknown = source instanceof URL ? readDocuments(source) : source
  return parseDocuments(found, (why) => new UndercroftError("UC120", { why }))
}

/** Checks a list that comes from outside; `refuse` says what is wrong with it. */
export function parseDocuments(found: unknown, refuse: (why: string) => Error): RegisteredDocuments {
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw refuse("the list must be one object of identifiers and documents")
  const entries = Object.entries(found as Record<string, unknown>)
  for (const [id, text] of entries) {
    if (typeof text !== "string") throw refuse(`${JSON.stringify(id)} must have a document, as a string`)
    const problem = idProblem(id, text)
    if (problem !== null) throw refuse(`${JSON.stringify(id)} ${problem}`)
  }
  return new Map(entries as [string, string][])
}

function readDocuments(file: URL): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch (cause) {
    const why =
      cause instanceof SyntaxError
        ? "is not JSON"
        : `can't be read (${(cause as NodeJS.ErrnoException).code})`
    throw new UndercroftError("UC120", { why: `${file.pathname} ${why}` }, { cause })
  }
}

/** The text of the document that a request means. Throws UC343, UC350, PERSISTED_QUERY_NOT_FOUND. */
export function findDocument(
  { query, documentId }: GraphqlRequest,
  {
    documents,
    isOnlyRegistered,
  }: { readonly documents: RegisteredDocuments; readonly isOnlyRegistered: boolean },
): string {
  const registered = documentId === null ? undefined : documents.get(documentId)
  if (query === null) {
    if (registered === undefined) throw new UndercroftError("PERSISTED_QUERY_NOT_FOUND")
    return registered
  }
  if (isOnlyRegistered && registered === undefined) throw new UndercroftError("UC350")
  // Clients send both to register a document, which is not done here; what they say must still be so.
  if (documentId !== null && query !== registered && documentId !== documentIdOf(query))
    throw new UndercroftError("UC343", { why: "the identifier is not that of the document" })
  return query
}
