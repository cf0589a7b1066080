/** References to a row of an entity, and the way back. */
import type { AnyEntity } from "../entity.ts"
import { Field, type KeyOf, Many } from "../field.ts"
import { textKind } from "./text.ts"

/** Holds the place until the build knows the key of the entity referred to. */
const unresolved = textKind("reference", {})

/**
 * A reference to a row. `ref("User")` refers by name to an entity that another part of the backend brings.
 *
 * @example
 * ref("User")
 */
export function ref<E extends AnyEntity | string>(
  target: E,
): Field<E extends string ? string : KeyOf<E>, never, E extends string ? null : E> {
  return new Field<any, never, any>(unresolved, { target: () => target })
}

/**
 * The rows that refer to this one through their field `via`. Not a column: it names the way back.
 *
 * @example
 * ({ get staff() { return many(Staff, "practice") } })
 */
export function many<E extends AnyEntity>(target: E, via: string): Many<E> {
  return new Many<E>(() => target, via)
}
