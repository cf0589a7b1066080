/** Keeps people of several issuers, and those of accounts, from being taken for one another: ids are unique with their source (ASVS 10.3.3). */
import type { ProblemList } from "../model/model-error.ts"
import type { JwtIssuer } from "./jwt.ts"

/** What of a definition's `callers` says whose ids are whose. */
export interface CallerSources {
  readonly issuers?: readonly JwtIssuer[]
  /** Whoever writes it sees `iss`, and answers for the ids. */
  readonly identify?: unknown
}

/** Without a colon, so that no namespace with an id is another one with another. */
const form = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Tells UC430 of each issuer whose ids could be somebody else's. */
export function checkNamespaces(callers: CallerSources, hasAccounts: boolean, problems: ProblemList): void {
  const issuers = callers.issuers ?? []
  const taken = new Set<string>()
  for (const [index, { issuer, namespace }] of issuers.entries()) {
    const where = issuer ? `callers.issuers[${index}] (${issuer})` : `callers.issuers[${index}]`
    const tell = (why: string, mend: string): void => problems.add("UC430", where, { why, mend })
    if (namespace === undefined) {
      if (callers.identify !== undefined || (issuers.length === 1 && !hasAccounts)) continue
      const other = issuers.length > 1 ? "beside another issuer" : "beside accounts"
      tell(
        `is ${other}, and has no namespace`,
        'Add one, such as namespace: "hospital", which is put before each id; or say in callers.identify who a token is.',
      )
    } else if (!form.test(namespace)) {
      tell(
        "has a namespace of another form than letters, digits, dots, hyphens and underscores",
        'Write one such as "hospital".',
      )
    } else if (taken.has(namespace)) {
      tell("has the namespace of another issuer", "Give each a namespace of its own.")
    } else taken.add(namespace)
  }
}
