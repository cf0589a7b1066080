/** Rows of OWASP ASVS by who answers for them; the level goes by the number. */
import type { Requirement } from "../requirement.ts"
import { asvsLevels } from "./asvs-levels.ts"

type Rest = Omit<Requirement, "id" | "text" | "weight" | "who" | "accounts">

const missing = "A test of the platform that shows it."

function row(id: string, text: string, rest: Omit<Requirement, "id" | "text" | "weight">): Requirement {
  const weight = asvsLevels.get(id)
  return { id, text, ...(weight === undefined ? {} : { weight }), ...rest }
}

/** The platform answers for it. */
export function platform(id: string, text: string, rest: Rest = {}): Requirement {
  return row(id, text, { ...(rest.gap === undefined ? { missing } : {}), ...rest, who: "platform" })
}

/** The platform answers for it where it signs people in. */
export function signingIn(id: string, text: string, rest: Rest = {}): Requirement {
  return { ...platform(id, text, rest), accounts: true }
}

/** The team answers for it. */
export function builder(id: string, text: string, duty: string, rest: Rest = {}): Requirement {
  return row(id, text, { ...rest, duty, who: "builder" })
}

/** Whoever runs it answers for it. */
export function operator(id: string, text: string, duty: string, rest: Rest = {}): Requirement {
  return row(id, text, { ...rest, duty, who: "operator" })
}
