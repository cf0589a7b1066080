/** Refuses to serve from a database whose row-level security could be passed by. */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { hasFieldView, writeColumn } from "../sql/machinery.ts"
import { recordTriggers } from "../sql/record-writes.ts"
import type { RoleNames } from "../sql/roles.ts"
import { compareMachinery, type MachineryRecord, readMachinery } from "./machinery-record.ts"

/** Throws UC525 with everything that is wrong. `made` is what was there when policies were last made. */
export async function checkDatabase(
  admin: pg.Client,
  roles: RoleNames,
  policies: Policies,
  made: MachineryRecord,
): Promise<void> {
  const problems = await findProblems(admin, roles, policies, made)
  if (problems.length > 0)
    throw new UndercroftError("UC525", { count: problems.length }, { details: problems.join("\n") })
}

/** Everything that is wrong, a sentence each with its mend. The session's search path must be pg_catalog alone. */
export async function findProblems(
  admin: pg.Client,
  roles: RoleNames,
  policies: Policies,
  made: MachineryRecord,
): Promise<readonly string[]> {
  return [
    ...(await roleProblems(admin, roles)),
    ...(await settingProblems(admin, roles)),
    ...(await schemaProblems(admin, roles)),
    ...(await tableProblems(admin, roles, policies)),
    ...(await strangeProblems(admin, roles)),
    ...compareMachinery(made, await readMachinery(admin)),
  ]
}

async function roleProblems(admin: pg.Client, roles: RoleNames): Promise<string[]> {
  const all = [roles.api, roles.audit, roles.system, roles.fields, roles.internal, roles.owner]
  const { rows } = await admin.query(
    `select r.rolname as name, r.rolsuper as super, r.rolbypassrls as bypass, r.rolinherit as inherit, r.rolcanlogin as login,
      r.rolcreaterole or r.rolreplication or r.rolcreatedb as creates,
      (select string_agg(quote_ident(g.rolname), ', ') from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as member,
      exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'
        and d.dbid in (0, (select oid from pg_database where datname = current_database()))) as owns,
      has_database_privilege(r.rolname, current_database(), 'TEMP') as temp,
      has_database_privilege(r.rolname, current_database(), 'CREATE') as creates_schemas
    from pg_roles r where r.rolname = any($1)`,
    [all],
  )
  const problems: string[] = []
  for (const role of rows) {
    // Those that log in.
    const isApi = role.name === roles.api || role.name === roles.audit
    const say = (when: boolean, what: string, mend: string): void => {
      if (when) problems.push(`the role ${role.name} ${what}: ${mend}`)
    }
    say(role.super, "is a superuser, whom no policy holds", `alter role "${role.name}" nosuperuser;`)
    say(role.bypass, "may bypass row-level security", `alter role "${role.name}" nobypassrls;`)
    say(
      role.creates,
      "may create roles or databases, or replicate",
      `alter role "${role.name}" nocreaterole nocreatedb noreplication;`,
    )
    say(!isApi && role.login, "may log in", `alter role "${role.name}" nologin;`)
    say(isApi && role.inherit, "inherits", `alter role "${role.name}" noinherit;`)
    say(role.member !== null, `is a member of ${role.member}`, `revoke ${role.member} from "${role.name}";`)
    say(
      isApi && role.owns,
      "owns tables, functions, large objects or other things",
      "give them to another owner, or drop them;",
    )
    say(
      isApi && role.temp,
      "may create temporary tables",
      `revoke temporary on database from public, "${role.name}";`,
    )
    say(
      isApi && role.creates_schemas,
      "may create schemas",
      `revoke create on database from public, "${role.name}";`,
    )
  }
  const missing = all.filter((name) => !rows.some((row) => row.name === name))
  if (missing.length > 0) problems.push(`the roles ${missing.join(" and ")} are missing`)
  return problems
}

