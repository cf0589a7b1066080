/** Whose data rows are, and which registers are about those persons, as descriptions have it. */
import type { OverrideKindDescription, PurposeDescription } from "./description.ts"
import { type EntityShape, entityOf, fieldOf, type ModelShape } from "./shape.ts"

export interface SubjectShape {
  /** The entity of persons. */
  readonly person: string
  /** The references that lead there; none where the rows are persons. */
  readonly path: readonly string[]
}

/** Null where the rows are about nobody. */
export function subjectOf(shapes: ModelShape, name: string): SubjectShape | null {
  const path: string[] = []
  let at = entityOf(shapes, name)
  for (;;) {
    const said = at.said?.subject
    if (said === undefined || path.length > shapes.size) return null
    if (said === at.key[0]) return { person: at.name, path }
    const { target } = fieldOf(at, said)
    if (target === null) return null
    path.push(said)
    at = entityOf(shapes, target)
  }
}

export interface ConsentShape {
  readonly entity: EntityShape
  readonly purposes: Readonly<Record<string, PurposeDescription>>
}

export interface OverrideShape {
  readonly entity: EntityShape
  readonly kinds: Readonly<Record<string, OverrideKindDescription>>
}

/** The register of a person's consents. */
export function consentsOf(shapes: ModelShape, person: string): ConsentShape | null {
  for (const entity of shapes.values()) {
    const register = entity.said?.register
    if (register?.person === person && "purposes" in register) return { entity, purposes: register.purposes }
  }
  return null
}

/** The register of overrides for a person's data. */
export function overridesOf(shapes: ModelShape, person: string): OverrideShape | null {
  for (const entity of shapes.values()) {
    const register = entity.said?.register
    if (register?.person === person && "kinds" in register) return { entity, kinds: register.kinds }
  }
  return null
}

/** The entity whose rows are the accounts of callers and persons at once; only one of this name is. */
export const accountEntity = "User"
