/** Builds what a register of privacy requests declares, and refuses one that nobody could ask or decide in. */
import type { AnyEntity } from "./entity.ts"
import type { EntityInfo, FieldInfo, RequestInfo } from "./model.ts"
import type { ProblemList } from "./model-error.ts"
import { requestRulesOf } from "./privacy-request.ts"

type Unfinished = { -readonly [K in keyof EntityInfo]: EntityInfo[K] }

const atOnceKinds: readonly string[] = ["export", "erase", "restrict"]
const longestMinutes = 24 * 60

/** Fills in what registers are about; their access and their subject are known by then. */
export function fillRequests(
  declared: readonly AnyEntity[],
  entities: readonly Unfinished[],
  problems: ProblemList,
): void {
  const officers = new Set<string>()
  for (const [at, one] of declared.entries()) {
    const rules = requestRulesOf(one)
    const entity = entities[at]!
    const person = entity.fieldByName.get("person")
    if (!rules || !person?.reference) continue
    const refuse = (why: string, mend: string): void => problems.add("UC410", entity.name, { why, mend })
    const { officer, atOnce = ["export"], signedInMinutes = 15 } = rules
    if (person.reference.entity.subject?.person !== person.reference.entity)
      refuse(`${person.reference.entity.name} is no person`, "Give it `subject`: its key, or its account.")
    if (entity.access.delete) refuse("its rows may be deleted", "Leave out delete: a request stays.")
    if (typeof officer !== "string" || officer.trim() === "")
      refuse("it names no officer", 'Name the role of those who decide: { officer: "privacy-officer" }.')
    if (!Array.isArray(atOnce) || atOnce.some((kind) => !atOnceKinds.includes(kind)))
      refuse("`atOnce` names what can't be granted at once", `Name some of ${atOnceKinds.join(", ")}.`)
    if (!Number.isInteger(signedInMinutes) || signedInMinutes < 1 || signedInMinutes > longestMinutes)
      refuse("`signedInMinutes` is out of bounds", `Say a number from 1 to ${longestMinutes}.`)
    officers.add(officer)
    if (officers.size > 1)
      refuse("another register has another officer", "Name the same role: restriction knows one of them.")
    const account = person.reference.entity.subject?.account ?? null
    const correctable = entities
      .filter((other) => other !== entity && other.subject?.person === person.reference!.entity)
      .flatMap(correctableFields)
    entity.request = {
      entity,
      person,
      account,
      officer,
      atOnce,
      correctable,
      signedInMinutes,
    } satisfies RequestInfo
  }
}

/** A register's rows are the database's own word; people are corrected where they have their account. */
function correctableFields({ name, key, fields, view, consent, override }: EntityInfo): readonly FieldInfo[] {
  if (view || consent || override || key.length !== 1 || name === "User") return []
  return fields.filter(
    (one) =>
      ["personal", "special"].includes(one.classification) &&
      !one.encrypted &&
      !one.visibleTo &&
      !one.generated &&
      !one.readonly &&
      !one.reference &&
      !key.includes(one),
  )
}