/** A role may change its own settings; some of them change what a statement means, or whether it is kept. */
async function settingProblems(admin: pg.Client, roles: RoleNames): Promise<string[]> {
  const { rows } = await admin.query(
    `select s.setrole <> 0 as own, s.setdatabase <> 0 as here, quote_ident(current_database()) as database, split_part(c, '=', 1) as name
    from pg_db_role_setting s cross join unnest(s.setconfig) c
    where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      and s.setrole in (0, (select oid from pg_roles where rolname = $1))
      and c ~* '^(undercroft\\.|role=|session_authorization=|search_path=|row_security=|session_replication_role=|synchronous_commit=|transform_null_equals=|default_transaction_|[a-z_]*preload_libraries=|client_encoding=)'`,
    [roles.api],
  )
  return rows.map(({ own, here, database, name }) =>
    own
      ? `the role ${roles.api} has a setting of its own for ${name}: alter role "${roles.api}"${here ? ` in database ${database}` : ""} reset ${name};`
      : `the ${here ? "database" : "server"} has a setting for ${name}, which would hold for ${roles.api}: alter ${here ? `database ${database}` : "role all"} reset ${name};`,
  )
}

async function schemaProblems(admin: pg.Client, roles: RoleNames): Promise<string[]> {
  const { rows } = await admin.query(
    `select r.rolname as role, n.nspname as schema, has_schema_privilege(r.oid, n.oid, 'USAGE') as uses, has_schema_privilege(r.oid, n.oid, 'CREATE') as creates
    from pg_namespace n cross join pg_roles r where r.rolname = any($1)`,
    [[roles.api, roles.system, roles.fields]],
  )
  return rows.flatMap(({ role, schema, uses, creates }) => [
    ...(creates && !(role === roles.fields && schema === "fields")
      ? [
          `the role ${role} may create things in the schema ${schema}: revoke create on schema "${schema}" from public, "${role}";`,
        ]
      : []),
    ...(uses && schema === "undercroft_state"
      ? [
          `the role ${role} can read the keys: revoke usage on schema undercroft_state from public, "${role}";`,
        ]
      : []),
    ...(uses && schema === "audit"
      ? [`the role ${role} can reach the record: revoke usage on schema audit from public, "${role}";`]
      : []),
    ...(uses && schema === "undercroft_rules"
      ? [
          `the role ${role} can ask the functions of rules: revoke usage on schema undercroft_rules from public, "${role}";`,
        ]
      : []),
  ])
}

