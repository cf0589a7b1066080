/**
 * Prints rules as SQL. What a rule needs of other tables goes through functions that the internal role owns, so that a
 * policy never queries a table that has policies itself; a rule that does not depend on the row is found once a statement.
 */
import { createHash } from "node:crypto"
import type { ScopeName } from "../model/expression.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { type FieldKind, quoteLiteral } from "../model/value.ts"
import { type Fact, outerFields, type Rule, type RuleValue } from "./rule.ts"

/**
 * Where the tables, the machinery, the functions of rules and the field views stand. A caller's own SQL can't name what
 * is in `rules`: those functions answer for rows that the caller may not see. Policies reach them all the same, because
 * they are stored with the functions already found.
 */
export const schemas: {
  readonly tables: string
  readonly machinery: string
  readonly rules: string
  readonly fields: string
} = {
  tables: "app",
  machinery: "undercroft",
  rules: "undercroft_rules",
  fields: "fields",
}

/** How a field of a scope is written: `"practice"`, `t1."practice"`, `new."practice"`. */
export type ColumnOf = (scope: ScopeName, field: FieldInfo) => string

/** A function that policies call; `create` is its whole statement. */
export interface PolicyFunction {
  readonly name: string
  readonly create: string
}

/** A quoted identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The qualified, quoted table of an entity. */
export function tableOf(entity: { readonly table: string }): string {
  return `${quoteName(schemas.tables)}.${quoteName(entity.table)}`
}

const comparisons = { is: "=", isNot: "<>", above: ">", atLeast: ">=", below: "<", atMost: "<=" } as const

/** A function of rules, quoted and qualified. */
export function ruleFunction(name: string): string {
  return `${schemas.rules}.${quoteName(name)}`
}

/** Prints rules and collects the functions that they call. */
export class SqlPrinter {
  readonly functions: Map<string, PolicyFunction>
  /** For a rule that is asked of one row, not of many: related rows are looked up by key, not gathered to a set. */
  private readonly oneRow: boolean

  constructor(functions: Map<string, PolicyFunction> = new Map(), oneRow = false) {
    this.functions = functions
    this.oneRow = oneRow
  }

  rule(rule: Rule, column: ColumnOf): string {
    switch (rule.kind) {
      case "all":
        return rule.terms.length === 0
          ? "true"
          : `(${rule.terms.map((term) => this.rule(term, column)).join(" and ")})`
      case "any":
        return rule.terms.length === 0
          ? "false"
          : `(${rule.terms.map((term) => this.rule(term, column)).join(" or ")})`
      case "compare":
        return this.compare(rule, column)
      case "text":
        return this.text(rule, column)
      case "in-values": {
        const list = `array[${rule.values.map((value) => literal(value, rule.of)).join(", ")}]::${rule.of.sqlType}[]`
        return this.member(rule.left, rule.negated, list, rule.of, column)
      }
      case "in-fact":
        return this.member(rule.left, rule.negated, this.fact(rule.fact), rule.fact.field.kind, column)
      case "null":
        return `${this.value(rule.value, column, true)} is ${rule.negated ? "not " : ""}null`
      case "signed-in":
        return `(select undercroft.me_id()) is ${rule.negated ? "" : "not "}null`
      case "role":
        return `${rule.negated ? "not " : ""}(select undercroft.me_has(${quoteLiteral(rule.name)}))`
      case "related": {
        const reference = column(rule.scope, rule.relation.field)
        const key = rule.relation.to.key[0]!
        const fits = this.reaches(reference, key, { ...rule, in: rule.relation.to }, key, column)
        return rule.negated ? `(${reference} is not null and not ${fits})` : fits
      }
      case "some": {
        const key = rule.relation.field.reference!.entity.key[0]!
        const rows = { ...rule, in: rule.relation.to }
        const fits = this.reaches(column(rule.scope, key), key, rows, rule.relation.field, column)
        return rule.negated ? `not ${fits}` : fits
      }
      case "consent": {
        const probe = column(rule.scope, rule.field)
        const { entity, person } = rule.register
        const fits = this.reaches(
          probe,
          rule.field,
          { where: rule.where, inner: rule.inner, in: entity },
          person,
          column,
        )
        return rule.negated ? `(${probe} is not null and not ${fits})` : fits
      }
    }
  }

