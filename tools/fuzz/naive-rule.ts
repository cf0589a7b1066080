/**
 * What a described rule means, written down as plainly as possible and without anything of src/policy: three-valued
 * logic over all rows in memory. It keeps `resolve` and `holds` honest, which the rest of the harness relies on.
 */
import type {
  CallerDescription,
  KindDescription,
  LookupDescription,
  ModelDescription,
  Row,
  Rows,
  RuleDescription,
  ValueDescription,
} from "./description.ts"
import { entityOf, fieldOf, type ModelShape, shapeOf } from "./shape.ts"
import { compareJson, foldCase } from "./sql-value.ts"
import { accountEntity, consentsOf, overridesOf, subjectOf } from "./subjects.ts"

/** True, false, or null for unknown. */
export type Truth = boolean | null

interface Scope {
  readonly entity: string
  readonly row: Row
}
type Scopes = Readonly<Record<string, Scope>>

/** A value and its kind; null is unknown. */
interface Typed {
  readonly value: unknown
  readonly kind: KindDescription | null
}

export class NaiveRules {
  private readonly shapes: ModelShape
  private readonly model: ModelDescription
  private readonly rows: Rows
  private readonly caller: CallerDescription
  private readonly now: string
  private readonly facts = new Map<string, readonly unknown[]>()

  constructor(model: ModelDescription, rows: Rows, caller: CallerDescription, now: string) {
    this.model = model
    this.shapes = shapeOf(model)
    this.rows = rows
    this.caller = caller
    this.now = now
  }

  /** Whether a rule of an entity is known to hold for a row. */
  holds(rule: RuleDescription | undefined, entity: string, row: Row, before: Row = row): boolean {
    return (
      rule !== undefined &&
      this.truth(rule, { row: { entity, row }, before: { entity, row: before } }) === true
    )
  }

  /** The values of a looked-up fact for this caller. */
  fact(name: string): readonly unknown[] {
    const known = this.facts.get(name)
    if (known) return known
    const fact = this.lookup(name)
    const found = (this.rows[fact.entity] ?? [])
      .filter((row) => this.holds(fact.where, fact.entity, row))
      .map((row) => row[fact.pick] ?? null)
    const values = found.filter((value) => value !== null)
    this.facts.set(name, values)
    return values
  }

  private lookup(name: string): LookupDescription {
    return this.model.facts.find((one) => one.name === name) as LookupDescription
  }

  private factKind(name: string): KindDescription {
    const fact = this.lookup(name)
    return fieldOf(entityOf(this.shapes, fact.entity), fact.pick).kind
  }

  private meAs(kind: KindDescription): Typed {
    return { kind, value: this.caller.id === null ? null : asKind(this.caller.id, kind, true) }
  }

  private truth(rule: RuleDescription, scopes: Scopes): Truth {
    if ("all" in rule) return and(rule.all.map((one) => this.truth(one, scopes)))
    if ("any" in rule) return not(and(rule.any.map((one) => not(this.truth(one, scopes)))))
    if ("not" in rule) return not(this.truth(rule.not, scopes))
    if ("role" in rule) return this.caller.roles.includes(rule.role)
    if ("signedIn" in rule) return this.caller.id !== null
    if ("flag" in rule) return this.value({ path: rule.flag }, scopes).value as Truth
    if ("visible" in rule) return this.isVisible(rule.visible, scopes)
    if ("some" in rule) return this.hasSome(rule.some, rule.as, rule.where, scopes)
    if ("none" in rule) return not(this.hasSome(rule.none, rule.as, rule.where, scopes))
    if ("consents" in rule) return this.consents(rule.purpose, this.follow(rule.consents, scopes))
    if ("meConsents" in rule) return this.meConsents(rule.meConsents)
    if ("overrides" in rule) return this.overrides(rule.overrides, scopes["row"] ?? null)
    return this.leaf(rule, scopes)
  }

  /** The key of the person whose data a row is. */
  private personOf(of: Scope | null): { readonly person: string; readonly key: unknown } | null {
    const subject = of && subjectOf(this.shapes, of.entity)
    if (!subject) return null
    const end = this.follow(["start", ...subject.path], { start: of })
    const key = end?.row[entityOf(this.shapes, subject.person).key[0] as string] ?? null
    return key === null ? null : { person: subject.person, key }
  }

