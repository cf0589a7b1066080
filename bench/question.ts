/** What a question is: the same thing asked of every contender, each in its own way. */
import type { BenchRows } from "./data.ts"

/** An anonymous caller asks the open twins of the tables; a signed-in one asks those behind policies. */
export type Access = "anonymous" | "signed-in"

/** One HTTP request, without what every request has. */
export interface Ask {
  /** Where it is not the question's. */
  readonly method?: Question["method"]
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** One instance of a question: who asks, and how it is put to Undercroft and to fixed routes. */
export interface Sample {
  /** The user who asks, where callers are signed in. */
  readonly user: string
  readonly rest: Ask
  readonly fixed: Ask
  readonly graphql?: GraphqlAsk
}

/** A document, in the names of Undercroft and in those that PostGraphile makes; both ask, and are answered, the same. */
export interface GraphqlAsk {
  readonly document: string
  readonly postgraphile: string
  readonly variables: Readonly<Record<string, string>>
}

/** What a fixed route knows of a request once fastify has validated it. */
export interface RouteInput {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, string>>
}

export interface Question {
  readonly name: string
  /** In one sentence. */
  readonly asks: string
  /** Asked of servers that speak GraphQL beside Undercroft's REST, instead of those with fixed routes. */
  readonly isGraphql?: true
  readonly method: "GET" | "POST" | "PATCH"
  /** The status of every good answer. */
  readonly status: number
  /** The fixed route, below `/anonymous` or `/signed-in`. */
  readonly route: string
  /** JSON schemas of the route's `params`, `querystring` and `body`, as a careful author gives them. */
  readonly schema: Readonly<Record<string, object>>
  /**
   * The SQL that someone writes by hand: a row with one column, JSON as text, or no row where there is nothing.
   * `prefix` is that of the tables.
   */
  readonly sql: (prefix: "" | "open_") => string
  readonly parameters: (input: RouteInput) => readonly string[]
  /** Draws one instance. */
  readonly sample: (rows: BenchRows, access: Access) => Sample
  /** An instance that the signed-in caller may not ask for: every contender must refuse, or find nothing. */
  readonly forbidden: (rows: BenchRows) => Sample
  /** For writes: SQL for the superuser, whose answer changes if and only if the write was done. */
  readonly effect?: (
    sample: Sample,
    prefix: "" | "open_",
  ) => { readonly text: string; readonly values: string[] }
  /** For inserts: takes away what was added. */
  readonly cleanup?: string
}

/** The name of a collection: the open twin's for an anonymous caller. */
export function collectionFor(access: Access, name: string): string {
  return access === "anonymous" ? `open${name[0]!.toUpperCase()}${name.slice(1)}` : name
}

/** The fixed route's path for a kind of caller. */
export function fixedPath(access: Access, path: string): string {
  return `/${access}${path}`
}

/** Parts of schemas that several routes have. */
export const idSchema: object = { type: "string", format: "uuid" }

/** The schema of an object that has exactly these properties. */
export function objectSchema(properties: Readonly<Record<string, object>>): object {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false }
}