  /** In a rule, numbers are reckoned without bounds: a row on which a sum overflows would end everyone's statements. */
  value(value: RuleValue, column: ColumnOf, inRule: boolean = false): string {
    switch (value.kind) {
      case "field":
        return column(value.scope, value.field)
      case "bound":
        return `${value.side === "from" ? "lower" : "upper"}(${column(value.scope, value.field)})`
      case "constant":
        return literal(value.value, value.of)
      case "me-id":
        return meId(value.of)
      case "claim":
        return `(select undercroft.me_claim(${quoteLiteral(value.name)})::${value.of.sqlType})`
      case "now":
        return "now()"
      case "today":
        return "(now() at time zone 'UTC')::date"
      case "shift": {
        const of = this.value(value.value, column)
        // In UTC whatever the session's time zone is: a caller's SQL could change that.
        const local = value.value.of.sqlType === "date" ? `${of}::timestamp` : `(${of} at time zone 'UTC')`
        return `((${local} ${value.back ? "-" : "+"} interval ${quoteLiteral(value.by)}) at time zone 'UTC')`
      }
      case "call": {
        const values = value.values.map((one) => this.value(one, column, inRule))
        if (value.name === "concat") return `(${values.map((one) => `coalesce(${one}, '')`).join(" || ")})`
        // By Unicode's rules and not by those of the database's locale, which may know ASCII alone.
        if (value.name === "lower" || value.name === "upper")
          return `(${value.name}(${values[0]} collate "und-x-icu") collate "C")`
        const numbers = inRule ? values.map((one) => `${one}::numeric`) : values
        return `(${numbers.join(value.name === "add" ? " + " : value.name === "subtract" ? " - " : " * ")})`
      }
    }
  }

  private compare({ left, right, operator, of }: Rule & { kind: "compare" }, column: ColumnOf): string {
    const types = [left.of.sqlType, right.of.sqlType]
    const isMixed = types.includes("date") && types.includes("timestamptz")
    const isOrder = operator !== "is" && operator !== "isNot"
    const collate = collationFor(
      of,
      isOrder ||
        // Only a column brings its collation with it.
        ![left, right].some((one) => one.kind === "field") ||
        [left, right].some((one) => one.kind === "call" || one.of.collation !== of.collation),
    )
    const [first, second] = [left, right].map((one) => {
      const sql = this.value(one, column, true)
      // A day begins at midnight in UTC; a comparison across kinds would use the time zone of the session.
      return isMixed && one.of.sqlType === "date" ? `(${sql}::timestamp at time zone 'UTC')` : collate(sql)
    })
    return `${first} ${comparisons[operator]} ${second}`
  }

  /** Of a null it is not known whether it is in a list; `null <> all('{}')` would be true. */
  private member(left: RuleValue, negated: boolean, list: string, of: FieldKind, column: ColumnOf): string {
    const isText = left.kind !== "field" || left.of.collation !== of.collation
    const value = collationFor(of, isText)(this.value(left, column, true))
    return negated ? `(${value} is not null and ${value} <> all(${list}))` : `${value} = any(${list})`
  }

  /** The list behind a fact, found once a statement. */
  fact(fact: Fact): string {
    const name = shortName(`fact_${fact.name}`)
    const type = `${fact.field.kind.sqlType}[]`
    if (!this.functions.has(name)) {
      this.functions.set(name, { name, create: "" })
      const where = this.rule(fact.where, inScope("row", "t"))
      const column = `t.${quoteName(fact.field.column)}`
      this.functions.set(
        name,
        definer(
          name,
          "",
          type,
          `return coalesce((select array_agg(distinct ${column}) from ${tableOf(fact.entity)} t where ${column} is not null and ${where}), '{}');`,
        ),
      )
    }
    return `(select ${ruleFunction(name)}())::${type}`
  }

