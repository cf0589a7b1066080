/** The parts of an OpenAPI document, as plain data. */

export interface Reference {
  readonly $ref: string
}

export type Described<T> = T | Reference

export interface Parameter {
  readonly name: string
  readonly in: "query" | "header" | "path"
  readonly description: string
  readonly required?: boolean
  readonly schema: Readonly<Record<string, unknown>>
  readonly example?: unknown
}

export interface MediaType {
  readonly schema: Readonly<Record<string, unknown>>
  readonly example?: unknown
}

export interface ApiResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, MediaType>>
}

export interface ApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly Described<Parameter>[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, MediaType>>
  }
  readonly responses: Readonly<Record<string, Described<ApiResponse>>>
}

export type PathItem = Readonly<
  Partial<Record<"get" | "head" | "post" | "patch" | "delete" | "put" | "options", ApiOperation>>
>

export interface ApiDocument {
  readonly openapi: "3.1.0"
  readonly jsonSchemaDialect: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string; readonly description?: string }[]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** A reference to something under `components`. */
export function componentOf(
  kind: "schemas" | "parameters" | "responses" | "headers",
  name: string,
): Reference {
  return { $ref: `#/components/${kind}/${name}` }
}

/** The same answers, with their headers alone. */
export function withoutContent(responses: ApiOperation["responses"]): ApiOperation["responses"] {
  return Object.fromEntries(
    Object.entries(responses).map(([status, one]) => {
      if ("$ref" in one) return [status, one]
      const { content: _, ...rest } = one
      return [status, rest]
    }),
  )
}
