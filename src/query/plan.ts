/** Resolves an operation against the model as one caller may know it: what they may not see does not exist here. */
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { FieldKind } from "../model/value.ts"
import { type EntityPolicy, type Policies, policyOf } from "../policy/policies.ts"
import type { QueryLimits } from "./limits.ts"
import type {
  AddressPart,
  Aggregate,
  Embed,
  FieldPath,
  Filter,
  FilterOperator,
  Frame,
  InsertOperation,
  Operation,
  OrderTerm,
  ReadQuery,
  SelectItem,
} from "./operation.ts"
import {
  isToOne,
  type Plan,
  type PlannedEmbed,
  type PlannedFilter,
  type PlannedFrame,
  type PlannedItem,
  type PlannedOrder,
  type PlannedPart,
  type PlannedQuery,
} from "./planned.ts"
import { findRelation } from "./relation.ts"

/** What planning needs to know. */
export interface PlanContext {
  readonly policies: Policies
  readonly limits: QueryLimits
  /** Fields that do not exist for this caller. */
  readonly hidden: ReadonlySet<FieldInfo>
}

/** Plans an operation. Throws `UndercroftError` where it names what does not exist or asks what is not allowed. */
export function planOperation(operation: Operation, context: PlanContext): Plan {
  const entity = context.policies.model.byCollection.get(operation.collection)
  if (!entity) throw new UndercroftError("PGRST205", { collection: operation.collection })
  const planner = new Planner(context)
  checkAllowed(operation.kind, entity)
  const query = planner.query(operation.query, policyOf(context.policies, entity))
  const { count, single, form } = operation
  if (operation.kind === "read") return { kind: "read", query, count, single, form }
  const { returning, maxAffected, match, once } = operation
  const write = { query, count, single, form, returning, maxAffected, match, once } as const
  if (match !== null) checkMatch(query)
  switch (operation.kind) {
    case "insert": {
      const { rows, isOneRow, isText, missingDefault, conflict, address } = operation
      const columns = planner.writeColumns(entity, operation, "create")
      if (address) checkAddress(address, entity)
      const fields = conflict && (conflict.fields?.map((name) => planner.field(entity, name)) ?? entity.key)
      for (const one of fields ?? []) refuseEncrypted(one, "named in on_conflict")
      return {
        kind: "insert",
        ...write,
        columns,
        rows,
        isOneRow,
        isText,
        missingDefault,
        conflict: conflict && fields ? { fields, resolution: conflict.resolution } : null,
      }
    }
    case "update": {
      checkWhole(query)
      const columns = planner.writeColumns(entity, operation, "update")
      const { row, isText, each = null } = operation
      return { kind: "update", ...write, columns, row, isText, each }
    }
    case "delete":
      checkWhole(query)
      return { kind: "delete", ...write, each: operation.each ?? null }
  }
}

/** A write is of all rows that fit: a page of them would leave open which. */
function checkWhole({ limit, offset }: PlannedQuery): void {
  if (limit !== null || offset !== null) throw new UndercroftError("UC305")
}

/** `If-Match` is about one row, and about a version that it has. */
function checkMatch({ policy: { entity }, where }: PlannedQuery): void {
  if (!entity.fields.some((field) => field.automatic === "version"))
    throw new UndercroftError("UC306", { entity: entity.collection })
  const named = where.flatMap((one) =>
    one.kind === "compare" && one.operator === "eq" && !one.negated && one.quantifier === null
      ? [one.field]
      : [],
  )
  if (!entity.key.every((field) => named.includes(field)))
    throw new UndercroftError("UC307", {
      entity: entity.collection,
      key: entity.key.map((one) => one.name).join(", "),
    })
}

function checkAddress(address: readonly AddressPart[], { key }: EntityInfo): void {
  const names = new Set(address.map((part) => part.name))
  if (
    names.size !== address.length ||
    names.size !== key.length ||
    key.some((field) => !names.has(field.name))
  )
    throw new UndercroftError("PGRST105")
}

/** What no caller may do is refused by name; what some may do, row-level security decides. */
function checkAllowed(kind: Operation["kind"], entity: EntityInfo): void {
  if (entity.view && kind !== "read") throw new UndercroftError("UC302", { entity: entity.collection })
  const { access } = entity
  const rule = {
    read: entity.view ? true : access.read,
    insert: access.create,
    update: access.updateFrom,
    delete: access.delete,
  }[kind]
  if (!rule) throw new UndercroftError("PG:42501", { what: `${kind} ${entity.collection}` })
}

