/** Builds what a register of consents declares, and refuses one by which people could agree and not withdraw. */
import { createHash } from "node:crypto"
import { isByConsent, legalBases, type Purpose, registerOf } from "./consent.ts"
import type { AnyEntity } from "./entity.ts"
import type { ConsentInfo, EntityInfo, PurposeInfo } from "./model.ts"
import type { ProblemList } from "./model-error.ts"

type Unfinished = { -readonly [K in keyof EntityInfo]: EntityInfo[K] }

/** Fills in what registers are about; their access and their subject are known by then. */
export function fillConsents(
  declared: readonly AnyEntity[],
  entities: readonly Unfinished[],
  problems: ProblemList,
): void {
  for (const [at, one] of declared.entries()) {
    const register = registerOf(one)
    const entity = entities[at]!
    const person = entity.fieldByName.get("person")
    if (!register || !person?.reference) continue
    const refuse = (why: string, mend: string): void => problems.add("UC150", entity.name, { why, mend })
    if (person.reference.entity.subject?.person !== person.reference.entity)
      refuse(`${person.reference.entity.name} is no person`, "Give it `subject`: its key, or its account.")
    const { create, updateFrom, updateTo, delete: remove } = entity.access
    if (remove)
      refuse("its rows may be deleted", "Leave out delete: a consent is withdrawn, and stays on record.")
    if (create && !(updateFrom && updateTo))
      refuse(
        "nobody may withdraw",
        "Allow update where create is allowed: withdrawing is as easy as granting.",
      )
    const purposes = Object.entries(register.purposes)
    if (!purposes.some(([, purpose]) => isByConsent(purpose?.basis)))
      refuse("no purpose of it rests on consent", 'Declare one with basis: "consent".')
    for (const [name, purpose] of purposes) {
      const wrong = wrongPart(name, purpose)
      if (wrong) refuse(`its purpose ${name} has ${wrong}`, "Correct the purpose.")
    }
    const told = entities[declared.indexOf(register.told)] ?? null
    const found = new Map(purposes.map(([name, purpose]) => [name, purposeInfo(name, purpose)]))
    entity.consent = { entity, person, purposes: found, told } satisfies ConsentInfo
  }
}

function wrongPart(name: string, purpose: Purpose): string | null {
  const { text, version, basis, withdrawal, since = version } = purpose
  const isText = (one: unknown): boolean => typeof one === "string" && one.trim() !== ""
  if (!/^[a-z][A-Za-z0-9]{0,50}$/.test(name))
    return "no name of letters and digits that starts with a small letter"
  if (!isText(text)) return "no text that people could read"
  if (!Number.isInteger(version) || version < 1) return "a version that is no number from 1 on"
  if (!Number.isInteger(since) || since < 1 || since > version)
    return "a `since` that is no version up to its own"
  if (!legalBases.includes(basis)) return `a basis that is none of ${legalBases.join(", ")}`
  if (isByConsent(basis) && !isText(withdrawal))
    return "no `withdrawal`, which tells people what follows from withdrawing"
  return null
}

function purposeInfo(name: string, purpose: Purpose): PurposeInfo {
  const { text, version, basis, withdrawal = null, since = version, language = "en" } = purpose
  const textHash = createHash("sha256").update(String(text)).digest("hex")
  return {
    name,
    version,
    since,
    text,
    textHash,
    basis,
    isByConsent: isByConsent(basis),
    withdrawal,
    language,
  }
}
