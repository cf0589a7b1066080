/** The bugs that the harness must catch, in rules, in DDL and in the engine, and how each is loaded. */
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
      plant: (loading) => ({
        ...loading,
        editStatements: (statements) =>
          loading.editStatements(statements).flatMap((statement) => edit(statement) ?? []),
      }),
    }),
  ),
  ...engineBugs.map(
    ({ name, about }): PlantedBug => ({
      name,
      about,
      layer: "engine",
      plant: (loading) => ({ ...loading, faults: new Set([...loading.faults, name]) }),
    }),
  ),
]
