/** Reads a request of GraphQL over HTTP: its document, its variables, and the media type of its answer. */
import { UndercroftError } from "../base/errors.ts"

export interface GraphqlRequest {
  readonly query: string
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
  const { query, operationName = null, variables = null, extensions = null } = asked
  if (typeof query !== "string") throw refuse("query must be a document, as a string")
  if (operationName !== null && typeof operationName !== "string")
    throw refuse("operationName must be a string")
  if (variables !== null && !isObject(variables)) throw refuse("variables must be an object")
  if (extensions !== null && !isObject(extensions)) throw refuse("extensions must be an object")
  if (!isShallow(variables, nestingMax))
    throw refuse(`variables must not be nested deeper than ${nestingMax} levels`)
  return { query, operationName, variables: variables ?? {} }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true
  return levels > 0 && Object.values(value).every((one) => isShallow(one, levels - 1))
}
