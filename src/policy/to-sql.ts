/**
 * Prints rules as SQL. What a rule needs of other tables goes through functions that the internal role owns, so that a
 * policy never queries a table that has policies itself; a rule that does not depend on the row is found once a statement.
 */
import { createHash } from "node:crypto"
import type { ScopeName } from "../model/expression.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import { type FieldInfo, toSnake } from "../model/model.ts"
import { type FieldKind, quoteLiteral } from "../model/value.ts"
import { type Fact, outerFields, type Rule, type RuleValue } from "./rule.ts"

/** Where the tables, the machinery and the field views stand. */
export const schemas: { readonly tables: string; readonly machinery: string; readonly fields: string } = {
  tables: "app", machinery: "undercroft", fields: "fields",
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

/** Prints rules and collects the functions that they call. */
export class SqlPrinter {
  readonly functions: Map<string, PolicyFunction> = new Map()

  rule(rule: Rule, column: ColumnOf): string {
    switch (rule.kind) {
      case "all":
        return rule.terms.length === 0 ? "true" : `(${rule.terms.map((term) => this.rule(term, column)).join(" and ")})`
      case "any":
        return rule.terms.length === 0 ? "false" : `(${rule.terms.map((term) => this.rule(term, column)).join(" or ")})`
      case "compare":
        return `${this.value(rule.left, column)} ${comparisons[rule.operator]} ${this.value(rule.right, column)}`
      case "text":
        return this.text(rule, column)
      case "in-values": {
        const list = `array[${rule.values.map((value) => literal(value, rule.of)).join(", ")}]::${rule.of.sqlType}[]`
        return `${this.value(rule.left, column)} ${rule.negated ? "<> all" : "= any"}(${list})`
      }
      case "in-fact":
        return `${this.value(rule.left, column)} ${rule.negated ? "<> all" : "= any"}(${this.fact(rule.fact)})`
      case "null":
        return `${this.value(rule.value, column)} is ${rule.negated ? "not " : ""}null`
      case "signed-in":
        return `(select undercroft.me_id()) is ${rule.negated ? "" : "not "}null`
      case "role":
        return `${rule.negated ? "not " : ""}(select undercroft.me_has(${quoteLiteral(rule.name)}))`
      case "related": {
        const reference = column(rule.scope, rule.relation.field)
        const key = rule.relation.to.key[0]!
        const fits = this.reaches(reference, key, rule, key, column)
        return rule.negated ? `(${reference} is not null and not ${fits})` : fits
      }
      case "some": {
        const key = rule.relation.field.reference!.entity.key[0]!
        const fits = this.reaches(column(rule.scope, key), key, rule, rule.relation.field, column)
        return rule.negated ? `not ${fits}` : fits
      }
    }
  }

  value(value: RuleValue, column: ColumnOf): string {
    switch (value.kind) {
      case "field":
        return column(value.scope, value.field)
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
        const values = value.values.map((one) => this.value(one, column))
        if (value.name === "concat") return `(${values.map((one) => `coalesce(${one}, '')`).join(" || ")})`
        if (value.name === "lower" || value.name === "upper") return `${value.name}(${values[0]})`
        return `(${values.join(value.name === "add" ? " + " : value.name === "subtract" ? " - " : " * ")})`
      }
    }
  }

  /** The list behind a fact, found once a statement. */
  fact(fact: Fact): string {
    const name = `fact_${toSnake(fact.name)}`
    const type = `${fact.field.kind.sqlType}[]`
    if (!this.functions.has(name)) {
      this.functions.set(name, { name, create: "" })
      const where = this.rule(fact.where, inScope("row", "t"))
      const column = `t.${quoteName(fact.field.column)}`
      this.functions.set(name, definer(name, "", type,
        `return coalesce((select array_agg(distinct ${column}) from ${tableOf(fact.entity)} t where ${column} is not null and ${where}), '{}');`))
    }
    return `(select undercroft.${quoteName(name)}())::${type}`
  }

  /** Whether `probe` is among the values of `picked` in the rows that fit: a set found once, or a test for each row when correlated. */
  private reaches(probe: string, probeField: FieldInfo, rule: Rule & { kind: "related" | "some" }, picked: FieldInfo, column: ColumnOf): string {
    const outer = outerFields(rule.where, new Set([rule.inner]))
    const alias = "t"
    const body = (inner: ColumnOf, extra: string): string =>
      `from ${tableOf(rule.relation.to)} ${alias} where ${extra}${this.rule(rule.where, inner)}`
    const pickedColumn = `${alias}.${quoteName(picked.column)}`
    if (outer.length === 0) {
      const text = `return query select ${pickedColumn} ${body(inScope(rule.inner, alias), `${pickedColumn} is not null and `)};`
      const name = `set_${hash(text)}`
      this.functions.set(name, definer(name, "", `setof ${probeField.kind.sqlType}`, text))
      return `${probe} in (select undercroft.${quoteName(name)}())`
    }
    const inner: ColumnOf = (scope, field) => {
      if (scope === rule.inner) return `${alias}.${quoteName(field.column)}`
      const at = outer.findIndex((one) => one.scope === scope && one.field === field)
      return at < 0 ? column(scope, field) : `$${at + 2}`
    }
    const types = [probeField.kind.sqlType, ...outer.map((one) => one.field.kind.sqlType)].join(", ")
    const text = `return exists (select 1 ${body(inner, `${pickedColumn} = $1 and `)});`
    const name = `test_${hash(types + text)}`
    this.functions.set(name, definer(name, types, "boolean", text))
    return `undercroft.${quoteName(name)}(${[probe, ...outer.map((one) => column(one.scope, one.field))].join(", ")})`
  }

  private text(rule: Rule & { kind: "text" }, column: ColumnOf): string {
    const fold = rule.left.of.collation ? (sql: string): string => `lower(${sql})` : (sql: string): string => sql
    const [left, right] = [rule.left, rule.right].map((one) => fold(`(${this.value(one, column)} collate "C")`))
    const fits =
      rule.operator === "startsWith" ? `starts_with(${left}, ${right})`
      : rule.operator === "endsWith" ? `right(${left}, char_length(${right})) = ${right}`
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
  const text = Array.isArray(encoded) && of.sqlType.endsWith("[]") ? arrayLiteral(encoded.map(String))
    : typeof encoded === "object" ? JSON.stringify(encoded)
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

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}

function definer(name: string, parameters: string, returns: string, body: string): PolicyFunction {
  return {
    name,
    create:
      `create function undercroft.${quoteName(name)}(${parameters}) returns ${returns} language plpgsql ` +
      `stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $undercroft$ begin ${body} end $undercroft$`,
  }
}
