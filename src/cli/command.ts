/** What a command is, and the options that several of them share. */
import type { ArgsDef, CommandDef } from "citty"

/** A command of the line: citty's, with examples for its help. */
export type Command = CommandDef & CommandNotes

interface CommandNotes {
  readonly examples?: readonly string[]
  /** How many more words may follow those that the command names. */
  readonly words?: number
}

interface TextOption {
  readonly type: "string"
  readonly description: string
  readonly valueHint: string
}

interface Flag {
  readonly type: "boolean"
  readonly description: string
}

/** Declares a command; `run` gets the arguments with their types. */
export function command<const A extends ArgsDef>(definition: CommandDef<A> & CommandNotes): Command {
  return definition as unknown as Command
}

export const projectOption: TextOption = {
  type: "string",
  description: "The project's folder, with its backend.ts. Default: the current one.",
  valueHint: "dir",
}

export const hostOption: TextOption = {
  type: "string",
  description: "The address to listen on. Default: HOST, else 127.0.0.1.",
  valueHint: "address",
}

export const portOption: TextOption = {
  type: "string",
  description: "The port to listen on; 0 takes a free one. Default: PORT, else 4000.",
  valueHint: "number",
}

export const asOption: TextOption = {
  type: "string",
  description: "A ready caller's name, a user's id, or anonymous.",
  valueHint: "caller",
}

export const rolesOption: TextOption = {
  type: "string",
  description: "The roles of that user, separated by commas.",
  valueHint: "a,b",
}

export const claimsOption: TextOption = {
  type: "string",
  description: "What claim(…) facts read, as a JSON object.",
  valueHint: "json",
}

export function jsonOption(description: string): Flag {
  return { type: "boolean", description }
}
