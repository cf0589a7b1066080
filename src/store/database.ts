/** Makes a database ready for a model: roles, schemas, the safe difference of tables, functions and policies; then checks it. */
import { createHash } from "node:crypto"
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import type { AccountsPlan } from "../sql/accounts.ts"
import { createRoles, createSchemas, createUuidFunction } from "../sql/bootstrap.ts"
import { createMachinery, dropMachinery } from "../sql/machinery.ts"
import { type RoleNames, roleNames } from "../sql/roles.ts"
import { type ConstraintPlan, needsGist, planTables, type SchemaPlan } from "../sql/tables.ts"
import { type PreparedAccounts, prepareAccounts } from "./accounts-database.ts"
import { apiPassword, loginUrl } from "./api-login.ts"
import { checkDatabase } from "./check-database.ts"
import { type MachineryRecord, readMachinery } from "./machinery-record.ts"
import { inOrder, planSchemaChange, type SchemaStep } from "./schema-change.ts"
import { scramVerifier } from "./scram.ts"

/** A database that is ready: what the engine needs of it. */
export interface ReadyDatabase {
  /** Logs in as the API role. */
  readonly apiUrl: string
  /** Logs in as the role of accounts, where there are any. */
  readonly accountsUrl: string
  readonly roles: RoleNames
  /** Seals callers; the database has it too. */
  readonly processKey: Buffer
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly plan: SchemaPlan
  /** What was done to the tables, for people. */
  readonly changes: readonly string[]
  /** The schema was made by this very call. */
  readonly isNew: boolean
  /** No data to start with was put in yet. */
  readonly isUnseeded: boolean
}

/** The smallest fixed minor of each major: older ones have known holes in row-level security. */
const smallestVersions: ReadonlyMap<number, number> = new Map([
  [15, 18],
  [16, 14],
  [17, 10],
  [18, 4],
])

export interface PrepareOptions {
  /** Makes the tables of accounts; without it there are none. */
  readonly accounts?: (AccountsPlan & PreparedAccounts) | undefined
  /** Statements in place of those the policies give; only tests use it. */
  readonly rewrite?: (statements: readonly string[]) => readonly string[]
}

/**
 * Prepares the database behind an administrator's URL. Throws UC52x with what to do, and changes nothing then.
 */
export async function prepareDatabase(
  adminUrl: string,
  policies: Policies,
  options: PrepareOptions = {},
): Promise<ReadyDatabase> {
  const admin = await connectAdmin(adminUrl)
  try {
    const version = Number((await admin.query("show server_version_num")).rows[0].server_version_num)
    const major = checkServerVersion(version)
    const database = String((await admin.query("select current_database() as name")).rows[0].name)
    const roles = roleNames(database)
    // One node at a time; the others find everything done.
    await admin.query("select pg_advisory_lock(hashtext('undercroft schema'))")
    const password = apiPassword(adminUrl, database)
    const apiUrl = loginUrl(adminUrl, database, roles.api)
    await ensureRoles(admin, roles, password, apiUrl)
    if (options.accounts) await prepareAccounts(admin, { adminUrl, database, roles }, options.accounts)
    const plan = planTables(policies, major)
    const statements = createMachinery(policies, roles, options.accounts ?? null)
    const machinery = options.rewrite?.(statements) ?? statements
    const hash = createHash("sha256")
      .update(JSON.stringify([plan, machinery, createSchemas(database, roles), version]))
      .digest("hex")
    const applied = await readState(admin)
    const changes =
      applied?.hash === hash
        ? []
        : await applySchema(admin, {
            policies,
            database,
            roles,
            plan,
            machinery,
            hash,
            major,
            before: applied?.plan ?? {},
          })
    const made = await readRecord(admin)
    await checkDatabase(admin, roles, policies, made)
    const keys = await admin.query(
      "select process_key, seeded from undercroft_state.keys, undercroft_state.schema",
    )
    return {
      apiUrl,
      accountsUrl: loginUrl(adminUrl, database, roles.accounts),
      roles,
      processKey: keys.rows[0].process_key,
      constraints: new Map(Object.values(plan).flatMap((table) => Object.entries(table.constraints))),
      plan,
      changes,
      isNew: applied === null,
      isUnseeded: !keys.rows[0].seeded,
    }
  } finally {
    await admin.end()
  }
}

