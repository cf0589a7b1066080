/** The commands of the line, each loaded when it is asked for. */
import type { Command } from "./command.ts"

/** A command as the overview names it. */
export interface CommandEntry {
  readonly summary: string
  load(): Promise<Command>
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  dev: {
    summary: "Run the project for development: data to start with, ready callers, restarts at every change.",
    load: async () => (await import("./command-dev.ts")).devCommand,
  },
  start: {
    summary: "Run the project for production.",
    load: async () => (await import("./command-start.ts")).startCommand,
  },
  check: {
    summary: "Build the project's model and rules, and print every problem.",
    load: async () => (await import("./command-check.ts")).checkCommand,
  },
  access: {
    summary: "Print who may do what with the data, or why a caller may or may not touch a row.",
    load: async () => (await import("./command-access.ts")).accessCommand,
  },
  evidence: {
    summary: "Write what of a standard is met, open or yours, with the records that auditors ask for.",
    load: async () => (await import("./command-evidence.ts")).evidenceCommand,
  },
  client: {
    summary: "Write the OpenAPI document, or types for postgrest-js.",
    load: async () => (await import("./command-client.ts")).clientCommand,
  },
  graphql: {
    summary: "Print the GraphQL schema, or register the documents that requests may name.",
    load: async () => (await import("./command-graphql.ts")).graphqlCommand,
  },
  sql: {
    summary: "Print the schema as SQL, or run SQL under a caller's rights.",
    load: async () => (await import("./command-sql.ts")).sqlCommand,
  },
  user: {
    summary: "Add and list people who sign in, set roles, reset passwords, end sessions.",
    load: async () => (await import("./command-user.ts")).userCommand,
  },
  key: {
    summary: "Make, list, replace and take back keys for machines.",
    load: async () => (await import("./command-key.ts")).keyCommand,
  },
  privacy: {
    summary: "Run retention, keep legal holds, and export, restrict or erase a person's data.",
    load: async () => (await import("./command-privacy.ts")).privacyCommand,
  },
  audit: {
    summary: "Show that nobody changed the record, prove an entry, replace the key that signs.",
    load: async () => (await import("./command-audit.ts")).auditCommand,
  },
  keys: {
    summary: "List and rotate the keys of encrypted fields.",
    load: async () => (await import("./command-keys.ts")).keysCommand,
  },
  callers: {
    summary: "Print the ready callers with tokens for the development server.",
    load: async () => (await import("./command-callers.ts")).callersCommand,
  },
}
