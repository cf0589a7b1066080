/** The help of the command line, and of each command. */
import type { ArgDef, ArgsDef, CommandMeta } from "citty"
import type { Command } from "./command.ts"
import type { CommandEntry } from "./commands.ts"
import { padTo, type Terminal, widthOf, wrap } from "./terminal.ts"

/** `undercroft --help`. */
export function usageOfAll(
  commands: Readonly<Record<string, CommandEntry>>,
  version: string,
  out: Terminal,
): string {
  const rows = Object.entries(commands).map(([name, one]) => [name, one.summary] as const)
  return [
    `${out.paint("bold", "undercroft")} ${version}: declare data, access and rules in TypeScript, run them on PostgreSQL.`,
    section("Usage", ["undercroft <command> [options]"], out),
    section("Commands", columns(rows, out), out),
    section("Environment", columns(environment, out), out),
    "",
    "More about a command: undercroft <command> --help",
  ].join("\n")
}

const environment = [
  ["DATABASE_URL", "An administrator's URL of your own PostgreSQL, in place of the embedded one."],
  ["HOST, PORT", "Where to listen, unless --host and --port say."],
  ["UNDERCROFT_AUDIT_KEY", "The private key that signs the record's heads, in PEM, or its file."],
  ["UNDERCROFT_AUDIT_ANCHOR", "The file outside of the database that keeps the record's heads."],
  ["NO_COLOR", "No colours, even on a terminal."],
  ["UNDERCROFT_DEBUG", "Errors with their causes and stack traces."],
] as const

/** `undercroft <command> --help`. */
export function usageOf(command: Command, out: Terminal): string {
  const { name, description } = metaOf(command)
  const declared = Object.entries((command.args ?? {}) as ArgsDef)
  const words = declared.filter(([, one]) => one.type === "positional")
  const options = declared.filter(([, one]) => one.type !== "positional")
  const line = ["undercroft", name, ...words.map(([word]) => `[${word}]`), "[options]"].join(" ")
  const help = ["-h, --help", "This help."] as const
  return [
    wrap(description ?? "", out.width).join("\n"),
    section("Usage", [line], out),
    ...(words.length > 0
      ? [
          section(
            "Words",
            columns(
              words.map(([word, one]) => [word, one.description ?? ""]),
              out,
            ),
            out,
          ),
        ]
      : []),
    section(
      "Options",
      columns(
        [...options.map(([option, one]) => [optionText(option, one), one.description ?? ""] as const), help],
        out,
      ),
      out,
    ),
    ...(command.examples ? [section("Examples", command.examples, out)] : []),
  ].join("\n")
}

function metaOf(command: Command): CommandMeta {
  return (command.meta ?? {}) as CommandMeta
}

function optionText(name: string, one: ArgDef): string {
  const alias = "alias" in one && one.alias !== undefined ? [one.alias].flat() : []
  const long = one.type === "boolean" && one.default === true ? `--no-${name}` : `--${name}`
  const hint = one.type === "enum" ? one.options?.join("|") : one.valueHint
  return [...alias.map((each) => `-${each}`), long].join(", ") + (one.type === "boolean" ? "" : ` <${hint}>`)
}

function section(title: string, lines: readonly string[], out: Terminal): string {
  return ["", out.paint("bold", title), ...lines.map((line) => `  ${line}`)].join("\n")
}

function columns(rows: readonly (readonly [string, string])[], out: Terminal): readonly string[] {
  const width = Math.max(...rows.map(([name]) => widthOf(name)))
  return rows.flatMap(([name, text]) =>
    wrap(text, Math.max(30, out.width - width - 5)).map(
      (line, at) => `${at === 0 ? out.paint("cyan", padTo(name, width)) : " ".repeat(width)}  ${line}`,
    ),
  )
}