class Planner {
  private readonly context: PlanContext
  private embeds = 0

  constructor(context: PlanContext) {
    this.context = context
  }

  query(asked: ReadQuery, policy: EntityPolicy): PlannedQuery {
    const { entity } = policy
    const framed = asked.frame && this.frame(asked.frame, policy)
    const items = framed?.items ?? asked.select.flatMap((item) => this.item(item, policy))
    const embeds = items.filter((item) => item.kind === "embed")
    if (items.some(isGrouping))
      for (const one of items) if (one.kind === "field") refuseEncrypted(one.field, "grouped by")
    if (items.some(isGrouping) && embeds.some((one) => one.spread && !isToOne(one.relation)))
      throw new UndercroftError(
        "PGRST127",
        {},
        { details: "A spread of many rows is not possible in a group" },
      )
    return {
      policy,
      items: withoutRepeats(items),
      where: asked.where.map((filter) => this.filter(filter, entity, embeds)),
      order: asked.order.map((term) => this.order(term, entity, embeds)),
      limit: asked.limit,
      offset: asked.offset,
      frame: framed?.frame ?? null,
    }
  }

  private frame(
    { parts, fromEnd, after, before }: Frame,
    policy: EntityPolicy,
  ): { readonly frame: PlannedFrame; readonly items: readonly PlannedItem[] } {
    const items: PlannedItem[] = []
    const planned = parts.map((part): PlannedPart => {
      if (part.kind === "aggregate")
        return { ...part, items: part.items.flatMap((item) => this.item(item, policy)) }
      if (part.kind !== "rows") return part
      const as = `rows${items.length}`
      items.push({ kind: "object", as, items: part.items.flatMap((item) => this.item(item, policy)) })
      return { kind: "rows", as: part.as, item: as }
    })
    return { frame: { parts: planned, fromEnd, after, before }, items }
  }

  /** A field that the caller may know of; a hidden one is refused exactly like one that does not exist. */
  field(entity: EntityInfo, name: string): FieldInfo {
    const field = entity.fieldByName.get(name)
    if (!field || this.context.hidden.has(field)) {
      throw new UndercroftError("PG:42703", { collection: entity.collection, field: shorten(name) })
    }
    return field
  }

  writeColumns(
    entity: EntityInfo,
    { columns, completed }: Pick<InsertOperation, "columns" | "completed">,
    when: "create" | "update",
  ): readonly FieldInfo[] {
    return columns.map((name) => {
      const field = entity.fieldByName.get(name)
      if (!field || (this.context.hidden.has(field) && !completed?.includes(name))) {
        throw new UndercroftError("PGRST204", { collection: entity.collection, field: shorten(name) })
      }
      if (field.readonly) throw new UndercroftError("PG:428C9", { field: `${entity.collection}.${name}` })
      if (when === "update" && field.immutable)
        throw new UndercroftError("UC303", { field: `${entity.collection}.${name}` })
      return field
    })
  }

  private item(item: SelectItem, policy: EntityPolicy): readonly PlannedItem[] {
    switch (item.kind) {
      case "all":
        return policy.entity.fields
          .filter((field) => !this.context.hidden.has(field))
          .map((field) => ({
            kind: "field",
            field,
            json: [],
            as: field.name,
            cast: null,
            aggregate: null,
            aggregateCast: null,
          }))
      case "field": {
        if (isRowCount(item, policy.entity))
          return [{ kind: "count", as: item.alias ?? "count", cast: item.cast }]
        const field = this.pathField(policy.entity, item.path)
        const last = item.path.json.at(-1)?.key
        const isPlain = item.aggregate === null && item.cast === null
        if (!isPlain) refuseEncrypted(field, item.aggregate === null ? "cast" : "aggregated")
        const as = item.alias ?? item.aggregate ?? (typeof last === "string" ? last : field.name)
        if (item.aggregate !== null && !canAggregate(item.aggregate, field)) {
          throw new UndercroftError("PG:42883", {
            operator: item.aggregate,
            field: field.name,
            kind: field.kind.name,
          })
        }
        return [
          {
            kind: "field",
            field,
            json: item.path.json,
            as,
            cast: item.cast,
            aggregate: item.aggregate,
            aggregateCast: item.aggregateCast,
          },
        ]
      }
      case "count":
        return [{ kind: "count", as: item.alias ?? "count", cast: item.cast }]
      case "object":
        return [
          {
            kind: "object",
            as: item.alias,
            items: item.items.flatMap((one) => this.item(one, policy)),
          },
        ]
      case "text":
        return [{ kind: "text", as: item.alias, text: item.text }]
      case "node-id":
      case "cursor":
        return [{ kind: item.kind, as: item.alias }]
      case "embed":
        return [this.embed(item, policy)]
    }
  }

