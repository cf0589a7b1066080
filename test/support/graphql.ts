/** Asks `/graphql` as a caller of a test. */
import type { TestBackend, TestCaller } from "./backend.ts"

export interface GraphqlAnswer {
  readonly data?: any
  readonly errors?: readonly {
    readonly message: string
    readonly path?: readonly string[]
    readonly extensions: { readonly code: string }
  }[]
}

/** The body of the answer, which is JSON whatever became of the document. */
export async function ask(
  backend: TestBackend,
  caller: TestCaller | null,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<GraphqlAnswer> {
  return (await backend.request(caller, "POST", "/graphql", { body: { query, variables } })).json
}
