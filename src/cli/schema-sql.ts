/** The whole schema of a project as SQL that an administrator can read, compare and run. */
import type { Policies } from "../policy/policies.ts"
import { createRoles, createSchemas } from "../sql/bootstrap.ts"
import { createMachinery } from "../sql/machinery.ts"
import { roleNames } from "../sql/roles.ts"
import { createReferences, createTable, needsGist, planTables } from "../sql/tables.ts"

const serverMajor = 18

/** Roles, schemas, tables, functions, policies and grants, in order. */
export function schemaSql(name: string, policies: Policies, url: string | undefined): string {
  const database = decodeURIComponent(URL.parse(url ?? "")?.pathname.slice(1) ?? "") || "postgres"
  const roles = roleNames(database)
  const plan = Object.entries(planTables(policies, serverMajor))
  const parts: readonly (readonly [string, readonly string[]])[] = [
    [
      "Roles; Undercroft gives those that log in passwords of their own",
      createRoles(roles, "CHOOSE-A-PASSWORD", "CHOOSE-ANOTHER-PASSWORD"),
    ],
    ["Schemas and keys", createSchemas(database, roles)],
    ["Extensions", needsGist(policies) ? ["create extension if not exists btree_gist with schema app"] : []],
    ["Tables", plan.flatMap(([table, one]) => createTable(table, one))],
    ["References", plan.flatMap(([table, one]) => createReferences(table, one))],
    ["Functions, policies, triggers, views and grants", createMachinery(policies, roles)],
  ]
  const printed = parts
    .filter(([, statements]) => statements.length > 0)
    .map(([title, statements]) => `-- ${title}\n\n${statements.map((one) => `${one};`).join("\n\n")}\n`)
  return `-- The schema of ${name} in the database ${database}, for PostgreSQL ${serverMajor}.\n\n${printed.join("\n")}`
}
