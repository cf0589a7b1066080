/** Checks of the record: whether what is done with data is written down, and can't be changed unseen. */
import { storedEntities } from "../declared.ts"
import { type LiveCheck, listed } from "../live-check.ts"

type RecordCheck = "changes-recorded" | "record-sealed" | "record-kept-apart"

export const recordChecks: Readonly<Record<RecordCheck, LiveCheck>> = {
  "changes-recorded": {
    title: "Every change of data is written down by the database itself",
    async run({ database, policies }) {
      const rows = await database.query(
        `select c.relname as name, bool_and(t.tgenabled = 'A') as on
        from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace join pg_proc p on p.oid = t.tgfoid
        where n.nspname = 'app' and not t.tgisinternal and (p.proname ~ '(audit|record)' or t.tgname ~ '(audit|record)')
        group by 1`,
      )
      if (rows.length === 0)
        return {
          ok: null,
          says: "The tables have no triggers that write changes down: this version does not record them.",
        }
      const on = new Set(rows.filter((row) => row["on"] === true).map((row) => row["name"]))
      const tables = storedEntities(policies.model).map((one) => one.table)
      const off = tables.filter((one) => !on.has(one))
      return off.length > 0
        ? {
            ok: false,
            says: `Changes of these tables are not written down, or the trigger can be passed by: ${listed(off)}.`,
          }
        : { ok: true, says: `Triggers on all ${tables.length} tables write changes down, and are always on.` }
    },
  },
  "record-sealed": {
    title: "The record is sealed, so that a change of it would be noticed",
    async run({ database }) {
      const [there] = await database.query("select to_regclass('audit.entry') is not null as yes")
      if (there?.["yes"] !== true) return { ok: null, says: "There is no sealed record in this version." }
      const [row] = await database.query(
        `select (select count(*)::integer from audit.entry) as sealed,
          (select count(*)::integer from audit.pending where at < now() - interval '15 minutes') as late`,
      )
      return Number(row?.["late"]) > 0
        ? { ok: false, says: `${row?.["late"]} entries have waited for more than 15 minutes to be sealed.` }
        : {
            ok: true,
            says: `${row?.["sealed"]} entries are sealed; none has waited for more than 15 minutes.`,
          }
    },
  },
  "record-kept-apart": {
    title: "The login that answers requests can neither read nor change the record",
    async run({ database }) {
      const rows = await database.query(
        `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where (n.nspname = 'audit' or c.oid in (to_regclass('undercroft_state.system_steps'), to_regclass('accounts.event')))
          and c.relkind in ('r', 'p') and has_schema_privilege($1, n.oid, 'USAGE')
          and (has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE') or has_table_privilege($1, c.oid, 'DELETE, TRUNCATE'))`,
        [database.roles.api],
      )
      return rows.length > 0
        ? { ok: false, says: `It reaches ${listed(rows.map((row) => String(row["name"])))}.` }
        : { ok: true, says: "It has no right on any table of the record." }
    },
  },
}
