/**
 * What decides about access in a database, written down when it is made and compared when a server starts: policies,
 * functions, views, triggers, grants and owners, as PostgreSQL tells them. A difference is someone's change by hand.
 */
import { createHash } from "node:crypto"
import type pg from "pg"

/** A hash for each thing, by what a person would call it. */
export type MachineryRecord = Readonly<Record<string, string>>

const schemas = "('app', 'fields', 'undercroft', 'undercroft_rules', 'undercroft_state')"
const isNotOfExtension = (catalogue: string, oid: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${oid} and d.deptype = 'e')`
/** Who may do what, without the order and the grantor, which a restored dump changes. */
const rights = (acl: string, kind: string, owner: string): string =>
  `(select string_agg(concat_ws(':', case when x.grantee = 0 then 'public' else pg_get_userbyid(x.grantee) end, x.privilege_type, x.is_grantable), ' '
    order by x.grantee::regrole::text, x.privilege_type) from aclexplode(coalesce(${acl}, acldefault(${kind}, ${owner}))) x)`

const queries: readonly string[] = [
  `select format('the schema %I', n.nspname), concat_ws('|', pg_get_userbyid(n.nspowner), ${rights("n.nspacl", "'n'", "n.nspowner")})
    from pg_namespace n where n.nspname in ${schemas}`,
  // Tables, views and whatever else can be read; a disabled trigger counts, also one that holds a reference.
  `select format('the %s %I.%I', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end, n.nspname, c.relname),
      concat_ws('|', c.relkind, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relhassubclass, c.relispartition,
        ${rights("c.relacl", `case c.relkind when 'S' then 's' else 'r' end::"char"`, "c.relowner")},
        (select string_agg(concat_ws('=', a.attname, ${rights("a.attacl", "'c'", "c.relowner")}), ' ' order by a.attname)
          from pg_attribute a where a.attrelid = c.oid and a.attacl is not null and not a.attisdropped),
        case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
        (select string_agg(case when t.tgisinternal then 'a reference' else t.tgname end || t.tgenabled::text, ' ' order by t.tgname)
          from pg_trigger t where t.tgrelid = c.oid and t.tgenabled <> 'O'))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ${schemas} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${isNotOfExtension("pg_class", "c.oid")}`,
  `select format('the policy %I on %I.%I', p.polname, n.nspname, c.relname),
      concat_ws('|', p.polcmd, p.polpermissive, (select string_agg(case when r = 0 then 'public' else pg_get_userbyid(r) end, ' ' order by r::regrole::text) from unnest(p.polroles) r),
        coalesce(pg_get_expr(p.polqual, p.polrelid), '-'), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-'))
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname in ${schemas}`,
  `select format('the function %s', p.oid::regprocedure), concat_ws('|', pg_get_userbyid(p.proowner), ${rights("p.proacl", "'f'", "p.proowner")},
      case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ${schemas} and ${isNotOfExtension("pg_proc", "p.oid")}`,
  `select format('the trigger %I on %I.%I', t.tgname, n.nspname, c.relname), pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname in ${schemas} and not t.tgisinternal`,
  `select format('the rule %I on %I.%I', w.rulename, n.nspname, c.relname), pg_get_ruledef(w.oid)
    from pg_rewrite w join pg_class c on c.oid = w.ev_class join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ${schemas} and not (w.rulename = '_RETURN' and c.relkind in ('v', 'm'))`,
]

/** Reads what there is. The session's search path must be pg_catalog alone, so that names are told in full. */
export async function readMachinery(admin: pg.Client): Promise<MachineryRecord> {
  const found: Record<string, string> = {}
  for (const text of queries) {
    const { rows } = await admin.query<[string, string]>({ text, rowMode: "array" })
    for (const [name, definition] of rows)
      found[name] = createHash("sha256").update(definition).digest("base64url").slice(0, 22)
  }
  return found
}

/** Says what is not as it was made, one sentence each. */
export function compareMachinery(made: MachineryRecord, found: MachineryRecord): string[] {
  const mend = "have all made anew: update undercroft_state.schema set hash = '';"
  return [
    ...Object.keys(made)
      .filter((name) => !(name in found))
      .map((name) => `${name} is gone; ${mend}`),
    ...Object.keys(found)
      .filter((name) => name in made && made[name] !== found[name])
      .map((name) => `${name} is not as Undercroft made it; ${mend}`),
    ...Object.keys(found)
      .filter((name) => !(name in made))
      .map((name) => `${name} is not Undercroft's; drop it, or ${mend}`),
  ]
}
