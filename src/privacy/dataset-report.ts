/** What a dataset's report says: how anonymous it is, what was suppressed for that, and what it does not protect from. */
import type { DatasetColumn, DatasetInfo } from "../model/build-dataset.ts"
import type { DatasetCounts } from "../sql/dataset.ts"

export interface DatasetReport {
  readonly dataset: string
  readonly entity: string
  readonly purpose: string
  readonly at: string
  /** What a class is counted in. */
  readonly countedBy: "people" | "rows"
  readonly k: { readonly asked: number; readonly reached: number | null }
  readonly classes: { readonly in: number; readonly out: number }
  readonly rows: { readonly in: number; readonly out: number; readonly suppressed: number }
  readonly people: { readonly in: number; readonly out: number; readonly suppressed: number }
  /** Rows that were not processed at all. */
  readonly leftOut: { readonly restricted: number; readonly withoutConsent: number }
  readonly pseudonyms: string
  readonly columns: readonly {
    readonly name: string
    readonly from: string
    readonly role: "quasi-identifier" | "value"
    readonly told: string
    /** Of values: the fewest different ones in a class (l-diversity), and the classes that have one alone. */
    readonly diversity?: { readonly least: number | null; readonly homogeneous: number }
  }[]
  readonly warnings: readonly string[]
}

const pseudonyms = {
  none: "One for each row; the key was thrown away.",
  run: "One for each person, in this run alone; the key was thrown away.",
  runs: "One for each person, the same in all runs: whoever has the backend's secret can tell who it is, so this is personal data (GDPR Art. 4(5)).",
}

export function datasetReport(info: DatasetInfo, counts: DatasetCounts, at: string): DatasetReport {
  const { entity, k, linked, columns } = info
  const values = columns.filter((one) => one.role === "value")
  const told = columns.map((one) => {
    const diversity = one.role === "value" ? counts.diversity[values.indexOf(one)]! : null
    return {
      name: one.name,
      from: placeOf(one),
      role: one.role === "value" ? ("value" as const) : ("quasi-identifier" as const),
      told: toldAs(one),
      ...(diversity ? { diversity } : {}),
    }
  })
  return {
    dataset: info.name,
    entity: entity.name,
    purpose: info.purpose,
    at,
    countedBy: entity.subject ? "people" : "rows",
    k: { asked: k, reached: counts.reached },
    classes: { in: counts.classesIn, out: counts.classesOut },
    rows: { in: counts.rowsIn, out: counts.rowsOut, suppressed: counts.rowsIn - counts.rowsOut },
    people: { in: counts.peopleIn, out: counts.peopleOut, suppressed: counts.peopleIn - counts.peopleOut },
    leftOut: { restricted: counts.restricted, withoutConsent: counts.withoutConsent },
    pseudonyms: pseudonyms[linked ?? "none"],
    columns: told,
    warnings: [...homogeneous(info, counts), ...whatElse(info, counts)],
  }
}

/** Who is known to be in such a class is known to have the value (homogeneity attack). */
function homogeneous({ columns }: DatasetInfo, { diversity }: DatasetCounts): readonly string[] {
  const values = columns.filter((one) => one.role === "value")
  return values.flatMap(({ name }, at) => {
    const { homogeneous: alone } = diversity[at]!
    if (alone === 0) return []
    return [
      `${name}: in ${alone} class(es) everyone has the same value, so it is known of whoever is known to be in one. Tell the quasi-identifiers less exactly, or raise k.`,
    ]
  })
}

function whatElse({ entity, linked }: DatasetInfo, { rowsIn, rowsOut }: DatasetCounts): readonly string[] {
  return [
    ...(rowsIn > 0 && rowsOut === 0
      ? ["Every row was suppressed: tell the quasi-identifiers less exactly."]
      : []),
    ...(linked === null || !entity.subject
      ? []
      : [
          "Rows are linked by person: how many rows somebody has, and all their values together, may point to them.",
        ]),
    ...(linked === "runs" ? ["Two runs side by side tell of whoever is in one of them alone."] : []),
  ]
}

function placeOf({ path, field, side }: DatasetColumn): string {
  const names = [...path.map((one) => one.name), field.name, ...(side === null ? [] : [side])]
  return `${(path[0] ?? field).entity.name}.${names.join(".")}`
}

function toldAs({ how }: DatasetColumn): string {
  switch (how.kind) {
    case "years":
      return how.of === 1 ? "the year" : `bands of ${how.of} years`
    case "months":
      return "the month"
    case "ages":
      return how.of === 1
        ? "the age in years, 90+ from 90 on"
        : `ages in bands of ${how.of} years, 90+ from 90 on`
    case "prefix":
      return `the first ${how.of} character(s)`
    case "steps":
      return `rounded down to multiples of ${how.of}`
    case "pseudonym":
      return "a pseudonym"
    case "as it is":
      return "as it is"
  }
}
