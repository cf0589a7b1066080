/** Checks of the record: whether what is done with data is written down, and can't be changed unseen. */
import type { EntityInfo } from "../../model/model.ts"
import type { UnrecordedReads } from "../../processing.ts"
import { recordedFunction } from "../../sql/record-reads.ts"
import { isAboutPeople, storedEntities } from "../declared.ts"
import { type CheckAnswer, type LiveCheck, listed } from "../live-check.ts"

type RecordCheck =
  | "changes-recorded"
  | "reads-recorded"
  | "accesses-told"
  | "record-sealed"
  | "record-kept-apart"

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
  "reads-recorded": {
    title:
      "Every read of data of special categories is written down, but for what the builder left out, and so are reads of other personal data where the model says so",
    async run({ definition, database, policies }) {
      const about = storedEntities(policies.model).filter((one) => one.fields.some(isAboutPeople))
      const marked = about.filter((one) => one.audit.reads)
      const made = await database.query(
        "select p.oid::regprocedure::text as name from pg_proc p where p.oid in (select to_regprocedure(one) from unnest($1::text[]) one)",
        [marked.map(recordedFunction)],
      )
      if (made.length < marked.length)
        return {
          ok: false,
          says: "The database lacks a function that writes reads down, which the model asks for.",
        }
      return sayReads(about, definition.processing?.unrecordedReads ?? [])
    },
  },
  "accesses-told": {
    title: "People can see who saw and changed their data",
    run({ policies }) {
      return policies.model.entities.some((one) => one.record === "accesses")
        ? { ok: true, says: "People read it themselves, by the API (`audit: { accessesToMe: true }`)." }
        : {
            ok: null,
            says: "People can't see it by the API: `audit: { accessesToMe: true }` in the definition.",
          }
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

/** What the model leaves unrecorded is named; it is in order only where that is no data of special categories, or the builder says why. */
function sayReads(about: readonly EntityInfo[], said: readonly UnrecordedReads[]): CheckAnswer {
  const silent = about.filter((one) => !one.audit.reads)
  const names = new Set(silent.map((one) => one.name))
  const strange = said.flatMap((one) => one.entities).filter((name) => !names.has(name))
  if (strange.length > 0)
    return {
      ok: false,
      says: `\`processing.unrecordedReads\` names what holds no data about people, or whose reads are on record: ${listed(strange)}.`,
    }
  if (about.length === 0) return { ok: true, says: "The model holds no data about people." }
  if (silent.length === about.length && said.length === 0)
    return { ok: null, says: "No reads are on record: the model marks none (`audit: { reads: true }`)." }
  const decided = new Set(said.filter((one) => one.because.trim() !== "").flatMap((one) => one.entities))
  const isSpecial = (one: EntityInfo): boolean =>
    one.fields.some(({ classification }) => classification === "special")
  const [open, rest] = [
    silent.filter((one) => isSpecial(one) && !decided.has(one.name)),
    silent.filter((one) => !isSpecial(one) && !decided.has(one.name)),
  ].map((all) => listed(all.map((one) => one.name)))
  const others = rest ? ` Personal data whose reads are not on record: ${rest}.` : ""
  if (open)
    return {
      ok: null,
      says: `Reads of these are not on record, and they hold data of special categories: ${open}.${others}`,
    }
  const why = said.map((one) => `${listed(one.entities)} (${one.because.trim()})`).join("; ")
  return {
    ok: true,
    says: `Reads of ${about.length - silent.length} of ${about.length} kinds of rows about people are on record.${why ? ` Not on record, as the builder decided: ${why}.` : ""}${others}`,
  }
}
