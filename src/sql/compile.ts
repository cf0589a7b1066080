/** Compiles a plan to one statement whose answer is made by PostgreSQL, with its parameters in the order of their places. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { Plan, PlannedQuery } from "../query/planned.ts"
import { printChange, type WritePlan } from "./change.ts"
import { bodySql } from "./form.ts"
import { isKeyed, withRow } from "./keyed-rows.ts"
import { relationOf } from "./machinery.ts"
import { type Parameter, Places } from "./places.ts"
import { notedSql, recordedSql } from "./record-reads.ts"
import { keyText } from "./record-writes.ts"
import { SelectPrinter } from "./select.ts"
import { fieldSql, isAggregate, outputName } from "./select-item.ts"
import { rowsOf, type ToldRead, tellReads } from "./told-reads.ts"

/**
 * A statement of one shape. Its answer is one row: `body` (text, or null when it was too large), `rows` in the body,
 * `total` where a count was asked for, how many rows of an upsert were `made`, and of a write that gives rows back how many
 * were `written`: what is given back may be fewer of them, or say something about them all.
 */
export interface CompiledStatement {
  readonly text: string
  readonly parameters: readonly Parameter[]
  /** The answer is another: the object itself and its version, or no row. */
  readonly isObject: boolean
  /** It records itself what it reads. */
  readonly recordsReads: boolean
  /** Its last two parameters are the circumstances and their seal; null where they are bound. */
  readonly takesCircumstances: boolean
  /** Encrypted values may stand in the answer, each after the mark. */
  readonly isSealed: boolean
}

/** Compiles a plan. */
export function compilePlan(plan: Plan, limits: QueryLimits): CompiledStatement {
  return new Compiler(limits).statement(plan)
}

class Compiler {
  private readonly limits: QueryLimits
  private readonly places: Places = new Places()
  private readonly printer: SelectPrinter
  private told: readonly ToldRead[] = []
  /** Of how many entities the entries take what was noted. */
  private taken = 0

  constructor(limits: QueryLimits) {
    this.limits = limits
    this.printer = new SelectPrinter(limits, this.places)
  }

  statement(plan: Plan): CompiledStatement {
    this.told = tellReads(plan)
    const isObject =
      isAtMostOne(plan) &&
      plan.count === null &&
      (plan.form === "json" || plan.form === "json-with-texts") &&
      returnsRows(plan) &&
      (plan.kind === "read" || !this.tells)
    const text =
      plan.kind !== "read"
        ? this.write(plan, isObject)
        : isObject
          ? this.readObject(plan.query)
          : this.read(plan)
    if (this.places.noted.size !== this.taken) throw new Error("keys are noted that no entry takes")
    return {
      text,
      parameters: this.places.parameters,
      isObject,
      recordsReads: this.tells,
      takesCircumstances: this.tells && plan.kind === "read",
      isSealed: this.places.hasMark,
    }
  }

  private get tells(): boolean {
    return this.told.length > 0
  }

  /**
   * Asked of what was read, and so after it: no entry, no answer. `keys` are those of an entity's rows that are at hand; a read
   * is told the circumstances, which are its last parameters.
   */
  private recorded(isRead: boolean, keys: ReadonlyMap<EntityInfo, string> = new Map()): string {
    const { places, told } = this
    const questions = told.map(({ question }) =>
      places.parameter("all", (values) => JSON.stringify(question(values as readonly unknown[]))),
    )
    const [context, seal] = ["null", "null"].map((none) =>
      isRead ? places.parameter("all", () => null) : none,
    )
    const calls = told.map(({ entity, fields }, at) => {
      const own = keys.get(entity) ?? "null::text[]"
      const all = places.noted.has(entity) ? notedSql(entity, own) : own
      return recordedSql(entity, {
        keys: all,
        fields,
        question: questions[at]!,
        context: context!,
        seal: seal!,
      })
    })
    this.taken = places.noted.size
    return calls.join(" and ")
  }

  /** The same, of what has an effect that must have been before. */
  private recordedAfter(noted: string, isRead: boolean): string {
    return `case when ${noted} then ${this.recorded(isRead)} end`
  }

