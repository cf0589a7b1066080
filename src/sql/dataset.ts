/**
 * The statements of a dataset: generalise, form equivalence classes, suppress those of fewer than k people. PostgreSQL counts, so
 * that a dataset of any size needs no memory here; pseudonyms are made outside of it, which knows no key.
 */
import type { DatasetColumn, DatasetInfo } from "../model/build-dataset.ts"
import type { FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { keyText, subjectText } from "./record-writes.ts"

export interface DatasetStatements {
  /** One row with one document, `DatasetCounts`. */
  readonly counts: string
  /** A row for each line of the dataset, in no order that tells anything: `who`, `cells` as texts, and the same as `json`. */
  readonly rows: string
}

/** What the database counted. */
export interface DatasetCounts {
  readonly restricted: number
  readonly withoutConsent: number
  readonly rowsIn: number
  readonly rowsOut: number
  readonly peopleIn: number
  readonly peopleOut: number
  readonly classesIn: number
  readonly classesOut: number
  /** The smallest class of those that are told, in people; null where nothing is. */
  readonly reached: number | null
  /** For each value the fewest different ones in a class, and how many classes have one alone. */
  readonly diversity: readonly { readonly least: number | null; readonly homogeneous: number }[]
}

export function datasetStatements(info: DatasetInfo): DatasetStatements {
  const { k, columns } = info
  const all = columns.map((_, at) => cell(at))
  const texts = all.map((one) => `${one}::text`).join(", ")
  const jsons = all.map((one) => `to_json(${one})::text`).join(", ")
  const values = columns.flatMap(({ role }, at) => (role === "value" ? [at] : []))
  const different = values.map((at) => `count(distinct coalesce(${cell(at)}::text, 'null')) as d${at}`)
  const diversity = values.map(
    (at) =>
      `jsonb_build_object('least', (select min(d${at}) from diverse), 'homogeneous', (select count(*) from diverse where d${at} = 1))`,
  )
  const common = commonTables(info)
  return {
    counts: `with ${common}, diverse as (select ${["class", ...different].join(", ")} from told group by class)
select jsonb_build_object(
  'restricted', (select count(*) from base where restricted),
  'withoutConsent', (select count(*) from base where not restricted and not consents),
  'rowsIn', (select count(*) from signed), 'rowsOut', (select count(*) from told),
  'peopleIn', (select count(distinct unit) from signed), 'peopleOut', (select count(distinct unit) from told),
  'classesIn', (select count(*) from sizes), 'classesOut', (select count(*) from sizes where people >= ${k}),
  'reached', (select min(people) from sizes where people >= ${k}),
  'diversity', jsonb_build_array(${diversity.join(", ")})) as counts`,
    rows: `with ${common}
select who, array[${texts}]::text[] as cells, array[${jsons}]::text[] as json from told order by random()`,
  }
}

/** `base`: what may be processed. `signed`: with the class of each row. `told`: rows of classes of k people or more. */
function commonTables(info: DatasetInfo): string {
  const { entity, k, linked, columns } = info
  const joins = new Map<string, string>()
  const cells = columns.map((one, at) => `${columnSql(one, joins)} as ${cell(at)}`)
  const unit = entity.subject
    ? subjectText(entity, "t")
    : `${quoteLiteral(`${entity.name}:`)} || ${keyText(entity, "t")}`
  const own = `${quoteLiteral(`${entity.name}:`)} || ${keyText(entity, "t")}`
  const consents = consentSql(info)
  const quasi = columns.flatMap(({ role }, at) => (role === "quasi" ? [cell(at)] : []))
  const rows = `base as materialized (
  select x.*, ${restrictedSql(info)} as restricted, ${consents} as consents from (
    select ${[`${unit} as unit`, `${linked === null ? own : unit} as who`, ...cells].join(", ")}
      from ${tableOf(entity)} t ${[...joins.values()].join(" ")}) x
  where x.unit is not null),
tuples as (select *, jsonb_build_array(${quasi.join(", ")})::text as tuple from base where consents and not restricted)`
  // Rows that are tied together tell all that they say together: the class is then that of the person.
  const signed =
    linked === null
      ? "signed as materialized (select *, tuple as class from tuples)"
      : `people as (select unit, jsonb_agg(distinct tuple order by tuple)::text as class from tuples group by unit),
signed as materialized (select tuples.*, people.class from tuples join people using (unit))`
  return `${rows},
${signed},
sizes as materialized (select class, count(distinct unit) as people from signed group by class),
told as materialized (select signed.* from signed join sizes using (class) where sizes.people >= ${k})`
}

function cell(at: number): string {
  return `c${at}`
}

function columnSql({ path, field, side, how }: DatasetColumn, joins: Map<string, string>): string {
  let alias = "t"
  for (const reference of path) {
    const target = reference.reference!.entity
    const on = `${alias}.${quoteName(reference.column)}`
    const next = joins.has(on) ? `j${[...joins.keys()].indexOf(on)}` : `j${joins.size}`
    const key = quoteName(target.key[0]!.column)
    joins.set(on, `left join ${tableOf(target)} ${next} on ${next}.${key} = ${on}`)
    alias = next
  }
  const stored = `${alias}.${quoteName(field.column)}`
  const value = side === null ? stored : `${side === "from" ? "lower" : "upper"}(${stored})`
  const kind = side === null ? field.kind : field.kind.element!
  const day = kind.sqlType === "timestamptz" ? `(${value} at time zone 'UTC')` : value
  switch (how.kind) {
    case "years":
      return bandSql(`extract(year from ${day})::integer`, how.of)
    case "months":
      return `to_char(${day}, 'YYYY-MM')`
    case "ages":
      return ageSql(value, how.of)
    case "prefix":
      return `left(${value}, ${how.of})`
    case "steps":
      return `trim_scale(floor(${value}::numeric / ${how.of}) * ${how.of})`
    case "pseudonym":
      return `${quoteLiteral(`${whose(field)}:`)} || ${value}::text`
    case "as it is":
      return kind.toJson?.(value) ?? value
  }
}

/** A key is the pseudonym of the row that it names, wherever it stands. */
function whose({ reference, entity, name, automatic }: FieldInfo): string {
  return reference?.entity.name ?? (automatic === "id" ? entity.name : `${entity.name}.${name}`)
}

function bandSql(year: string, of: number): string {
  if (of === 1) return `(${year})::text`
  const first = `(floor((${year})::numeric / ${of}) * ${of})::integer`
  return `(${first}) || '-' || (${first} + ${of - 1})`
}

/** From 90 on all ages are one, as few people are that old (HIPAA 164.514(b)(2)(i)(C)). */
function ageSql(born: string, of: number): string {
  const age = `greatest(extract(year from age((now() at time zone 'UTC')::date, ${born}))::integer, 0)`
  const first = `(${age} / ${of} * ${of})`
  const last = `least(${first} + ${of - 1}, 89)`
  const band = of === 1 ? `${age}::text` : `${first} || '-' || ${last}`
  return `case when ${born} is null then null when ${age} >= 90 then '90+' else ${band} end`
}

/** Processing is blocked of whom is restricted (GDPR Art. 18). */
function restrictedSql({ entity }: DatasetInfo): string {
  return entity.subject
    ? "exists (select from undercroft_state.restrictions r where r.lifted_at is null and r.subject = x.unit)"
    : "false"
}

/** A consent counts as it does in rules: the purpose, not withdrawn, in a version that holds. */
function consentSql({ register, purpose }: DatasetInfo): string {
  if (!register) return "true"
  const { entity, person, purposes } = register
  const { since, version } = purposes.get(purpose)!
  const column = (name: string): string => `r.${quoteName(entity.fieldByName.get(name)!.column)}`
  const is = [
    `${quoteLiteral(`${person.reference!.entity.name}:`)} || r.${quoteName(person.column)}::text = x.unit`,
    `${column("purpose")} = ${quoteLiteral(purpose)}`,
    `${column("status")} = 'granted'`,
    `${column("version")} between ${since} and ${version}`,
  ]
  return `exists (select from ${tableOf(entity)} r where ${is.join(" and ")})`
}
