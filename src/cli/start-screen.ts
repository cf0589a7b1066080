/** What a development server shows when it is ready: where it is, who can be tried out, and what to ask. */

import { type ReadyToken, tokenDays } from "./ready-callers.ts"
import { padTo, type Terminal, widthOf } from "./terminal.ts"
import type { CurlCommand } from "./try-out.ts"
import { variableOf } from "./try-out.ts"

export interface StartFacts {
  readonly name: string
  readonly url: string
  /** In words: a folder, or a host and database. */
  readonly data: string
  readonly tookMs: number
  readonly watched: string | null
  readonly tokens: readonly ReadyToken[]
  readonly commands: readonly CurlCommand[]
  /** What shows that the record can't be changed unnoticed. */
  readonly record: readonly CurlCommand[]
}

/** The whole screen. Lines to paste stand alone, without anything before them. */
export function startScreen(facts: StartFacts, out: Terminal): string {
  const rows: readonly (readonly [string, string])[] = [
    ["Address", out.paint(["bold", "cyan"], facts.url)],
    ["Documents", out.paint("cyan", `${facts.url}/docs`)],
    ["GraphQL", out.paint("cyan", `${facts.url}/graphql`)],
    ["Data", facts.data],
    ...(facts.watched === null ? [] : [["Watching", facts.watched] as const]),
    ["Stop", "Ctrl-C"],
  ]
  return [
    "",
    `  ${out.paint(["bold", "green"], facts.name)} ${out.paint("bold", "is running")} ${out.paint("dim", `(started in ${(facts.tookMs / 1000).toFixed(1)} s)`)}`,
    "",
    ...rows.map(([name, text]) => `  ${out.paint("dim", name.padEnd(11))}${text}`),
    ...callerLines(facts.tokens, out),
    ...commandLines("Try it", facts.commands, {
      first: facts.tokens.length > 0 ? "· paste the lines above into a shell first" : "",
      out,
    }),
    ...commandLines("The record", facts.record, {
      first: "· nobody changes it unnoticed, the superuser included",
      out,
    }),
    "",
  ].join("\n")
}

function callerLines(tokens: readonly ReadyToken[], out: Terminal): readonly string[] {
  if (tokens.length === 0) return []
  const width = Math.max(...tokens.map((one) => widthOf(one.name)))
  return [
    "",
    `  ${out.paint("bold", "Callers")} ${out.paint("dim", `· tokens are valid for ${tokenDays} days, on this folder's development key alone`)}`,
    "",
    ...tokens.map((one) => `  ${out.paint("cyan", padTo(one.name, width))}  ${one.description}`),
    ...accountLines(tokens, width, out),
    "",
    ...tokens.map((one) => out.paint("dim", `export ${variableOf(one.name)}=${one.token}`)),
  ]
}

/** How they sign in; the code of an app is asked for when it is needed. */
function accountLines(tokens: readonly ReadyToken[], width: number, out: Terminal): readonly string[] {
  const lines = tokens.flatMap(({ name, account }) =>
    account
      ? [
          `  ${out.paint("cyan", padTo(name, width))}  ${account.email}  ${account.password}${account.code ? out.paint("dim", "  and a code: undercroft callers") : ""}`,
        ]
      : [],
  )
  return lines.length === 0
    ? []
    : ["", `  ${out.paint("bold", "Sign-in")} ${out.paint("dim", "· at /auth, with")}`, "", ...lines]
}

function commandLines(
  title: string,
  commands: readonly CurlCommand[],
  { first, out }: { readonly first: string; readonly out: Terminal },
): readonly string[] {
  if (commands.length === 0) return []
  return [
    "",
    `  ${out.paint("bold", title)} ${out.paint("dim", first)}`.trimEnd(),
    ...commands.flatMap(({ what, line }) => ["", out.paint("green", `# ${what}`), line]),
  ]
}
