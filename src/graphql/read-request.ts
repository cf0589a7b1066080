/** Reads a request of GraphQL over HTTP: its document, its variables, and the media type of its answer. */
import { UndercroftError } from "../base/errors.ts"
import { isDocumentId } from "./registered-documents.ts"

export interface GraphqlRequest {
  /** Null where the request names a registered document. */
  readonly query: string | null
  readonly documentId: string | null
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
}

export const responseType = "application/graphql-response+json"
export type AnswerType = typeof responseType | "application/json"

/** How deep variables may be nested: the JSON of a field may be 64 levels deep. */
const nestingMax = 80

function refuse(why: string): UndercroftError {
  return new UndercroftError("UC343", { why })
}

/** The type that an Accept header wants; JSON where it says nothing. Throws PGRST107. */
export function readAccept(header: string | undefined): AnswerType {
  const ranges = (header ?? "*/*").split(",").flatMap((part) => {
    const [type = "", ...parameters] = part.split(";").map((one) => one.trim().toLowerCase())
    const charset = parameters.find((one) => one.startsWith("charset="))
    if (charset !== undefined && charset !== "charset=utf-8") return []
    const weight = Number(parameters.find((one) => one.startsWith("q="))?.slice(2) ?? "1")
    const found: AnswerType | null =
      type === responseType
        ? responseType
        : ["application/json", "application/*", "*/*"].includes(type)
          ? "application/json"
          : null
    return found && weight > 0 ? [{ found, weight }] : []
  })
  const [best] = ranges.toSorted((a, b) => b.weight - a.weight)
  if (!best) throw new UndercroftError("PGRST107", { types: (header ?? "").slice(0, 100) })
  return best.found
}

/** A request in the query of its address. */
export function readAddress(search: string): GraphqlRequest {
  const parameters = new URLSearchParams(search)
  const json = (name: string): unknown => {
    const text = parameters.get(name)
    return text === null || text === "" ? undefined : parseJson(text, name)
  }
  return checkRequest({
    query: parameters.get("query") ?? undefined,
    documentId: parameters.get("documentId") ?? undefined,
    operationName: parameters.get("operationName") || undefined,
    variables: json("variables"),
    extensions: json("extensions"),
  })
}

/** A request as JSON. */
export function readBody(contentType: string | undefined, body: Buffer | undefined): GraphqlRequest {
  const [type, ...parameters] = (contentType ?? "").split(";").map((one) => one.trim().toLowerCase())
  const charset = parameters
    .find((one) => one.startsWith("charset="))
    ?.slice(8)
    .replaceAll('"', "")
  if (type !== "application/json" || (charset !== undefined && charset !== "utf-8"))
    throw new UndercroftError("UC346", { type: (contentType ?? "none").slice(0, 100) })
  const parsed = parseJson((body ?? Buffer.alloc(0)).toString("utf8"), "the body")
  if (Array.isArray(parsed)) throw refuse("a request has one operation, not a list of them")
  if (!isObject(parsed)) throw refuse("the body must be a JSON object")
  return checkRequest(parsed)
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse(`${what} must be JSON`)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function checkRequest(asked: Readonly<Record<string, unknown>>): GraphqlRequest {
  const { query = null, operationName = null, variables = null, extensions = null } = asked
  if (operationName !== null && typeof operationName !== "string")
    throw refuse("operationName must be a string")
  if (variables !== null && !isObject(variables)) throw refuse("variables must be an object")
  if (extensions !== null && !isObject(extensions)) throw refuse("extensions must be an object")
  if (!isShallow(variables, nestingMax))
    throw refuse(`variables must not be nested deeper than ${nestingMax} levels`)
  const documentId = readDocumentId(asked["documentId"] ?? null, extensions ?? {})
  if (typeof query !== "string" && (query !== null || documentId === null))
    throw refuse("query must be a document, as a string")
  return { query, documentId, operationName, variables: variables ?? {} }
}

/** `documentId` as the appendix has it, or a hash as Apollo's clients send it. */
function readDocumentId(id: unknown, { persistedQuery }: Readonly<Record<string, unknown>>): string | null {
  if (id !== null) {
    if (typeof id !== "string" || !isDocumentId(id)) throw refuse("documentId must be an identifier")
    return id
  }
  if (persistedQuery === undefined || persistedQuery === null) return null
  const { version, sha256Hash } = isObject(persistedQuery) ? persistedQuery : {}
  const own = `sha256:${String(sha256Hash).toLowerCase()}`
  if (version !== 1 || typeof sha256Hash !== "string" || !isDocumentId(own))
    throw refuse("persistedQuery must have version 1 and a sha256Hash")
  return own
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true
  return levels > 0 && Object.values(value).every((one) => isShallow(one, levels - 1))
}