  private read(plan: Plan & { kind: "read" }): string {
    if (plan.query.frame) {
      const from = relationOf(plan.query.policy)
      const framed = this.printer.frame(plan.query, (alias) => ({ from: `${from} ${alias}`, conditions: [] }))
      const only = this.tells ? ` where ${this.recordedAfter("q.noted", true)}` : ""
      return `select ${this.bounded("q.body")}, q.n, null from (select f.body::text as body, f.n, f.noted from (${framed}) f) q${only}`
    }
    const alias = this.places.alias()
    const keyed = isKeyed(plan.query)
    const from = `${relationOf(plan.query.policy)} ${alias}`
    const rows = this.printer.select(plan.query, from, alias, [], { keyed })
    // Planned and estimated counts would tell of rows that the caller can't see: all counts are exact.
    const total = plan.count === null ? "null" : `(select count(*) from (${this.countRows(plan.query)}) c)`
    if (!this.tells)
      return `select ${this.bounded("q.body")}, q.n, ${total} from (select ${bodySql(plan)} as body, count(*) as n from (${rows}) r) q`
    const [body, source] = keyed
      ? [bodySql(plan, 'r."$row"'), withRow(plan.query, rows)]
      : [bodySql(plan), rows]
    const keys = keyed ? 'array_agg(r."$key")' : "null::text[]"
    const recorded = this.recorded(true, new Map([[rowsOf(plan.query.policy.entity), "q.keys"]]))
    return `select ${this.bounded("q.body")}, q.n, ${total} from (select ${body} as body, count(*) as n, ${keys} as keys from (${source}) r) q where case when q.n is not null then ${recorded} end`
  }

  private readObject({ policy, items, where }: PlannedQuery): string {
    const alias = this.places.alias()
    const columns = items.flatMap((item) =>
      item.kind === "field" ? [`${fieldSql(item, alias, this.places)} as ${outputName(item.as)}`] : [],
    )
    const version = policy.entity.fields.find((field) => field.automatic === "version")
    const conditions = where.map((filter) => this.printer.filter(filter, alias))
    const value = version ? `${alias}.${quoteName(version.column)}` : "null"
    const source = `${relationOf(policy)} ${alias} cross join lateral (select ${columns.join(", ")}) r where ${conditions.join(" and ")}`
    if (!this.tells) return `select row_to_json(r)::text, ${value} from ${source}`
    // That there is no row was read, too.
    const row = `select row_to_json(r)::text as body, ${value} as version, array[${keyText(policy.entity, alias)}] as keys from ${source}`
    const recorded = this.recorded(true, new Map([[policy.entity, "q.keys"]]))
    return `select q.body, q.version from (select 1) one left join (${row}) q on true where ${recorded}`
  }

  private countRows(query: PlannedQuery): string {
    const alias = this.places.alias()
    const from = `${relationOf(query.policy)} ${alias}`
    if (query.items.some(isAggregate))
      return this.printer.select({ ...query, limit: null, offset: null, order: [] }, from, alias, [])
    const where = this.printer.where(query, alias, [])
    return `select 1 from ${from}${where}${this.printer.innerJoins(query, alias, where === "")}`
  }

  private bounded(body: string): string {
    return `case when octet_length(${body}) <= ${this.limits.answerBytes} then ${body} end`
  }

  private write(plan: WritePlan, isObject: boolean): string {
    const { entity } = plan.query.policy
    const alias = this.places.alias()
    const change = printChange(plan, { places: this.places, select: this.printer, alias })
    // Printed first: what it notes is told by the entry that the guards make.
    const used: FieldInfo[] = []
    const { frame } = plan.query
    const isShown = plan.returning === "representation"
    const rows = !isShown ? "" : frame ? this.framed(plan, used) : this.returned(plan, used)
    const guards = [
      // Of a row that is not there nothing has to be undone.
      ...(plan.single && !isObject ? ["undercroft.exactly(q.n, 1)"] : []),
      ...(plan.maxAffected === null
        ? []
        : [`undercroft.at_most((select count(*) from w), ${plan.maxAffected})`]),
      ...(plan.returning === "representation" && !isObject
        ? [`undercroft.bounded(octet_length(q.body), ${this.limits.answerBytes})`]
        : []),
      ...(this.tells ? [this.recordedAfter("q.n is not null", false)] : []),
    ]
    const guarded = guards.length === 0 ? "" : ` where ${guards.join(" and ")}`
    const total = plan.count === null ? "null" : "(select count(*) from w)"
    const rest = `${total}, ${change.found === null ? "null" : `(select count(*) from w) - ${change.found}`}`
    const withWrite = (returning: string): string =>
      `with ${[...change.before, `w as (${change.text} returning ${returning})`].join(", ")}`
    if (!isShown) {
      const keys = plan.returning === "headers-only" && plan.kind === "insert" ? entity.key : []
      // PostgreSQL says itself how many rows were written.
      const isBare =
        keys.length === 0 && guards.length === 0 && plan.count === null && change.before.length === 0
      if (isBare && plan.once === null) return change.text
      const returning = keys.map((one) => quoteName(one.column)).join(", ") || "1 as one"
      const pairs = keys.map((one) => `${quoteLiteral(one.name)}, w.${quoteName(one.column)}`)
      const body =
        keys.length === 0
          ? "null::text"
          : `(select json_agg(json_build_object(${pairs.join(", ")}))::text from w)`
      return this.answer(
        plan,
        withWrite(returning),
        `select ${body}, q.n, ${rest} from (select count(*) as n from w) q${guarded}`,
      )
    }
    const columns = [...new Set(isCounted(plan) ? used : [...used, ...entity.key])].map(
      (one) => `${plan.kind === "insert" ? "" : `${alias}.`}${quoteName(one.column)}`,
    )
    const start = withWrite(columns.join(", ") || "1 as one")
    if (isObject) return `${start} select row_to_json(r)::text from (${rows}) r`
    const body = frame
      ? `select f.body::text as body, f.n from (${rows}) f`
      : `select ${bodySql(plan)} as body, count(*) as n from (${rows}) r`
    const written = "(select count(*) from w)"
    return this.answer(plan, start, `select q.body, q.n, ${rest}, ${written} from (${body}) q${guarded}`)
  }