  /** Granted and not withdrawn since, to words that still count. */
  private consents(purpose: string, of: Scope | null): Truth {
    const whose = this.personOf(of)
    if (whose === null) return null
    const register = consentsOf(this.shapes, whose.person)
    const said = register?.purposes[purpose]
    if (!register || !said) throw new Error(`nobody is asked for ${purpose}`)
    return (this.rows[register.entity.name] ?? []).some((row) => {
      const version = Number(row["version"])
      return (
        row["person"] === whose.key &&
        row["purpose"] === purpose &&
        row["status"] === "granted" &&
        version >= (said.since ?? said.version) &&
        version <= said.version
      )
    })
  }

  private meConsents(purpose: string): Truth {
    const me = this.meAs({ type: "uuid" }).value
    if (me === null) return null
    const user = (this.rows[accountEntity] ?? []).find((row) => row["id"] === me)
    return user ? this.consents(purpose, { entity: accountEntity, row: user }) : false
  }

  /** Opened by the caller in this session for this person, neither ended nor expired, and they still have the role for it. */
  private overrides(kind: string, of: Scope | null): Truth {
    const whose = this.personOf(of)
    if (whose === null) return null
    const { id, roles, claims } = this.caller
    const register = overridesOf(this.shapes, whose.person)
    const said = register?.kinds[kind]
    if (!register || !said) throw new Error(`there is no override ${kind}`)
    const isFit = said.who.some((role) => roles.includes(role)) && (claims["key"] ?? null) === null
    const isStrong = !said.twoFactor || claims["assurance"] === "two-factor"
    if (!isFit || !isStrong) return false
    return (this.rows[register.entity.name] ?? []).some(
      (row) =>
        row["person"] === whose.key &&
        row["kind"] === kind &&
        row["status"] === "open" &&
        row["openedBy"] === id &&
        (row["session"] ?? null) === (claims["session"] ?? null) &&
        Date.parse(String(row["expiresAt"])) > Date.parse(this.now),
    )
  }

  private leaf(rule: RuleDescription, scopes: Scopes): Truth {
    if ("isNull" in rule || "isPresent" in rule) {
      const of = "isNull" in rule ? rule.isNull : rule.isPresent
      // Of a row that a reference does not lead to nothing is known, not even that a field of it is null.
      if (!this.isReached(of, scopes)) return null
      return (this.value(of, scopes).value === null) === "isNull" in rule
    }
    if ("in" in rule) {
      const found = this.value(rule.in, scopes)
      const values = "fact" in rule ? this.fact(rule.fact) : rule.values
      const left = "fact" in rule && "me" in rule.in ? this.meAs(this.factKind(rule.fact)) : found
      // Of a null nothing is known, in an empty list too: unlike SQL, whose `null <> all ('{}')` is true.
      if (left.value === null) return null
      return values.some((value) => compareJson(left.value, value, left.kind ?? { type: "text" }) === 0)
    }
    if ("text" in rule) {
      const [left, right] = [this.value(rule.left, scopes), this.value(rule.right, scopes)]
      if (left.value === null || right.value === null) return null
      const fold = left.kind?.type === "text" && left.kind.caseInsensitive ? foldCase : String
      return fold(left.value)[
        ({ contains: "includes", startsWith: "startsWith", endsWith: "endsWith" } as const)[rule.text]
      ](fold(right.value))
    }
    if (!("compare" in rule)) throw new Error(`not a rule: ${JSON.stringify(rule)}`)
    const [left, right] = [this.value(rule.left, scopes), this.value(rule.right, scopes)]
    if (left.value === null || right.value === null) return null
    const kind = left.kind ?? right.kind ?? { type: "text" }
    const [a, b] = [left, right].map((one) =>
      one.kind ? one.value : asKind(one.value, kind, "me" in rule.left || "me" in rule.right),
    )
    if (a === null || b === null) return null
    const order = compareJson(a, b, kind, right.kind ?? kind)
    return {
      is: order === 0,
      isNot: order !== 0,
      above: order > 0,
      atLeast: order >= 0,
      below: order < 0,
      atMost: order <= 0,
    }[rule.compare]
  }

  private isVisible(path: readonly string[], scopes: Scopes): Truth {
    const end = this.follow(path, scopes)
    if (end === null) return null
    return this.holds(entityOf(this.shapes, end.entity).said?.access.read, end.entity, end.row)
  }