async function tableProblems(admin: pg.Client, roles: RoleNames, policies: Policies): Promise<string[]> {
  const { rows } = await admin.query(
    `select c.relname as name, n.nspname as schema, c.relkind as kind, c.relrowsecurity as secured, c.relforcerowsecurity as forced,
      pg_get_userbyid(c.relowner) as owner, coalesce('security_invoker=true' = any(c.reloptions), false) as invoker,
      (select array_agg(p.polname::text order by p.polname) from pg_policy p where p.polrelid = c.oid) as policies,
      has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') or has_table_privilege($1, c.oid, 'DELETE') as reached,
      (select string_agg(x.privilege_type, ', ') from aclexplode(c.relacl) x
        where x.grantee in (0, (select oid from pg_roles where rolname = $1)) and x.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) as more,
      (select string_agg(distinct case when t.tgisinternal then 'all' else quote_ident(t.tgname) end, ', ') from pg_trigger t where t.tgrelid = c.oid and t.tgenabled in ('D', 'R') and not t.tgname = any($3)) as asleep,
      (select array_agg(t.tgname::text) from pg_trigger t where t.tgrelid = c.oid and t.tgname = any($3) and t.tgenabled = 'A') as recording,
      (select string_agg(quote_ident(w.rulename), ', ') from pg_rewrite w where w.ev_class = c.oid and not (w.rulename = '_RETURN' and c.relkind in ('v', 'm'))) as rules,
      (select string_agg(a.attname, ', ') from pg_attribute a where a.attrelid = c.oid and a.attname = any($2) and has_column_privilege($1, c.oid, a.attnum, 'SELECT')) as unseen
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('app', 'fields') and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [
      roles.api,
      [...policies.of.values()].flatMap((policy) =>
        policy.entity.fields.map((field) => writeColumn(policy, field)).filter((name) => name.includes("$")),
      ),
      recordTriggers,
    ],
  )
  const found = new Map(rows.map((row) => [`${row.schema}.${row.name}`, row]))
  const records = new Set(
    policies.model.entities.filter((one) => one.record).map((one) => `app.${one.table}`),
  )
  const problems: string[] = []
  for (const [name, row] of found) {
    if (row.kind === "r" || row.kind === "p") {
      if (!row.secured)
        problems.push(`${name} has no row-level security: alter table ${name} enable row level security;`)
      if (!row.forced)
        problems.push(
          `${name} does not force row-level security: alter table ${name} force row level security;`,
        )
      if (row.owner !== roles.owner)
        problems.push(
          `the table ${name} belongs to ${row.owner}: alter table ${name} owner to "${roles.owner}";`,
        )
    } else if (row.kind !== "v") {
      problems.push(
        `${name} is a ${row.kind === "m" ? "materialized view" : "foreign table"}, which no policy holds: move it to another schema;`,
      )
    } else if (records.has(name)) {
      if (row.owner !== roles.internal)
        problems.push(
          `the view ${name} of the record belongs to ${row.owner}: alter view ${name} owner to "${roles.internal}";`,
        )
    } else if (row.schema === "app" && !row.invoker) {
      problems.push(
        `the view ${name} does not run as its caller: alter view ${name} set (security_invoker = true);`,
      )
    } else if (row.schema === "fields" && row.owner !== roles.fields) {
      problems.push(
        `the field view ${name} belongs to ${row.owner}: alter view ${name} owner to "${roles.fields}";`,
      )
    }
    if (row.asleep)
      problems.push(`${name} has triggers that do not run: alter table ${name} enable trigger ${row.asleep};`)
    if (row.rules) problems.push(`${name} has the rule ${row.rules}: drop rule ${row.rules} on ${name};`)
    if (row.more)
      problems.push(
        `${roles.api} has the right to ${row.more} on ${name}: revoke ${row.more} on ${name} from public, "${roles.api}";`,
      )
    if (row.unseen)
      problems.push(
        `${roles.api} reads the hidden columns ${row.unseen} of ${name}: revoke select on ${name} from public, "${roles.api}";`,
      )
  }
  for (const entity of policies.model.entities) {
    const policy = policyOf(policies, entity)
    const table = found.get(`app.${entity.table}`)
    if (!table)
      problems.push(`the table app.${entity.table} is missing; start with an empty database or restore it`)
    else if (!entity.view && !entity.record) {
      for (const one of recordTriggers)
        if (!table.recording?.includes(one))
          problems.push(
            `writes of app.${entity.table} are not on record: alter table app.${entity.table} enable always trigger ${one}; where it is gone: update undercroft_state.schema set hash = '';`,
          )
      const { access } = entity
      const wanted = [
        access.create && "create",
        access.delete && "delete",
        "internal",
        access.read && "read",
        policies.system.has(entity) && "system",
        access.updateFrom && "update",
      ].filter(Boolean)
      if (JSON.stringify(wanted) !== JSON.stringify(table.policies)) {
        problems.push(
          `app.${entity.table} has the policies ${table.policies ?? "(none)"} and not ${wanted}; have them made anew: update undercroft_state.schema set hash = '';`,
        )
      }
      if (hasFieldView(policy) && table.reached)
        problems.push(
          `${roles.api} reaches app.${entity.table} past its field view: revoke all on app.${entity.table} from public, "${roles.api}";`,
        )
    }
  }
  return problems
}

/** What the API may reach outside of the model. */
async function strangeProblems(admin: pg.Client, roles: RoleNames): Promise<string[]> {
  const { rows } = await admin.query(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('app', 'fields', 'pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)' and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and has_schema_privilege($1, n.oid, 'USAGE')
      and (has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege($1, c.oid, 'DELETE, TRUNCATE'))
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    union all
    select format('the function %s', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and n.nspname not in ('undercroft', 'undercroft_rules', 'pg_catalog', 'information_schema')
      and has_schema_privilege($1, n.oid, 'USAGE') and has_function_privilege($1, p.oid, 'EXECUTE')
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`,
    [roles.api],
  )
  return rows.map(
    ({ name }) =>
      `${roles.api} may use ${name}, which no policy holds: revoke all on ${name} from public, "${roles.api}";`,
  )
}
