/** What one caller sees of all rows: the naive predicate, asked of every row and every field. */
import { type EntityPolicy, type Policies, policyOf } from "../../src/policy/policies.ts"
import { type Fact, type Rule, readsRow } from "../../src/policy/rule.ts"
import { holds, type PredicateWorld } from "../../src/policy/to-predicate.ts"
import { identityOf } from "./constraints.ts"
import type { CallerDescription, Row, Rows } from "./description.ts"
import { type EntityShape, entityOf, fieldOf, type ModelShape, type RelationShape } from "./shape.ts"

/** A row that the caller may read. Fields that don't exist for them are absent; hidden values are null. */
export interface SeenRow {
  readonly raw: Row
  readonly seen: Row
}

/** One caller and one moment of the rows; nothing in it changes. Views that leak on purpose override its methods. */
export class CallerView {
  readonly policies: Policies
  readonly shapes: ModelShape
  readonly rows: Rows
  readonly caller: CallerDescription
  readonly world: PredicateWorld
  private readonly facts = new Map<Fact, readonly unknown[]>()
  private readonly lists = new Map<string, readonly SeenRow[]>()

  constructor(policies: Policies, shapes: ModelShape, rows: Rows, caller: CallerDescription, now: string) {
    this.policies = policies
    this.shapes = shapes
    this.rows = rows
    this.caller = caller
    const facts = this.facts
    this.world = {
      caller,
      now,
      rowsOf: (entity) => rows[entity.name] ?? [],
      factValues: (fact) => {
        const known = facts.get(fact)
        if (known) return known
        const found = (rows[fact.entity.name] ?? [])
          .filter((row) => holds(fact.where, { row }, this.world))
          .map((row) => row[fact.field.name] ?? null)
          .filter((value) => value !== null)
        facts.set(fact, found)
        return found
      },
    }
  }

  /** The same caller over other rows. */
  over(rows: Rows): CallerView {
    const Same = this.constructor as typeof CallerView
    return new Same(this.policies, this.shapes, rows, this.caller, this.world.now)
  }

  policy(entity: string): EntityPolicy {
    const info = this.policies.model.byName.get(entity)
    if (!info) throw new Error(`the model has no ${entity}`)
    return policyOf(this.policies, info)
  }

  holds(rule: Rule | null, row: Row, before: Row = row): boolean {
    return rule !== null && holds(rule, { row, before }, this.world)
  }

  /** Whether a rule asks anything of a row. */
  readsRow(rule: Rule): boolean {
    return readsRow(rule)
  }

  /** Whether a field exists for the caller: its visibility looks at the row, or lets them. */
  exists(entity: string, field: string): boolean {
    const rules = this.policy(entity).fields.get(field)
    if (rules === undefined) return false
    return !rules.gated || this.holds(rules.visibleTo, {})
  }

  canRead(entity: string, row: Row): boolean {
    const policy = this.policy(entity)
    if (!this.holds(policy.read, row)) return false
    // What a view asks of its source's own fields it asks of what the caller sees of them.
    const source = entityOf(this.shapes, entityOf(this.shapes, entity).view?.from ?? entity)
    return policy.viewWhere === null || this.holds(policy.viewWhere, this.see(source, row))
  }

  /** The rows that the caller may read, as they see them. */
  readable(entity: string): readonly SeenRow[] {
    const known = this.lists.get(entity)
    if (known) return known
    const shape = entityOf(this.shapes, entity)
    const all = this.rows[shape.view?.from ?? entity] ?? []
    const found = all
      .filter((row) => this.canRead(entity, row))
      .map((raw) => ({ raw, seen: this.see(shape, raw) }))
    this.lists.set(entity, found)
    return found
  }

  /** A row with what the caller may not see of it taken out; `raw` is a row of the source where the entity is a view. */
  see(shape: EntityShape, raw: Row): Row {
    const seen: Record<string, unknown> = {}
    for (const { name } of shape.fields) {
      if (!this.exists(shape.name, name)) continue
      const path = shape.view?.fields.find((one) => one.name === name)?.path
      const hidden = !this.sees(shape.name, name, raw)
      seen[name] = hidden
        ? null
        : path && path.length > 1
          ? this.atEnd(shape.view?.from ?? "", raw, path)
          : (raw[path?.[0] ?? name] ?? null)
    }
    return seen
  }

  sees(entity: string, field: string, raw: Row): boolean {
    const rules = this.policy(entity).fields.get(field)
    return !rules?.visibleTo || this.holds(rules.visibleTo, raw)
  }

  /** The value at the end of a view's path, through rows and fields that the caller may see. */
  private atEnd(entity: string, raw: Row, path: readonly string[]): unknown {
    const [field, ...rest] = path as readonly [string, ...string[]]
    const value = this.see(entityOf(this.shapes, entity), raw)[field] ?? null
    if (rest.length === 0 || value === null) return value
    const target = fieldOf(entityOf(this.shapes, entity), field).target ?? ""
    const next = this.byKey(target, value)
    return next ? this.atEnd(target, next.raw, rest) : null
  }

  byKey(entity: string, value: unknown): SeenRow | null {
    const [key] = entityOf(this.shapes, entity).key as readonly [string]
    const { kind } = fieldOf(entityOf(this.shapes, entity), key)
    const wanted = identityOf(value, kind)
    return this.readable(entity).find(({ raw }) => identityOf(raw[key], kind) === wanted) ?? null
  }

  /** The rows that a relation leads to; through a hidden reference it leads nowhere. */
  related(shape: EntityShape, relation: RelationShape, seen: Row): readonly SeenRow[] {
    if (!relation.many) {
      const value = seen[relation.via] ?? null
      const found = value === null ? null : this.byKey(relation.to, value)
      return found ? [found] : []
    }
    const key = seen[shape.key[0] as string] ?? null
    if (key === null) return []
    const { kind } = fieldOf(shape, shape.key[0] as string)
    const wanted = identityOf(key, kind)
    if (relation.join) {
      const { entity, far } = relation.join
      return this.readable(entity)
        .filter(
          ({ seen: one }) =>
            (one[relation.via] ?? null) !== null && identityOf(one[relation.via], kind) === wanted,
        )
        .flatMap(({ seen: one }) =>
          (one[far] ?? null) === null ? [] : (this.byKey(relation.to, one[far]) ?? []),
        )
    }
    return this.readable(relation.to).filter(({ seen: other }) => {
      const value = other[relation.via] ?? null
      return value !== null && identityOf(value, kind) === wanted
    })
  }

  /** Whether a relation exists for the caller: its reference does. */
  hasRelation(shape: EntityShape, relation: RelationShape): boolean {
    if (relation.join)
      return (
        this.exists(relation.join.entity, relation.via) &&
        this.exists(relation.join.entity, relation.join.far)
      )
    return this.exists(relation.many ? relation.to : shape.name, relation.via)
  }
}