  private embed(item: Embed, policy: EntityPolicy): PlannedEmbed {
    this.countEmbed()
    const { relation, to } = findRelation(item, policy, this.context)
    const query = this.query(item.query, policyOf(this.context.policies, to))
    // Rows and groups of them can't both become lists.
    if (item.spread && !isToOne(relation) && query.items.some(isGrouping))
      throw new UndercroftError(
        "PGRST127",
        {},
        { details: "Aggregates are not possible in a spread of many rows" },
      )
    return {
      kind: "embed",
      as: item.alias ?? item.relation,
      relation,
      inner: item.inner,
      spread: item.spread,
      query,
    }
  }

  private countEmbed(): void {
    const { embeds } = this.context.limits
    if (++this.embeds > embeds)
      throw new UndercroftError("UC301", { what: "embeds", max: embeds, setting: "embeds" })
  }

  /** Rows that have related ones, of which the caller may ask what they may ask of those rows themselves. */
  private related(filter: Filter & { kind: "related" }, from: EntityInfo): PlannedFilter {
    this.countEmbed()
    const { relation: name, negated } = filter
    const policy = policyOf(this.context.policies, from)
    const { relation, to } = findRelation({ relation: name, hint: null }, policy, this.context)
    const where = filter.where.map((one) => this.filter(one, to, []))
    const target = policyOf(this.context.policies, to)
    const query = { policy: target, items: [], where, order: [], limit: null, offset: null, frame: null }
    const embed = { kind: "embed", as: name, relation, inner: false, spread: false, query } as const
    return { kind: "embed-is-null", embed, negated: !negated }
  }

  private filter(filter: Filter, entity: EntityInfo, embeds: readonly PlannedEmbed[]): PlannedFilter {
    switch (filter.kind) {
      case "related":
        return this.related(filter, entity)
      case "and":
      case "or":
        return {
          kind: filter.kind,
          negated: filter.negated,
          terms: filter.terms.map((term) => this.filter(term, entity, embeds)),
        }
      case "is": {
        const embed = embeds.find((one) => one.as === filter.path.name)
        if (
          embed &&
          filter.path.json.length === 0 &&
          (filter.value === "null" || filter.value === "not_null")
        ) {
          return { kind: "embed-is-null", embed, negated: filter.negated !== (filter.value === "not_null") }
        }
        const field = this.pathField(entity, filter.path)
        const isNull = filter.value === "null" || filter.value === "not_null"
        if (!isNull && field.kind.sqlType !== "boolean")
          throw new UndercroftError("PG:42883", {
            operator: `is.${filter.value}`,
            field: field.name,
            kind: field.kind.name,
          })
        return { kind: "is", field, json: filter.path.json, negated: filter.negated, value: filter.value }
      }
      case "compare": {
        const field = this.pathField(entity, filter.path)
        checkOperator(filter, field)
        const { operator, negated, quantifier, config, value } = filter
        return {
          kind: "compare",
          field,
          json: filter.path.json,
          operator,
          negated,
          quantifier,
          config,
          value,
        }
      }
    }
  }

  private order(term: OrderTerm, entity: EntityInfo, embeds: readonly PlannedEmbed[]): PlannedOrder {
    const embed = term.relation === null ? null : (embeds.find((one) => one.as === term.relation) ?? null)
    if (term.relation !== null && !embed)
      throw new UndercroftError("PGRST108", { name: shorten(term.relation) })
    if (embed && !isToOne(embed.relation))
      throw new UndercroftError("PGRST118", { from: entity.collection, to: term.relation ?? "" })
    const field = this.pathField(embed ? embed.query.policy.entity : entity, term.path)
    refuseEncrypted(field, "ordered by")
    if (
      term.path.json.length === 0 &&
      !field.kind.operators.has("order") &&
      field.kind.sqlType !== "interval" &&
      field.kind.operators.size === 0
    ) {
      throw new UndercroftError("PG:42883", { operator: "order", field: field.name, kind: field.kind.name })
    }
    return { embed, field, json: term.path.json, descending: term.descending, nulls: term.nulls }
  }