  /** Whether `probe` is among the values of `picked` in the rows that fit: a set found once, or a test for each row when correlated. */
  private reaches(
    probe: string,
    probeField: FieldInfo,
    rule: { readonly in: EntityInfo; readonly where: Rule; readonly inner: ScopeName },
    picked: FieldInfo,
    column: ColumnOf,
  ): string {
    const outer = outerFields(rule.where, new Set([rule.inner]))
    const alias = "t"
    const body = (inner: ColumnOf, extra: string): string =>
      `from ${tableOf(rule.in)} ${alias} where ${extra}${this.rule(rule.where, inner)}`
    const pickedColumn = `${alias}.${quoteName(picked.column)}`
    if (outer.length === 0 && !this.oneRow) {
      const text = `return query select ${pickedColumn} ${body(inScope(rule.inner, alias), `${pickedColumn} is not null and `)};`
      const name = `set_${hash(text)}`
      this.functions.set(name, definer(name, "", `setof ${probeField.kind.sqlType}`, text))
      return `${probe} in (select ${ruleFunction(name)}())`
    }
    const inner: ColumnOf = (scope, field) => {
      if (scope === rule.inner) return `${alias}.${quoteName(field.column)}`
      const at = outer.findIndex((one) => one.scope === scope && one.field === field)
      return at < 0 ? column(scope, field) : parameter(at + 2, field.kind)
    }
    const types = [probeField.kind.sqlType, ...outer.map((one) => one.field.kind.sqlType)].join(", ")
    const text = `return exists (select 1 ${body(inner, `${pickedColumn} = ${parameter(1, probeField.kind)} and `)});`
    const name = `test_${hash(types + text)}`
    this.functions.set(name, definer(name, types, "boolean", text))
    return `${ruleFunction(name)}(${[probe, ...outer.map((one) => column(one.scope, one.field))].join(", ")})`
  }

  private text(rule: Rule & { kind: "text" }, column: ColumnOf): string {
    const fold = rule.left.of.collation
      ? (sql: string): string => `(lower(${sql} collate "und-x-icu") collate "C")`
      : (sql: string): string => sql
    const [left, right] = [rule.left, rule.right].map((one) =>
      fold(`(${this.value(one, column)} collate "C")`),
    )
    const fits =
      rule.operator === "startsWith"
        ? `starts_with(${left}, ${right})`
        : rule.operator === "endsWith"
          ? `right(${left}, char_length(${right})) = ${right}`
          : `position(${right} in ${left}) > 0`
    return rule.negated ? `not (${fits})` : `(${fits})`
  }
}

/** Writes the fields of one scope behind an alias. */
export function inScope(scope: ScopeName, alias: string): ColumnOf {
  return (found, field) => {
    if (found !== scope) throw new Error(`a rule reads ${found}.${field.name} outside its scope ${scope}`)
    return `${alias}.${quoteName(field.column)}`
  }
}

/** A value of the model as SQL text. */
export function literal(value: unknown, of: FieldKind): string {
  const encoded = of.parse(value)
  const text =
    Array.isArray(encoded) && of.sqlType.endsWith("[]")
      ? arrayLiteral(encoded.map(String))
      : typeof encoded === "object"
        ? JSON.stringify(encoded)
        : String(encoded)
  return `${quoteLiteral(text)}::${of.sqlType}`
}

/** The caller's identifier as a value of a kind; null where it is none, and nothing equals null. */
function meId(of: FieldKind): string {
  if (of.sqlType === "uuid") return "(select undercroft.me_uuid())"
  if (of.sqlType === "text") return "(select undercroft.me_id())"
  if (of.sqlType === "integer" || of.sqlType === "bigint") return "(select undercroft.me_bigint())"
  return `null::${of.sqlType}`
}

/**
 * Writes a text so that it is compared as its kind says, where PostgreSQL would choose another collation: texts are equal
 * and ordered by code point, whatever the locale, unless the kind is one without regard to case.
 */
function collationFor(of: FieldKind, isNeeded: boolean): (sql: string) => string {
  return isNeeded && of.sqlType === "text"
    ? (sql) => `(${sql} collate ${of.collation ?? '"C"'})`
    : (sql) => sql
}

/** A parameter of a function, as its kind is compared: by itself each would have the collation of one of them all. */
function parameter(at: number, { sqlType, collation }: FieldKind): string {
  return sqlType === "text" ? `($${at} collate ${collation ?? 'pg_catalog."default"'})` : `$${at}`
}

/** PostgreSQL cuts names at 63 bytes; a long one ends in a hash instead, so that it stays unique. */
export function shortName(name: string): string {
  if (Buffer.byteLength(name) <= 63) return name
  return `${name.replace(/[^\x20-\x7e]/g, "_").slice(0, 50)}_${createHash("sha256").update(name).digest("hex").slice(0, 12)}`
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}

function definer(name: string, parameters: string, returns: string, body: string): PolicyFunction {
  return {
    name,
    create:
      `create function ${ruleFunction(name)}(${parameters}) returns ${returns} language plpgsql ` +
      `stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$ begin ${body} end $undercroft$`,
  }
}
