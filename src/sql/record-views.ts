/** The views through which the record is read: for auditors all of it, for everyone what was done with their own data. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { readsRow } from "../policy/rule.ts"
import { inScope, quoteName, type SqlPrinter, tableOf } from "../policy/to-sql.ts"
import { aboutSubject } from "./audit-seal.ts"
import { recordsItself } from "./record-reads.ts"
import { keyText } from "./record-writes.ts"
import type { RoleNames } from "./roles.ts"

/** What may be put together of an entry, be it sealed (`e`, with its values in `p`) or waiting. */
const sealed = "audit.entry e left join audit.personal p using (position)"

/**
 * The functions that the views ask once a statement. A statement that does not record itself what it reads, such as an
 * action's own, leaves an entry here.
 */
export function recordViewFunctions(roles: RoleNames): string[] {
  const name = "undercroft.reads_record(text)"
  return [
    `create function ${name} returns boolean language plpgsql volatile security definer parallel unsafe set search_path = pg_catalog, pg_temp as $undercroft$
declare e audit.pending;
begin
  if ${recordsItself} then return true; end if;
  e := undercroft.who(false);
  e.kind := 'read'; e.entity := $1;
  insert into audit.pending values (e.*);
  return true;
end $undercroft$`,
    `alter function ${name} owner to ${quoteName(roles.internal)}`,
    `revoke all on function ${name} from public`,
    `grant execute on function ${name} to ${quoteName(roles.api)}`,
  ]
}

/** The view of an entity that shows the record. It runs as the internal role, and asks itself who may read what. */
export function createRecordView(
  entity: EntityInfo,
  policies: Policies,
  printer: SqlPrinter,
  roles: RoleNames,
): string[] {
  const view = tableOf(entity)
  const body =
    entity.record === "entries"
      ? entriesView(entity, policies, printer)
      : accessesView(entity, policies, printer)
  // Rows are picked by whose they are: what a caller asks must not be tried on others.
  const isPicked = entity.record === "accesses" || readsRow(policyOf(policies, entity).read)
  const barrier = isPicked ? " with (security_barrier = true)" : ""
  return [
    `create view ${view}${barrier} as ${body}`,
    `alter view ${view} owner to ${quoteName(roles.internal)}`,
    `revoke all on ${view} from public, ${quoteName(roles.system)}, ${quoteName(roles.fields)}`,
    `grant select on ${view} to ${quoteName(roles.api)}`,
  ]
}

/** Whether the caller may read it, found once where no row decides; then that it is on record. */
function gate(entity: EntityInfo, policies: Policies, printer: SqlPrinter): string {
  const { read } = policyOf(policies, entity)
  const rule = printer.rule(read, inScope("row", "e"))
  const noted = `undercroft.reads_record(${quoteLiteral(entity.name)})`
  return readsRow(read)
    ? `(select ${noted}) and ${rule}`
    : `(select case when ${rule} then ${noted} else false end)`
}

/** Without a barrier, so that a page is found by an index: who is let in at all may read every row. */
function entriesView(entity: EntityInfo, policies: Policies, printer: SqlPrinter): string {
  const visible = policyOf(policies, entity).fields.get("personal")?.visibleTo
  const sees = visible ? `(select ${printer.rule(visible, () => "null")})` : "false"
  const own: Readonly<Record<string, readonly [sealed: string, waiting: string]>> = {
    position: ["e.position", "null::bigint"],
    sealedAt: ["e.sealed_at", "null::timestamptz"],
    personal: [`case when ${sees} then p.content end`, `case when ${sees} then e.personal end`],
  }
  const columns = (at: 0 | 1): string =>
    entity.fields
      .map(
        (field) => `${own[field.name]?.[at] ?? `e.${quoteName(field.column)}`} as ${quoteName(field.column)}`,
      )
      .join(", ")
  const asked = gate(entity, policies, printer)
  return `select ${columns(0)} from ${sealed} where ${asked} union all select ${columns(1)} from audit.pending e where ${asked}`
}

/** Neither the question, nor keys, nor persons: they may be somebody else's. */
function accessesView(entity: EntityInfo, policies: Policies, printer: SqlPrinter): string {
  const mine = `(select array(${ownSubjects(policies)}))`
  const me = "(select 'user:' || nullif(undercroft.me_id(), ''))"
  const own: Readonly<Record<string, (personal: string) => string>> = {
    who: () => whoSql(policies, printer),
    own: () => `coalesce(e.actor = ${me} and e.on_behalf is null, false)`,
    fields: (personal) => fieldsSql("e", personal),
    emergency: () => `(e.kind = 'override' or coalesce(e.detail ? 'overrides', false))`,
  }
  const columns = (personal: string): string =>
    entity.fields
      .map(
        (field) =>
          `${own[field.name]?.(personal) ?? `e.${quoteName(field.column)}`} as ${quoteName(field.column)}`,
      )
      .join(", ")
  const asked = gate(entity, policies, printer)
  const found = `e.position in (select a.position from audit.about a where a.subject = any(array(select ${aboutSubject("s")} from unnest(${mine}) s)))`
  return `select ${columns("p.content")} from ${sealed} where ${asked} and ${found} union all select ${columns("e.personal")} from audit.pending e where ${asked} and e.subjects && ${mine}`
}

/** The persons that the caller's account is: of each entity of persons the rows whose account it is. */
function ownSubjects({ model }: Policies): string {
  const persons = model.entities.filter((one) => one.subject?.person === one && one.subject.account)
  const parts = persons.map(
    (one) =>
      `select ${quoteLiteral(`${one.name}:`)} || ${keyText(one, "t")} from ${tableOf(one)} t where ${isMine(one.subject!.account!)}`,
  )
  return parts.length === 0 ? "select null::text where false" : parts.join(" union all ")
}

/** In the column's own type, so that its index is of use. */
function isMine({ column, kind }: FieldInfo): string {
  const account = `t.${quoteName(column)}`
  if (kind.sqlType === "uuid") return `${account} = undercroft.me_uuid()`
  return kind.sqlType === "bigint"
    ? `${account} = undercroft.me_bigint()`
    : `${account}::text = undercroft.me_id()`
}

/** The name of the account that did it, where the caller may read that. */
function whoSql(policies: Policies, printer: SqlPrinter): string {
  const user = policies.model.byName.get("User")
  const name = user?.fieldByName.get("name")
  if (!user || !name || !user.access.read) return "null::text"
  const { read, fields } = policyOf(policies, user)
  const visible = fields.get(name.name)?.visibleTo
  const rules = [read, ...(visible ? [visible] : [])].map(
    (one) => `(${printer.rule(one, inScope("row", "u"))})`,
  )
  const id = `u.${quoteName(user.key[0]!.column)}::text = substr(e.actor, 6)`
  return `(select u.${quoteName(name.column)}::text from ${tableOf(user)} u where e.actor like 'user:%' and ${id} and ${rules.join(" and ")})`
}

/** The fields that an entry is about: what was read, or what a write changed. */
export function fieldsSql(entry: string, personal: string): string {
  const objects = [`${entry}.detail`, personal].flatMap((from) =>
    ["before", "after"].map(
      (side) =>
        `case when jsonb_typeof(${from} -> '${side}') = 'object' then ${from} -> '${side}' else '{}' end`,
    ),
  )
  const secret = `case when jsonb_typeof(${entry}.detail -> 'secret') = 'array' then ${entry}.detail -> 'secret' else '[]' end`
  return `coalesce(${entry}.fields, array(select k from jsonb_object_keys(${objects.join(" || ")}) k union select jsonb_array_elements_text(${secret}) order by 1))`
}
