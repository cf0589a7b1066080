/** Checks of who may reach which rows, as the database has it now. */
import { otherModel } from "../../store/inspect-database.ts"
import { type LiveCheck, listed } from "../live-check.ts"

type RowCheck = "rows-secured" | "api-least-rights" | "database-as-made"

export const rowChecks: Readonly<Record<RowCheck, LiveCheck>> = {
  "rows-secured": {
    title: "The database itself decides about every row of every table",
    async run({ database }) {
      const rows = await database.query(
        `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as held
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'app' and c.relkind in ('r', 'p') order by 1`,
      )
      const open = rows.filter((row) => !row["held"]).map((row) => String(row["name"]))
      if (rows.length === 0) return { ok: null, says: "There are no tables yet." }
      if (open.length > 0)
        return {
          ok: false,
          says: `Of ${rows.length} tables ${open.length} can be read past the rules: ${listed(open)}. Row-level security must be enabled and forced.`,
        }
      return {
        ok: true,
        says: `For all ${rows.length} tables the database refuses rows that no rule allows (row-level security, forced).`,
      }
    },
  },
  "api-least-rights": {
    title: "The login that answers requests owns nothing and can't get round the rules",
    async run({ database }) {
      const { api } = database.roles
      const [row] = await database.query(
        `select r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication as mighty,
          exists (select from pg_auth_members m where m.member = r.oid) as member,
          exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'
            and d.dbid in (0, (select oid from pg_database where datname = current_database()))) as owns
        from pg_roles r where r.rolname = $1`,
        [api],
      )
      if (!row) return { ok: false, says: `The role ${api} does not exist.` }
      const wrong = [
        row["mighty"] && "has an administrator's rights",
        row["member"] && "is a member of another role",
        row["owns"] && "owns something",
      ].filter(Boolean)
      return wrong.length > 0
        ? { ok: false, says: `The role ${api} ${wrong.join(", and ")}.` }
        : {
            ok: true,
            says: `The role ${api} owns nothing, is a member of nothing and has no administrator's rights.`,
          }
    },
  },
  "database-as-made": {
    title: "Nothing that decides about access was changed by hand",
    async run({ database }) {
      if (!(await database.isOfModel()))
        return { ok: false, says: `${otherModel.charAt(0).toUpperCase()}${otherModel.slice(1)}.` }
      const problems = await database.problems()
      return problems.length > 0
        ? {
            ok: false,
            says: `${problems.length} of what a start of the server checks is not in order. The first: ${problems[0]}`,
          }
        : {
            ok: true,
            says: "Policies, functions, views, triggers, rights and owners are as the platform made them.",
          }
    },
  },
}
