/** By what a request says who sends it, as OpenAPI has it: tokens of issuers, and where there are accounts sessions and keys. */

type Requirement = Readonly<Record<string, readonly string[]>>

/** What of accounts a document tells; null where there are none. */
export interface ToldAccounts {
  /** The name of the cookie that holds a session's token. */
  readonly cookie: string
  readonly apiKeys: boolean
}

/** The one that every document has, and that operations name. */
export const needsToken: readonly Requirement[] = [{ bearer: [] }]

/** The schemes by name. */
export function securitySchemes(accounts: ToldAccounts | null): Readonly<Record<string, unknown>> {
  return {
    bearer: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "A token of one of the backend's issuers. Without one the caller is anonymous.",
    },
    ...(accounts && {
      session: {
        type: "http",
        scheme: "bearer",
        description: "The token of a session, from the answer of a sign-in at `/auth`: for programs.",
      },
      sessionCookie: {
        type: "apiKey",
        in: "cookie",
        name: accounts.cookie,
        description: "A session's cookie, set by a sign-in at `/auth`: for browsers.",
      },
    }),
    ...(accounts?.apiKeys && {
      apiKey: {
        type: "http",
        scheme: "bearer",
        description: "A machine's key, which begins with `uck_`: sent as `Authorization: Bearer <key>`.",
      },
    }),
  }
}

/** The same requirements, met by each of the schemes. */
export function withSchemes(
  security: readonly Requirement[],
  schemes: Readonly<Record<string, unknown>>,
): readonly Requirement[] {
  return security.flatMap((one) =>
    Object.hasOwn(one, "bearer") ? Object.keys(schemes).map((name) => ({ [name]: [] })) : [one],
  )
}
