/** Errors as GraphQL answers have them, with the catalogue's code. */
import { GraphQLError } from "graphql"
import { UndercroftError } from "../base/errors.ts"

export interface ToldError {
  readonly message: string
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
  readonly path?: readonly string[]
  readonly extensions: {
    readonly code: string
    readonly details: string | null
    readonly hint: string | null
  }
}

/** `path` is the root field that went wrong. */
export function tellError(error: GraphQLError | UndercroftError, path?: readonly string[]): ToldError {
  const own =
    error instanceof UndercroftError
      ? error
      : new UndercroftError("UC341", { why: withoutValues(error.message) })
  const { code, message, details, hint } = own.toBody()
  return {
    message,
    ...(error instanceof GraphQLError && error.locations ? { locations: error.locations } : {}),
    ...(path ? { path } : {}),
    extensions: { code, details, hint },
  }
}

/** graphql-js quotes what it was given; a value is nobody's business in a log. */
function withoutValues(message: string): string {
  const cut = message
    .replace(/[,.;]? [Ff]ound:? [\s\S]*$/, "")
    .replace(/( (?:cannot represent|can't represent|must be|is no|is not)[^:"]*): [\s\S]*$/, "$1")
  return cut === message || /[.?]$/.test(cut) ? cut : `${cut}.`
}

/** What a route of this door sends where no document was executed. */
export function errorBody(error: UndercroftError): { readonly errors: readonly ToldError[] } {
  return { errors: [tellError(error)] }
}