async function connectAdmin(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "undercroft admin",
    connectionTimeoutMillis: 10_000,
  })
  try {
    await client.connect()
  } catch (cause) {
    throw new UndercroftError(
      "UC520",
      { why: cause instanceof Error ? cause.message : "no answer" },
      { cause },
    )
  }
  client.on("error", () => undefined)
  // Names are told in full, and moments are written and read in UTC, whatever the login's own settings are.
  await client.query(
    "set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'; set quote_all_identifiers = off",
  )
  return client
}

/** Gives the major version of what `server_version_num` says. Throws UC521 for one with known holes. */
export function checkServerVersion(version: number): number {
  const major = Math.floor(version / 10_000)
  const smallest = smallestVersions.get(major)
  if (major < 15 || (smallest !== undefined && version % 10_000 < smallest)) {
    throw new UndercroftError("UC521", {
      version: `${major}.${version % 10_000}`,
      smallest: smallest === undefined ? "15.18" : `${major}.${smallest}`,
    })
  }
  return major
}

async function ensureRoles(
  admin: pg.Client,
  roles: RoleNames,
  password: string,
  apiUrl: string,
): Promise<void> {
  const names = [roles.owner, roles.internal, roles.fields, roles.system, roles.api]
  const found = (await admin.query("select rolname from pg_roles where rolname = any($1)", [names])).rows.map(
    (row) => row.rolname,
  )
  const verifier = scramVerifier(password)
  const login = String((await admin.query("select quote_ident(current_user) as login")).rows[0].login)
  const statements = createRoles(roles, verifier, login)
  const missing = statements.filter((_, at) => names[at] === undefined || !found.includes(names[at]))
  const isMember = (
    await admin.query(
      "select bool_and(pg_has_role(current_user, name::name, 'USAGE')) as member from unnest($1::text[]) name where exists (select from pg_roles where rolname = name)",
      [[roles.owner, roles.internal, roles.fields, roles.system]],
    )
  ).rows[0].member
  // An administrator may have made them; then there is nothing to do, and nothing that this login would have to be allowed.
  const due = missing.length === 1 && isMember ? [] : missing
  if (found.includes(roles.api) && !(await canLogIn(apiUrl)))
    due.push(`alter role ${quoteName(roles.api)} password ${pg.escapeLiteral(verifier)}`)
  try {
    for (const statement of due) await admin.query(statement)
  } catch (cause) {
    if ((cause as { code?: string }).code === "42501")
      throw new UndercroftError("UC522", {}, { cause, details: `${due.join(";\n")};` })
    throw cause
  }
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on("error", () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function readState(admin: pg.Client): Promise<{ plan: SchemaPlan; hash: string } | null> {
  const there = await admin.query("select to_regclass('undercroft_state.schema') is not null as there")
  if (!there.rows[0].there) return null
  const state = await admin.query("select plan, hash from undercroft_state.schema")
  return state.rows[0] ?? null
}

async function readRecord(admin: pg.Client): Promise<MachineryRecord> {
  return (await admin.query("select objects from undercroft_state.schema")).rows[0]?.objects ?? {}
}

interface SchemaWork {
  readonly policies: Policies
  readonly database: string
  readonly roles: RoleNames
  readonly plan: SchemaPlan
  readonly machinery: readonly string[]
  readonly hash: string
  readonly major: number
  readonly before: SchemaPlan
}

/** All in one transaction: a failure leaves everything as it was. */
async function applySchema(admin: pg.Client, work: SchemaWork): Promise<readonly string[]> {
  await admin.query("begin")
  try {
    await admin.query(createSchemas(work.database, work.roles).join(";\n"))
    if (work.major < 18) await admin.query(createUuidFunction(work.roles).join(";\n"))
    if (needsGist(work.policies))
      await admin.query("create extension if not exists btree_gist with schema app")
    const steps = await safeSteps(admin, work)
    await runStep(admin, { sql: dropMachinery().join(";\n"), why: "drop the former policies and views" })
    await admin.query(`set local role ${quoteName(work.roles.owner)}`)
    for (const step of steps) await runStep(admin, step)
    await admin.query("reset role")
    await runStep(admin, { sql: work.machinery.join(";\n"), why: "make policies and views" })
    await admin.query(
      "insert into undercroft_state.schema (plan, hash, objects) values ($1, $2, $3) on conflict (one) do update set plan = excluded.plan, hash = excluded.hash, objects = excluded.objects, applied_at = now()",
      [JSON.stringify(work.plan), work.hash, JSON.stringify(await readMachinery(admin))],
    )
    await admin.query("commit")
    return [...new Set(steps.map((step) => step.why))]
  } catch (cause) {
    await admin.query("rollback")
    throw cause
  }
}

/** The safe steps, and those unsafe ones that meet no data. */
async function safeSteps(admin: pg.Client, work: SchemaWork): Promise<readonly SchemaStep[]> {
  const before = await stillThere(admin, work.before)
  const { steps, unsafe } = planSchemaChange(before, work.plan)
  const refused = []
  const harmless: SchemaStep[] = []
  await lookPastPolicies(admin, work, Object.keys(before))
  for (const one of unsafe) {
    const met = (await admin.query(`select ${one.unless} as met`)).rows[0].met
    if (met) refused.push(one)
    else harmless.push(one.step)
  }
  await admin.query("reset role; set local row_security to default")
  if (refused.length > 0) {
    throw new UndercroftError(
      "UC523",
      { count: refused.length },
      {
        details: refused.map((one) => `${one.what}: ${one.mend}`).join("\n"),
      },
    )
  }
  return inOrder([...harmless, ...steps])
}

/**
 * Whether there is data, and whether it meets a new reference, must not hang on what policies show, which under forced
 * row-level security is nothing to the owner either: the owner looks, no longer under them, and where a policy would still
 * hide a row PostgreSQL refuses instead. They are forced again when they are made anew.
 */
async function lookPastPolicies(
  admin: pg.Client,
  work: SchemaWork,
  tables: readonly string[],
): Promise<void> {
  await admin.query(`set local role ${quoteName(work.roles.owner)}`)
  for (const table of tables)
    await admin.query(`alter table ${tableOf({ table })} no force row level security`)
  await admin.query("set local row_security = off")
}

/** What a person dropped by hand is not expected to be there. */
async function stillThere(admin: pg.Client, before: SchemaPlan): Promise<SchemaPlan> {
  const found = await admin.query(
    `select c.relname as table, a.attname as part from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'app'::regnamespace and c.relkind = 'r'
    union all select c.relname, o.conname from pg_class c join pg_constraint o on o.conrelid = c.oid where c.relnamespace = 'app'::regnamespace
    union all select c.relname, i.relname from pg_class c join pg_index x on x.indrelid = c.oid join pg_class i on i.oid = x.indexrelid where c.relnamespace = 'app'::regnamespace`,
  )
  const parts = new Set(found.rows.map((row) => `${row.table}.${row.part}`))
  const tables = new Set(found.rows.map((row) => row.table))
  const keep = <T>(table: string, all: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(all).filter(([part]) => parts.has(`${table}.${part}`)))
  return Object.fromEntries(
    Object.entries(before)
      .filter(([name]) => tables.has(name))
      .map(([name, { columns, constraints, indexes }]) => [
        name,
        { columns: keep(name, columns), constraints: keep(name, constraints), indexes: keep(name, indexes) },
      ]),
  )
}

async function runStep(admin: pg.Client, step: SchemaStep): Promise<void> {
  try {
    await admin.query(step.sql)
  } catch (cause) {
    throw new UndercroftError(
      "UC524",
      { step: step.why, why: cause instanceof Error ? cause.message : "refused" },
      { cause, details: step.sql },
    )
  }
}
