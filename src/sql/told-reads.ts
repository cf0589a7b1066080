/** What a plan reads of entities that have their reads on record: which fields are asked for, and by which question. */
import type { EntityInfo } from "../model/model.ts"
import type {
  Plan,
  PlannedEmbed,
  PlannedFilter,
  PlannedItem,
  PlannedOrder,
  PlannedQuery,
} from "../query/planned.ts"

/** The entity whose rows they are: a view's are those of what it is made from. */
export function rowsOf(entity: EntityInfo): EntityInfo {
  return entity.view ? rowsOf(entity.view.from) : entity
}

/** Whether the key of a row tells which row of the entity on record it is. */
export function hasRecordedKey(entity: EntityInfo): boolean {
  const { view } = entity
  if (!view) return entity.audit.reads
  const names = entity.key.map(({ source }) =>
    source?.kind === "field" && source.path.length === 1 ? source.path[0] : undefined,
  )
  const isSame = view.from.key.every((one, at) => one.name === names[at])
  return isSame && names.length === view.from.key.length && hasRecordedKey(view.from)
}

/** What is told of one entity that a plan reads. */
export interface ToldRead {
  readonly entity: EntityInfo
  readonly fields: readonly string[]
  /** The question of one run, from the values that it is run with. */
  readonly question: (values: readonly unknown[]) => unknown
}

type Term = Readonly<Record<string, unknown>> & { readonly at?: number }

interface Read {
  readonly fields: Set<string>
  readonly where: Term[]
  readonly order: string[]
}

/** Empty where nothing read is on record. */
export function tellReads(plan: Plan): readonly ToldRead[] {
  const reads = new Map<EntityInfo, Read>()
  new Walk(reads).query(plan.query, plan.kind !== "read")
  const { count, query } = plan
  return [...reads].map(([entity, { fields, where, order }]) => ({
    entity,
    fields: [...fields].toSorted(),
    question: (values) => ({
      of: query.policy.entity.name,
      ...(where.length > 0 ? { where: where.map((term) => tellTerm(term, values)) } : {}),
      ...(order.length > 0 ? { order } : {}),
      ...(query.limit === null ? {} : { limit: query.limit }),
      ...(count === null ? {} : { count: true }),
    }),
  }))
}

/** Values of personal fields stay out: a question may be what nobody should read. */
function tellTerm({ at, ...term }: Term, values: readonly unknown[]): object {
  if (at === undefined) return term
  const text = JSON.stringify(values[at]) ?? "null"
  return { ...term, value: text.length <= 300 ? values[at] : "…" }
}

class Walk {
  private readonly reads: Map<EntityInfo, Read>

  constructor(reads: Map<EntityInfo, Read>) {
    this.reads = reads
  }

  query(query: PlannedQuery, isWritten = false): void {
    const { entity } = query.policy
    const read = this.of(entity, isWritten)
    for (const item of query.items) this.item(item, read)
    for (const part of query.frame?.parts ?? [])
      if (part.kind === "aggregate") for (const item of part.items) this.item(item, read)
    for (const filter of query.where) this.filter(filter, read)
    for (const term of query.order) this.order(term, read)
    if (entity.view) this.view(entity)
  }

  /** Where its rows are written, the entries of the writes tell of them. */
  private of(entity: EntityInfo, isWritten = false): Read {
    const of = rowsOf(entity)
    const found = this.reads.get(of) ?? { fields: new Set(), where: [], order: [] }
    if (of.audit.reads && !isWritten) this.reads.set(of, found)
    return found
  }

  private item(item: PlannedItem, read: Read): void {
    if (item.kind === "field") read.fields.add(item.field.name)
    else if (item.kind === "object") for (const one of item.items) this.item(one, read)
    else if (item.kind === "embed") this.embed(item)
  }

  private embed({ relation, query }: PlannedEmbed): void {
    if (relation.join) this.of(relation.join.policy.entity)
    this.query(query)
  }

  private order({ embed, field, descending }: PlannedOrder, read: Read): void {
    if (embed) this.embed(embed)
    const own = embed ? this.of(field.entity) : read
    own.fields.add(field.name)
    own.order.push(descending ? `${field.name} desc` : field.name)
  }

  private filter(filter: PlannedFilter, read: Read): void {
    switch (filter.kind) {
      case "and":
      case "or":
        for (const term of filter.terms) this.filter(term, read)
        return
      case "embed-is-null":
        this.embed(filter.embed)
        return
      case "is":
        read.fields.add(filter.field.name)
        read.where.push({ field: filter.field.name, is: filter.value, not: filter.negated })
        return
      case "compare": {
        const { field, operator, negated, value } = filter
        const isOpen = field.classification === "public" || field.classification === "internal"
        read.fields.add(field.name)
        read.where.push({ field: field.name, operator, not: negated, ...(isOpen ? { at: value } : {}) })
      }
    }
  }

  /** What a view looks up along references, whichever of its fields are asked for. */
  private view(entity: EntityInfo): void {
    const from = entity.view!.from
    for (const path of pathsOf([entity.fields.map((one) => one.source), entity.view!.where])) {
      let at = from
      for (const step of path) {
        const relation = at.relations.get(step)
        if (!relation) break
        at = relation.to
        this.of(at).fields.add(path.at(-1)!)
      }
    }
    if (from.view) this.view(from)
  }
}

function pathsOf(node: unknown): readonly (readonly string[])[] {
  if (typeof node !== "object" || node === null) return []
  const { kind, path } = node as { kind?: unknown; path?: unknown }
  if (kind === "field" && Array.isArray(path)) return [path as readonly string[]]
  return Object.values(node).flatMap(pathsOf)
}
