/** Requests to try out, as curl commands that a shell understands. */
import type { BackendDefinition, TryOut } from "../backend.ts"
import type { Policies } from "../policy/policies.ts"

const shown = 7

export interface CurlCommand {
  readonly what: string
  readonly line: string
}

/** The definition's requests, or a few that fit any model. */
export function curlCommands(
  definition: BackendDefinition,
  policies: Policies,
  url: string,
): readonly CurlCommand[] {
  const chosen =
    definition.tryOut && definition.tryOut.length > 0
      ? definition.tryOut
      : suggestTryOut(definition, policies)
  return chosen.slice(0, shown).map((one) => ({ what: one.what, line: curlLine(one, url) }))
}

/** `nurse` → `NURSE`: the shell's variable with that caller's token. */
export function variableOf(caller: string): string {
  const name = caller.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")
  return /^\d/.test(name) ? `TOKEN_${name}` : name
}

function curlLine({ caller, path, method, body }: TryOut, url: string): string {
  const verb = method ?? (body === undefined ? "GET" : "POST")
  return [
    "curl -sg",
    ...(verb === "GET" ? [] : [`-X ${verb}`]),
    ...(caller === undefined ? [] : [`-H "Authorization: Bearer $${variableOf(caller)}"`]),
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${shellQuote(JSON.stringify(body))}`]),
    ...(verb === "GET" || verb === "HEAD" || path.startsWith("/rest/rpc/")
      ? []
      : [`-H 'Prefer: return=representation'`]),
    // Spaces and umlauts are escaped; what the author escaped stays so.
    shellQuote(url + encodeURI(path).replaceAll("%25", "%")),
  ].join(" ")
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function suggestTryOut(definition: BackendDefinition, { model }: Policies): readonly TryOut[] {
  const readable = model.entities.filter((one) => one.access.read !== null || one.view !== null)
  const [first] = definition.callers?.ready ?? []
  const as = first ? { caller: first.name } : {}
  const open = readable.slice(0, 1).map(({ collection }) => ({
    what: `${collection}, as anyone sees them`,
    path: `/rest/${collection}?limit=3`,
  }))
  const own = readable.slice(0, 3).map(({ collection }) => ({
    what: `${collection}, as ${first?.name ?? "anyone"} sees them`,
    path: `/rest/${collection}?limit=3`,
    ...as,
  }))
  return [...(first ? open : []), ...own, { what: "whether the backend is ready", path: "/health/ready" }]
}
