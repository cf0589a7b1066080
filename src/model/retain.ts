/** How long rows are kept: `retain` as authors write it, and what it means for each field (GDPR Art. 5(1)(e)). */
import type { AnyEntity } from "./entity.ts"
import type { EntityInfo, FieldInfo, RetainInfo } from "./model.ts"
import type { ProblemList } from "./model-error.ts"

/** Years, months and days are added up. */
export interface Retain {
  readonly years?: number
  readonly months?: number
  readonly days?: number
  /** A field with a moment or a day, from which on they count. */
  readonly after: string
  /** `anonymise` keeps the row without what is personal in it; `delete` unless given. */
  readonly end?: "delete" | "anonymise"
}

type Unfinished = { -readonly [K in keyof EntityInfo]: EntityInfo[K] }

/** Fills in what each entity retains; subjects are known by then. */
export function fillRetention(
  declared: readonly AnyEntity[],
  entities: readonly Unfinished[],
  problems: ProblemList,
): void {
  for (const [at, { options }] of declared.entries()) {
    const entity = entities[at]!
    if (options.retain === undefined) continue
    const refuse = (why: string, mend: string): void => problems.add("UC152", entity.name, { why, mend })
    entity.retain = readRetain(options.retain, entity, refuse)
  }
}

/** Fills in what erasing a person does to the rows of each entity that are theirs (GDPR Art. 17). */
export function fillErasure(
  declared: readonly AnyEntity[],
  entities: readonly Unfinished[],
  problems: ProblemList,
): void {
  for (const [at, { options }] of declared.entries()) {
    const entity = entities[at]!
    const said = options.erase
    const refuse = (why: string, mend: string): void => problems.add("UC153", entity.name, { why, mend })
    if (!entity.subject) {
      if (said !== undefined) refuse("whose rows are about nobody", "Say whose they are, with `subject`.")
      continue
    }
    if (said !== undefined && said !== "delete" && said !== "anonymise")
      refuse(`that says ${JSON.stringify(said)}`, 'Write erase: "delete" or erase: "anonymise".')
    const faults: [why: string, mend: string][] = []
    const neutral = neutralValues(entity, (why, mend) => faults.push([`that ${why}`, mend]))
    if (said === "anonymise") for (const [why, mend] of faults) refuse(why, mend)
    entity.erase = { end: said ?? "delete", neutral: faults.length > 0 ? null : neutral }
  }
}

function readRetain(
  said: Retain,
  entity: EntityInfo,
  refuse: (why: string, mend: string) => void,
): RetainInfo | null {
  const { years = 0, months = 0, days = 0, after, end = "delete" } = said
  const parts = [years, months, days]
  const counted = entity.fieldByName.get(after)
  if (entity.view) refuse("stands at a view", "Write it at the entity that the view shows.")
  if (
    parts.some((one) => !Number.isInteger(one) || one < 0 || one > 36_500) ||
    parts.every((one) => one === 0)
  )
    refuse("says no period", "Write whole numbers: { years: 10, after: … }.")
  if (!counted || !["date", "timestamptz"].includes(counted.kind.sqlType)) {
    refuse(
      `counts from ${JSON.stringify(after)}, which is no date or instant of it`,
      "Name such a field in `after`.",
    )
    return null
  }
  if (end !== "delete" && end !== "anonymise") {
    refuse(`does ${JSON.stringify(end)}`, 'Write end: "delete" or end: "anonymise".')
    return null
  }
  const neutral = end === "anonymise" ? neutralValues(entity, refuse) : new Map<FieldInfo, unknown>()
  return { period: `P${years}Y${months}M${days}D`, after: counted, end, neutral }
}

/** What stays of a row that is about nobody any more: empty where that may be, else a value that says nothing. */
function neutralValues(
  entity: EntityInfo,
  refuse: (why: string, mend: string) => void,
): ReadonlyMap<FieldInfo, unknown> {
  const found = new Map<FieldInfo, unknown>()
  const account = entity.subject?.path.length === 0 ? entity.subject.account : null
  const unique = new Set([...entity.key, ...entity.unique.flat()])
  for (const field of entity.fields) {
    const isPersonal =
      ["personal", "special", "secret"].includes(field.classification) || field.encrypted || field === account
    // What is computed follows the fields that it is computed from.
    if (!isPersonal || field.generated) continue
    if (field.optional) found.set(field, null)
    else {
      // What is encrypted would need a key, which ends with the person.
      const isOwn = unique.has(field) || field.reference || field.encrypted
      const value = isOwn ? undefined : neutralValue(field)
      if (value === undefined)
        refuse(
          `can't anonymise ${field.name}, for which there is no value that says nothing`,
          'Make it .optional(), or write "delete".',
        )
      else found.set(field, value)
    }
  }
  if (found.size === 0) refuse("has nothing personal to anonymise", "Classify the fields, or leave it out.")
  return found
}

/** Tried in this order; what a kind takes first is used. A yes-or-no or a number would be taken for a fact. */
const candidates: readonly unknown[] = [
  [],
  {},
  "",
  "removed",
  "removed@removed.invalid",
  "https://removed.invalid/",
  "0001-01-01",
  "0001-01-01T00:00:00Z",
]

function neutralValue(field: FieldInfo): unknown {
  const tried = field.defaultValue === undefined ? candidates : [field.defaultValue, ...candidates]
  return tried.find((value) => {
    try {
      field.kind.parse(value)
      return true
    } catch {
      return false
    }
  })
}
