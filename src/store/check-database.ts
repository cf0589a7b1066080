/** Refuses to serve from a database whose row-level security could be passed by. */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { hasFieldView } from "../sql/machinery.ts"
import type { RoleNames } from "../sql/roles.ts"

/** Throws UC525 with everything that is wrong. */
export async function checkDatabase(admin: pg.Client, roles: RoleNames, policies: Policies): Promise<void> {
  const problems = [...(await roleProblems(admin, roles)), ...(await tableProblems(admin, roles, policies))]
  if (problems.length > 0) throw new UndercroftError("UC525", { count: problems.length }, { details: problems.join("\n") })
}

async function roleProblems(admin: pg.Client, roles: RoleNames): Promise<string[]> {
  const { rows } = await admin.query(
    `select r.rolname as name, r.rolsuper as super, r.rolbypassrls as bypass, r.rolinherit as inherit, r.rolcreaterole as creates, r.rolreplication as replicates,
      exists (select from pg_auth_members m where m.member = r.oid) as member,
      exists (select from pg_class c where c.relowner = r.oid and c.relnamespace not in ('pg_toast'::regnamespace)) as owns,
      exists (select from pg_proc p where p.proowner = r.oid) as functions,
      has_database_privilege(r.rolname, current_database(), 'TEMP') as temp,
      has_schema_privilege(r.rolname, 'undercroft_state', 'USAGE') as state
    from pg_roles r where r.rolname = any($1)`,
    [[roles.api, roles.fields]],
  )
  const problems: string[] = []
  for (const role of rows) {
    const isApi = role.name === roles.api
    const say = (when: boolean, what: string, mend: string): void => {
      if (when) problems.push(`the role ${role.name} ${what}: ${mend}`)
    }
    say(role.super, "is a superuser, whom no policy holds", `alter role "${role.name}" nosuperuser;`)
    say(role.bypass, "may bypass row-level security", `alter role "${role.name}" nobypassrls;`)
    say(role.creates || role.replicates, "may create roles or replicate", `alter role "${role.name}" nocreaterole noreplication;`)
    say(role.state, "can read the keys", `revoke usage on schema undercroft_state from "${role.name}";`)
    say(isApi && role.inherit, "inherits", `alter role "${role.name}" noinherit;`)
    say(role.member, "is a member of another role", `revoke that role from "${role.name}";`)
    say(isApi && role.owns, "owns tables or views", "give them to another owner;")
    say(isApi && role.functions, "owns functions", "give them to another owner;")
    say(isApi && role.temp, "may create temporary tables", `revoke temporary on database from public, "${role.name}";`)
  }
  if (rows.length < 2) problems.push(`the roles ${roles.api} and ${roles.fields} are missing`)
  return problems
}

async function tableProblems(admin: pg.Client, roles: RoleNames, policies: Policies): Promise<string[]> {
  const { rows } = await admin.query(
    `select c.relname as name, n.nspname as schema, c.relkind as kind, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
      pg_get_userbyid(c.relowner) as owner, coalesce('security_invoker=true' = any(c.reloptions), false) as invoker,
      (select array_agg(p.polname::text order by p.polname) from pg_policy p where p.polrelid = c.oid) as policies,
      has_table_privilege($1, c.oid, 'SELECT') as selects, has_table_privilege($1, c.oid, 'TRUNCATE') as truncates
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('app', 'fields') and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [roles.api],
  )
  const found = new Map(rows.map((row) => [`${row.schema}.${row.name}`, row]))
  const problems: string[] = []
  for (const [name, row] of found) {
    if (row.kind === "r" || row.kind === "p") {
      if (!row.secured) problems.push(`${name} has no row-level security: alter table ${name} enable row level security;`)
      if (!row.forced) problems.push(`${name} does not force row-level security: alter table ${name} force row level security;`)
    } else if (row.schema === "app" && !row.invoker) {
      problems.push(`the view ${name} does not run as its caller: alter view ${name} set (security_invoker = true);`)
    } else if (row.schema === "fields" && row.owner !== roles.fields) {
      problems.push(`the field view ${name} belongs to ${row.owner}: alter view ${name} owner to "${roles.fields}";`)
    }
    if (row.truncates) problems.push(`${roles.api} may truncate ${name}: revoke truncate on ${name} from "${roles.api}";`)
  }
  for (const entity of policies.model.entities) {
    const policy = policyOf(policies, entity)
    const table = found.get(`app.${entity.table}`)
    if (!table) problems.push(`the table app.${entity.table} is missing; start with an empty database or restore it`)
    else if (!entity.view) {
      const { access } = entity
      const wanted = [access.create && "create", access.delete && "delete", "internal", access.read && "read", access.updateFrom && "update"].filter(Boolean)
      if (JSON.stringify(wanted) !== JSON.stringify(table.policies)) {
        problems.push(`app.${entity.table} has the policies ${table.policies ?? "(none)"} and not ${wanted}; delete undercroft_state.schema's row to have them made anew`)
      }
      if (hasFieldView(policy) && table.selects) problems.push(`${roles.api} reads app.${entity.table} past its field view: revoke select on app.${entity.table} from "${roles.api}";`)
    }
  }
  return problems
}