  private pathField(entity: EntityInfo, path: FieldPath): FieldInfo {
    const field = this.field(entity, path.name)
    if (path.json.length > 0) refuseEncrypted(field, "taken apart")
    if (path.json.length > 0 && !field.kind.operators.has("json")) {
      throw new UndercroftError("PG:42883", {
        operator: path.json[0]?.text ? "->>" : "->",
        field: field.name,
        kind: field.kind.name,
      })
    }
    return field
  }
}

/** What the database can't read it can't do. */
function refuseEncrypted(field: FieldInfo, what: string): void {
  if (field.encrypted)
    throw new UndercroftError("UC330", { field: `${field.entity.collection}.${field.name}`, what })
}

/** `count` without parentheses, as older clients write it, where there is no such field. */
function isRowCount(item: SelectItem & { kind: "field" }, entity: EntityInfo): boolean {
  const { name, json } = item.path
  return name === "count" && json.length === 0 && item.aggregate === null && !entity.fieldByName.has("count")
}

/** Whether an item makes its query one of groups. */
function isGrouping(item: PlannedItem): boolean {
  return item.kind === "count" || (item.kind === "field" && item.aggregate !== null)
}

/** Whether values of a field can be brought together so. */
export function canAggregate(aggregate: Aggregate, { kind, encrypted }: FieldInfo): boolean {
  if (encrypted) return false
  if (aggregate === "count") return true
  // PostgreSQL orders these two, and has no least or greatest of them.
  const hasExtremes = kind.operators.has("order") && kind.sqlType !== "uuid" && kind.sqlType !== "boolean"
  if (aggregate === "min" || aggregate === "max") return hasExtremes
  return /^(integer|bigint|numeric|interval)/.test(kind.sqlType) && kind.operators.has("order")
}

const families = {
  is: "equality",
  eq: "equality",
  neq: "equality",
  in: "equality",
  isdistinct: "equality",
  gt: "order",
  gte: "order",
  lt: "order",
  lte: "order",
  like: "text",
  ilike: "text",
  match: "text",
  imatch: "text",
  fts: "search",
  plfts: "search",
  phfts: "search",
  wfts: "search",
  sl: "range",
  sr: "range",
  nxr: "range",
  nxl: "range",
  adj: "range",
} as const

/** Whether an operator can be asked of a kind of value. */
export function canAsk(operator: FilterOperator, { operators, sqlType }: FieldKind): boolean {
  if (sqlType === "bytea") return operators.has("equality") && ["eq", "neq", "in"].includes(operator)
  if (operator === "cs" || operator === "cd")
    return operators.has("list") || operators.has("range") || operators.has("json")
  if (operator === "ov") return operators.has("list") || operators.has("range")
  return operators.has(families[operator])
}

function checkOperator(filter: Filter & { kind: "compare" }, field: FieldInfo): void {
  const { operator } = filter
  const path = filter.path.json
  if (!field.encrypted?.findable) refuseEncrypted(field, "searched for")
  else if (!["eq", "neq", "in"].includes(operator) || filter.quantifier !== null)
    refuseEncrypted(field, `asked for ${operator}`)
  const allowed =
    path.length > 0
      ? path.at(-1)!.text ||
        !["like", "ilike", "match", "imatch", "sl", "sr", "nxr", "nxl", "adj"].includes(operator)
      : canAsk(operator, field.kind)
  if (!allowed) throw new UndercroftError("PG:42883", { operator, field: field.name, kind: field.kind.name })
}

/** The last of two items of one name wins, as a JSON object can have only one; what is spread does not answer under its own. */
function withoutRepeats(items: readonly PlannedItem[]): readonly PlannedItem[] {
  const last = new Map<unknown, PlannedItem>(
    items.map((item) => [item.kind === "embed" && item.spread ? item : item.as, item]),
  )
  return last.size === items.length ? items : [...last.values()]
}

function shorten(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name
}