  private framed(plan: WritePlan, used: FieldInfo[]): string {
    // What was inserted comes back in the order in which it was sent, which a join would not keep.
    const isNumbered = plan.kind === "insert"
    const from = isNumbered ? `(select w.*, row_number() over () as "$at" from w) w` : "w"
    const last = isNumbered ? ['w."$at"'] : isCounted(plan) ? [] : null
    const options = { isWrite: true, used, ...(last ? { last } : {}) }
    return this.printer.frame(plan.query, () => ({ from, conditions: [], alias: "w" }), options)
  }

  private returned(plan: WritePlan, used: FieldInfo[]): string {
    const { query } = plan
    if (plan.kind !== "insert") return this.printer.select(query, "w", "w", [], { isWrite: true, used })
    // What was inserted comes back in the order in which it was sent, which a join would not keep.
    const isNumbered = query.items.some((item) => item.kind === "embed" && (item.inner || item.spread))
    const last = isNumbered && !query.items.some(isAggregate) ? ['w."$at"'] : []
    const from = isNumbered ? `(select w.*, row_number() over () as "$at" from w) w` : "w"
    return this.printer.select(query, from, "w", [], { isWrite: true, used, last })
  }

  /** The answer of a write; one that happens once is kept with what it wrote. */
  private answer(plan: WritePlan, start: string, text: string): string {
    if (plan.once === null) return `${start} ${text}`
    const [key, digest] = [0, 1].map((at) =>
      this.places.parameter(plan.once!, (value) => (value as readonly string[])[at] ?? null),
    )
    const names =
      plan.returning === "representation" ? "body, n, total, made, written" : "body, n, total, made"
    return `${start}, a(${names}) as (${text}) select a.* from a where undercroft.keep_once(${key}::text, ${digest}::text, a.body::text, a.n::bigint, a.total::bigint, a.made::bigint)`
  }
}

/** Whether only the number of rows is asked back: then the writer need not be able to read them. */
function isCounted({ query: { frame } }: WritePlan): boolean {
  return frame !== null && !frame.parts.some((part) => part.kind === "rows")
}

/** Whether rows are given back, however many they are, and nothing else is done with them. */
function returnsRows(plan: Plan): boolean {
  return (
    plan.kind === "read" ||
    (plan.returning === "representation" && plan.maxAffected === null && plan.once === null)
  )
}

/** Whether one row is written, or a key or another unique field is asked for: then there is no page, and no list. */
function isAtMostOne(plan: Plan): boolean {
  const { policy, items, where, limit, offset } = plan.query
  if (limit !== null || offset !== null || policy.entity.view || plan.query.frame) return false
  if (items.some((item) => item.kind !== "field" || isAggregate(item))) return false
  if (plan.kind === "insert") return plan.isOneRow && !plan.conflict
  const asked = new Set(
    where.flatMap((one) =>
      one.kind === "compare" &&
      one.operator === "eq" &&
      !one.negated &&
      one.quantifier === null &&
      one.json.length === 0
        ? [one.field]
        : [],
    ),
  )
  const { key, unique } = policy.entity
  return [key, ...unique].some((fields) => fields.every((field) => asked.has(field)))
}
