/** The bugs that the harness must catch, in rules, in DDL and in the engine, and how each is loaded. */
import type { FieldDescription } from "./description.ts"
import { engineBugs } from "./planted-engine.ts"
import { ruleBugs } from "./planted-rules.ts"
import { statementBugs } from "./planted-statements.ts"
import type { Loading } from "./target.ts"

export interface PlantedBug {
  readonly name: string
  readonly about: string
  readonly layer: "rule" | "statement" | "engine"
  /** The loading with the bug in it; null where the model has nothing that the bug would change. */
  readonly plant: (loading: Loading) => Loading | null
}

/** What a model must have for these bugs to show. */
const grounds: Readonly<Record<string, (field: FieldDescription) => boolean>> = {
  "stored-plain": () => true,
  "sealed-elsewhere": () => true,
  "index-of-other-field": ({ findable }) => findable === true,
  "encrypted-hidden-forgotten": ({ visibleTo }) => visibleTo !== undefined,
  "index-shown": ({ findable, visibleTo }) => findable === true && visibleTo !== undefined,
}

function hasGround(name: string, { declared }: Loading): boolean {
  const fits = grounds[name]
  if (!fits) return true
  const { entities } = declared.description
  return entities.some(({ fields }) => fields.some((one) => one.encrypted === true && fits(one)))
}

export const plantedBugs: readonly PlantedBug[] = [
  ...ruleBugs.map(
    ({ name, about, apply }): PlantedBug => ({
      name,
      about,
      layer: "rule",
      plant: (loading) => {
        const policies = apply(loading.ddlPolicies)
        return policies && { ...loading, ddlPolicies: policies, planPolicies: policies }
      },
    }),
  ),
  ...statementBugs.map(
    ({ name, about, edit }): PlantedBug => ({
      name,
      about,
      layer: "statement",
      plant: (loading) =>
        hasGround(name, loading)
          ? {
              ...loading,
              editStatements: (statements) =>
                loading.editStatements(statements).flatMap((statement) => edit(statement) ?? []),
            }
          : null,
    }),
  ),
  ...engineBugs.map(
    ({ name, about }): PlantedBug => ({
      name,
      about,
      layer: "engine",
      plant: (loading) =>
        hasGround(name, loading) ? { ...loading, faults: new Set([...loading.faults, name]) } : null,
    }),
  ),
]
