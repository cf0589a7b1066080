/** Who a command asks as: a ready caller of the project, a user by identifier, or nobody in particular. */
import { identifyByClaims } from "../auth/authenticate.ts"
import type { BackendDefinition } from "../backend.ts"
import { UndercroftError } from "../base/errors.ts"
import { anonymous, type Caller, sealCaller } from "../engine/caller.ts"

export interface CallerOptions {
  readonly as?: string | undefined
  readonly roles?: string | undefined
  readonly claims?: string | undefined
}

/** A caller and what to call them: "nurse (0198…, roles: nurse)". */
export interface NamedCaller {
  readonly caller: Caller
  readonly label: string
}

const validSeconds = 12 * 3600

/** Seals the caller of `--as`. Throws UC906. */
export function readCaller(
  definition: BackendDefinition,
  options: CallerOptions,
  key: Buffer,
  command: string,
): NamedCaller {
  const name = options.as ?? "anonymous"
  const roles = options.roles
    ?.split(",")
    .map((one) => one.trim())
    .filter(Boolean)
  const claims = readClaims(options.claims, command)
  const ready = definition.callers?.ready?.find((one) => one.name === name)
  if (!ready && name === "anonymous") return { caller: anonymous, label: "anonymous" }
  const identify = definition.callers?.identify ?? identifyByClaims
  const identity = ready ? identify(ready.claims) : { id: name }
  const caller = sealCaller(
    { id: identity.id, roles: roles ?? identity.roles ?? [], claims: claims ?? identity.claims ?? {} },
    Math.floor(Date.now() / 1000) + validSeconds,
    key,
  )
  const list = caller.roles.length > 0 ? `roles: ${caller.roles.join(", ")}` : "no roles"
  return { caller, label: ready ? `${name} (${caller.id}, ${list})` : `the user ${caller.id} (${list})` }
}

function readClaims(
  text: string | undefined,
  command: string,
): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found === "object" && found !== null && !Array.isArray(found))
      return found as Record<string, unknown>
  } catch {
    // Refused below, as every other text is.
  }
  throw new UndercroftError("UC906", { what: "--claims is a JSON object.", command })
}