  private hasSome(path: readonly string[], as: string, where: RuleDescription | null, scopes: Scopes): Truth {
    const from = this.follow(path.slice(0, -1), scopes)
    if (from === null) return null
    const shape = entityOf(this.shapes, from.entity)
    const relation = shape.relations.find((one) => one.many && one.name === path.at(-1))
    if (!relation) throw new Error(`${from.entity} has no rows ${path.at(-1)}`)
    const [key] = shape.key
    return (this.rows[relation.to] ?? []).some(
      (row) =>
        row[relation.via] === from.row[key as string] &&
        (where === null || this.truth(where, { ...scopes, [as]: { entity: relation.to, row } }) === true),
    )
  }

  private isReached(value: ValueDescription, scopes: Scopes): boolean {
    return !("path" in value) || this.follow(value.path.slice(0, -1), scopes) !== null
  }

  private value(value: ValueDescription, scopes: Scopes): Typed {
    if ("value" in value) return { value: value.value, kind: null }
    if ("me" in value) return { value: this.caller.id, kind: null }
    if ("claim" in value) {
      const fact = this.model.facts.find((one) => one.name === value.claim)
      return {
        value: this.caller.claims[value.claim] ?? null,
        kind: fact && "claim" in fact ? fact.claim : null,
      }
    }
    if ("clock" in value) {
      return value.clock === "now"
        ? { value: this.now, kind: { type: "instant" } }
        : { value: this.now.slice(0, 10), kind: { type: "date" } }
    }
    if ("shift" in value)
      return {
        value: shift(this.value(value.shift, scopes).value, value.by, value.back),
        kind: { type: "instant" },
      }
    if ("call" in value) {
      const of = value.of.map((one) => this.value(one, scopes).value)
      const text = { type: "text" } as const
      if (value.call === "concat") return { value: of.map((one) => one ?? "").join(""), kind: text }
      return {
        value:
          of[0] === null
            ? null
            : value.call === "lower"
              ? String(of[0]).toLowerCase()
              : String(of[0]).toUpperCase(),
        kind: text,
      }
    }
    const end = this.follow(value.path.slice(0, -1), scopes)
    if (end === null) return { value: null, kind: null }
    const field = fieldOf(entityOf(this.shapes, end.entity), value.path.at(-1) as string)
    return { value: end.row[field.name] ?? null, kind: field.kind }
  }

  /** The row at the end of a path of references; null where one of them is null or leads nowhere. */
  private follow(path: readonly string[], scopes: Scopes): Scope | null {
    let at: Scope | null = scopes[path[0] as string] ?? null
    for (const step of path.slice(1)) {
      if (at === null) return null
      const { target } = fieldOf(entityOf(this.shapes, at.entity), step)
      const [key] = entityOf(this.shapes, target as string).key
      const reference: unknown = at.row[step] ?? null
      const row =
        reference === null
          ? undefined
          : this.rows[target as string]?.find((one) => one[key as string] === reference)
      at = row ? { entity: target as string, row } : null
    }
    return at
  }
}

function not(one: Truth): Truth {
  return one === null ? null : !one
}

function and(all: readonly Truth[]): Truth {
  return all.includes(false) ? false : all.includes(null) ? null : true
}

/** A constant is of the kind it stands beside, and so is the caller's identifier where it can be; else it is unknown. */
function asKind(value: unknown, kind: KindDescription, isCaller: boolean): unknown {
  if (!isCaller) return value
  const id = String(value)
  if (kind.type === "text" || kind.type === "choice") return id
  if (kind.type === "uuid")
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : null
  const number = /^\s*[+-]?\d+\s*$/.test(id) ? Number(id) : null
  return kind.type === "integer" && number !== null && Math.abs(number) <= 2147483647 ? number : null
}

function shift(moment: unknown, by: string, back: boolean): string | null {
  if (moment === null) return null
  const found = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?)?$/.exec(by)
  const [years, months, weeks, days, hours] = [1, 2, 3, 4, 5].map(
    (at) => Number(found?.[at] ?? 0) * (back ? -1 : 1),
  ) as [number, number, number, number, number]
  const start = new Date(String(moment).length === 10 ? `${String(moment)}T00:00:00Z` : String(moment))
  const month = new Date(Date.UTC(start.getUTCFullYear() + years, start.getUTCMonth() + months, 1))
  const last = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate()
  const day = month.getTime() + (Math.min(start.getUTCDate(), last) - 1 + days + weeks * 7) * 86_400_000
  return new Date(day + (start.getTime() % 86_400_000) + hours * 3_600_000).toISOString()
}
