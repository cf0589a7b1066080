/** The caller as rules see one: an identifier, roles, and facts that the database looks up. */
import { type BaseMe, baseFacts, baseMe, type Expr, type ListExpr, valueExpr } from "./capture.ts"
import { entity, type Lookup } from "./entity.ts"
import type { Field } from "./field.ts"
import { instant } from "./fields/instant.ts"
import { text } from "./fields/text.ts"

/** A fact that comes with the caller, from the mapping of claims in the backend's definition. */
class Claim<T> {
  declare readonly value: T
  readonly field: Field<T, string>

  constructor(field: Field<T, string>) {
    this.field = field
  }
}

/**
 * A fact that the caller brings: one value of the given kind, under the fact's own name.
 *
 * @example
 * actor({ tenant: claim(uuid()) })
 */
export function claim<T>(field: Field<T, string>): Claim<T> {
  return new Claim(field)
}

/** The caller, with the declared facts. */
export type Me<D> = BaseMe & {
  readonly [K in keyof D]: D[K] extends Lookup<infer T>
    ? ListExpr<T>
    : D[K] extends Claim<infer T>
      ? Expr<T>
      : never
}

const definitions = new WeakMap<object, object>()

/**
 * Declares the facts about a caller that rules may use. A lookup is a list, found once a statement.
 *
 * @example
 * actor({})
 */
export function actor<D extends Record<string, any>>(definition: D): Me<D> {
  const me: object = new Proxy(baseMe, {
    get(base, name) {
      if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined
      if (name in base) return base[name as keyof BaseMe]
      return valueExpr({ kind: "fact", actor: me, name })
    },
  })
  definitions.set(me, definition)
  return me as Me<D>
}

/** By name: whose members they are is the model's `Membership`, where there are organizations. */
const membership = entity("Membership", { fields: { user: text(), organization: text() } })
definitions.set(baseFacts, {
  assurance: claim(text()),
  authenticatedAt: claim(instant()),
  memberOf: membership.where(({ row, me }) => row.user.is(me.id)).pick("organization"),
})

/** The facts of an actor as declared; read at build. */
export function readFacts(me: object): Readonly<Record<string, Lookup<unknown> | Claim<unknown>>> {
  return (definitions.get(me) ?? {}) as Readonly<Record<string, Lookup<unknown> | Claim<unknown>>>
}
