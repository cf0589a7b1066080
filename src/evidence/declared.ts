/** What a model and a definition declare about privacy, in one place, whichever part of the platform reads it. */
import type { AccountSettings } from "../accounts/settings.ts"
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"

/** The entities that are stored, without views. */
export function storedEntities({ entities }: Model): readonly EntityInfo[] {
  return entities.filter((one) => !one.view)
}

export function isAboutPeople({ classification }: Pick<FieldInfo, "classification">): boolean {
  return classification === "personal" || classification === "special"
}

/** Whether a field's values are encrypted with a key of their person. */
export function isEncrypted(field: FieldInfo): boolean {
  return Boolean((field as { readonly encrypted?: unknown }).encrypted)
}

/** How long rows are kept: "10 years after endedOn"; null where the model does not say. */
export function retentionOf(entity: EntityInfo): string | null {
  const { retain } = entity as { readonly retain?: unknown }
  if (typeof retain !== "object" || retain === null) return null
  const all = retain as Readonly<Record<string, unknown>>
  const period = ["years", "months", "days"].flatMap((unit) => (all[unit] ? [`${all[unit]} ${unit}`] : []))
  const { after, then } = all
  const field =
    typeof after === "object" && after !== null ? (after as { readonly name?: unknown }).name : after
  return `${period.join(" ")} after ${String(field)}, then ${then === "anonymise" ? "anonymised" : "deleted"}`
}

/** Of whom two factors are required: everybody, these roles, or nobody. */
export function needed(accounts: AccountSettings): true | readonly string[] | null {
  const { requireTwoFactor } = accounts as { readonly requireTwoFactor?: true | readonly string[] }
  return requireTwoFactor ?? null
}
