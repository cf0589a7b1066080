/** What a model and a definition declare about privacy, in one place, whichever part of the platform reads it. */
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import type { KeptInClear } from "../processing.ts"

/** The entities that are stored, without views. */
export function storedEntities({ entities }: Model): readonly EntityInfo[] {
  return entities.filter((one) => !one.view && !one.record)
}

export function isAboutPeople({ classification }: Pick<FieldInfo, "classification">): boolean {
  return classification === "personal" || classification === "special"
}

/** Whether a field's values are encrypted with a key of their person. */
export function isEncrypted(field: FieldInfo): boolean {
  return Boolean((field as { readonly encrypted?: unknown }).encrypted)
}

/** Why a field of a special category is in the clear, as the builder says; null where nothing is said. */
export function clearReason(field: FieldInfo, inClear: readonly KeptInClear[] = []): string | null {
  if (field.classification !== "special" || isEncrypted(field)) return null
  const said = inClear.find((one) => one.fields.includes(`${field.entity.name}.${field.name}`))
  return said?.because.trim() || null
}

/** How long rows are kept: "10 years after endedOn, then deleted"; null where the model does not say. */
export function retentionOf(entity: EntityInfo): string | null {
  const { retain, subject } = entity
  if (retain === null) {
    if (subject === null) return null
    const [towards] = subject.path
    // The people of the accounts have rows as long as they have an account.
    if (towards === undefined) return entity.name === "User" ? "until the account is closed" : null
    const { entity: parent, onDelete } = towards.reference!
    return onDelete === "cascade" && retentionOf(parent) !== null
      ? `as long as its ${parent.name}, and deleted with it`
      : null
  }
  return `${periodText(retain.period)} after ${retain.after.name}, then ${retain.end === "delete" ? "deleted" : "anonymised"}`
}

/** "P10Y0M0D" → "10 years"; a period of another form stays as it is. */
function periodText(period: string): string {
  const parts = [...period.matchAll(/(\d+)([YMWD])/g)].filter(([, count]) => Number(count) > 0)
  const units: Readonly<Record<string, string>> = { Y: "year", M: "month", W: "week", D: "day" }
  const words = parts.map(([, count, unit = ""]) => `${count} ${units[unit]}${count === "1" ? "" : "s"}`)
  return words.length > 0 ? words.join(" ") : period
}
