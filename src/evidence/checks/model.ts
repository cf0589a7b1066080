/** Checks of what the model and the definition say about personal data. */
import type { FieldInfo } from "../../model/model.ts"
import { grantOf } from "../../policy/access-matrix.ts"
import { policyOf } from "../../policy/policies.ts"
import { clearReason, isAboutPeople, isEncrypted, retentionOf, storedEntities } from "../declared.ts"
import { type LiveCheck, listed } from "../live-check.ts"

type ModelCheck =
  | "personal-not-public"
  | "subjects-known"
  | "special-encrypted"
  | "retention-declared"
  | "purposes-declared"
  | "consents-registered"
  | "requests-registered"

export const modelChecks: Readonly<Record<ModelCheck, LiveCheck>> = {
  "personal-not-public": {
    title: "No personal data can be read by everyone",
    run({ policies }) {
      const open = policies.model.entities.flatMap((entity) => {
        const policy = policyOf(policies, entity)
        if (grantOf(policy, "read").allowed !== "everyone") return []
        return entity.fields
          .filter((field) => isAboutPeople(field) && !policy.fields.get(field.name)?.visibleTo)
          .map((field) => `${entity.name}.${field.name}`)
      })
      return open.length > 0
        ? { ok: false, says: `Everyone may read: ${listed(open)}.` }
        : { ok: true, says: "Every personal field has a rule that asks who is reading." }
    },
  },
  "subjects-known": {
    title: "Of all personal data it is known whose it is",
    run({ policies }) {
      const personal = storedEntities(policies.model).filter((one) => one.fields.some(isAboutPeople))
      const lost = personal.filter((one) => one.subject === null).map((one) => one.name)
      if (lost.length > 0)
        return { ok: false, says: `It is not known whose data these are: ${listed(lost)}.` }
      return {
        ok: true,
        says: `${personal.length} kinds of rows hold personal data; each leads to its person.`,
      }
    },
  },
  "special-encrypted": {
    title:
      "Data of special categories is encrypted with a key of its person, but for what the builder left in the clear",
    run({ definition, policies }) {
      const special = storedEntities(policies.model).flatMap((entity) =>
        entity.fields.filter((field) => field.classification === "special"),
      )
      if (special.length === 0) return { ok: true, says: "The model has no data of special categories." }
      const said = definition.processing?.inClear ?? []
      const clear = special.filter((field) => !isEncrypted(field))
      const names = new Set(clear.map(nameOf))
      const strange = said.flatMap((one) => one.fields).filter((name) => !names.has(name))
      if (strange.length > 0)
        return {
          ok: false,
          says: `\`processing.inClear\` names what is no special field in the clear: ${listed(strange)}.`,
        }
      const unsaid = clear.filter((field) => clearReason(field, said) === null).map(nameOf)
      if (unsaid.length > 0)
        return {
          ok: null,
          says: `${unsaid.length} of ${special.length} fields are not encrypted: ${listed(unsaid)}.`,
        }
      if (clear.length === 0) return { ok: true, says: `All ${special.length} fields are encrypted.` }
      const why = said.map((one) => `${listed(one.fields)} (${one.because})`).join("; ")
      const decided = `In the clear, as the builder decided: ${why}.`
      return clear.length === special.length
        ? { ok: null, says: `None of ${special.length} fields is encrypted. ${decided}` }
        : { ok: true, says: `${special.length - clear.length} of ${special.length} are. ${decided}` }
    },
  },
  "retention-declared": {
    title: "Of all personal data it is said how long it is kept",
    run({ policies }) {
      const about = storedEntities(policies.model).filter(
        (one) => one.subject !== null && one.fields.some(isAboutPeople),
      )
      const unsaid = about.filter((one) => retentionOf(one) === null).map((one) => one.name)
      return unsaid.length > 0
        ? { ok: null, says: `The model does not say how long these are kept: ${listed(unsaid)}.` }
        : { ok: true, says: `The model says so for all ${about.length} kinds of rows.` }
    },
  },
  "purposes-declared": {
    title: "Of all personal data it is said what it is for, and what allows it",
    run({ definition, policies }) {
      const { processing } = definition
      if (!processing)
        return { ok: null, says: "Nothing is declared yet (`processing` in the backend's definition)." }
      const known = new Set(processing.purposes.flatMap((one) => one.entities))
      const about = storedEntities(policies.model).filter((one) => one.fields.some(isAboutPeople))
      const unsaid = about.filter((one) => !known.has(one.name)).map((one) => one.name)
      const strange = [...known].filter((name) => !policies.model.byName.has(name))
      if (strange.length > 0)
        return { ok: false, says: `Purposes name what the model does not have: ${listed(strange)}.` }
      return unsaid.length > 0
        ? { ok: null, says: `No purpose is declared for: ${listed(unsaid)}.` }
        : {
            ok: true,
            says: `${processing.purposes.length} purposes, each with its legal basis, cover all ${about.length} kinds of rows.`,
          }
    },
  },
  "consents-registered": {
    title: "There is a register of consents",
    run({ policies }) {
      const registers = policies.model.entities.flatMap((one) => one.consent ?? [])
      if (registers.length === 0)
        return {
          ok: null,
          says: "The model has no register of consents (consentEntity): where a purpose rests on consent, declare one.",
        }
      const purposes = registers.flatMap((one) => [...one.purposes.keys()])
      return { ok: true, says: `A register of consents for: ${listed(purposes)}.` }
    },
  },
  "requests-registered": {
    title: "People can ask for their data, its correction and its erasure by themselves",
    run({ policies }) {
      const registers = policies.model.entities.flatMap((one) => one.request ?? [])
      const people = registers.map((one) => one.person.reference!.entity.name)
      return registers.length === 0
        ? {
            ok: null,
            says: "The model has no register of such requests (privacyRequestEntity): people have to ask somebody.",
          }
        : { ok: true, says: `A register of what people ask for: ${listed(people)}.` }
    },
  },
}

function nameOf({ entity, name }: FieldInfo): string {
  return `${entity.name}.${name}`
}
