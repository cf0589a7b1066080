/** Builds what a register of emergency overrides declares, and refuses one that nobody could open, end or review. */
import type { AnyEntity } from "./entity.ts"
import type { EntityInfo, OverrideInfo } from "./model.ts"
import type { ProblemList } from "./model-error.ts"
import { type OverrideKind, overrideKindsOf } from "./override.ts"

type Unfinished = { -readonly [K in keyof EntityInfo]: EntityInfo[K] }

/** Fills in what registers are about; their access and their subject are known by then. */
export function fillOverrides(
  declared: readonly AnyEntity[],
  entities: readonly Unfinished[],
  problems: ProblemList,
): void {
  for (const [at, one] of declared.entries()) {
    const said = overrideKindsOf(one)
    const entity = entities[at]!
    const person = entity.fieldByName.get("person")
    if (!said || !person?.reference) continue
    const refuse = (why: string, mend: string): void => problems.add("UC388", entity.name, { why, mend })
    if (person.reference.entity.subject?.person !== person.reference.entity)
      refuse(`${person.reference.entity.name} is no person`, "Give it `subject`: its key, or its account.")
    if (entity.access.delete)
      refuse("its rows may be deleted", "Leave out delete: an override stays on record.")
    if (Object.keys(said).length === 0) refuse("it has no kinds", "Declare one, such as emergency.")
    for (const [name, kind] of Object.entries(said)) {
      const wrong = wrongPart(name, kind)
      if (wrong) refuse(`its kind ${name} has ${wrong}`, "Correct the kind.")
    }
    const kinds = Object.entries(said).map(([name, kind]) => {
      const { who, minutes, review, twoFactor = false, notify = [] } = kind
      return [name, { name, who, minutes, review, twoFactor, notify }] as const
    })
    entity.override = { entity, person, kinds: new Map(kinds) } satisfies OverrideInfo
  }
}

const longestMinutes = 24 * 60

function wrongPart(name: string, { who, minutes, review, notify = [] }: OverrideKind): string | null {
  const isText = (one: unknown): boolean => typeof one === "string" && one.trim() !== ""
  if (!/^[a-z][A-Za-z0-9]{0,50}$/.test(name))
    return "no name of letters and digits that starts with a small letter"
  if (!Array.isArray(who) || who.length === 0 || !who.every(isText)) return "no `who`: roles that may open it"
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > longestMinutes)
    return `\`minutes\` that are no number from 1 to ${longestMinutes}`
  if (!isText(review)) return "no `review`: the role that reviews it"
  if (!Array.isArray(notify) || !notify.every((one) => isText(one) && /^\S+@\S+$/.test(one)))
    return "a `notify` that is no list of addresses"
  return null
}
