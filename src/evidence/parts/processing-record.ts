/** The record of processing activities (GDPR Art. 30), from the model and from what the definition says. */
import type { BackendDefinition } from "../../backend.ts"
import type { EntityInfo, Model } from "../../model/model.ts"
import type { Contact, ProcessingPurpose } from "../../processing.ts"
import { isAboutPeople, retentionOf, storedEntities } from "../declared.ts"
import type { Part } from "../section.ts"

const unsaid = "Not declared"

/** What Art. 30(1) asks for, letter by letter. */
export function processingRecord(definition: BackendDefinition, model: Model): Part {
  const { processing } = definition
  const about = storedEntities(model).filter((one) => one.fields.some(isAboutPeople))
  const categories = about.map((entity) => ({
    entity: entity.name,
    people: entity.subject?.person.name ?? null,
    personal: entity.fields.filter((one) => one.classification === "personal").map((one) => one.name),
    special: entity.fields.filter((one) => one.classification === "special").map((one) => one.name),
    purposes: purposesOf(processing?.purposes, entity.name).map((one) => one.name),
    retention: keptText(entity, processing?.purposes),
  }))
  const asked = model.entities.flatMap(({ consent }) => [...(consent?.purposes.values() ?? [])])
  const consents = asked.map(({ name, basis, version, text, withdrawal }) => ({
    name,
    basis,
    version,
    text,
    withdrawal,
  }))
  const data = {
    backend: definition.name,
    ...processing,
    declared: processing !== undefined,
    consents,
    categories,
  }
  const declared = (texts: readonly string[] | undefined, none: string): string =>
    texts === undefined ? unsaid : texts.length === 0 ? none : texts.join("; ")
  return {
    data,
    section: {
      title: "Record of processing activities",
      intro:
        "What the law asks every controller to keep (GDPR Art. 30): who answers for the data, what it is for, whose and which data it is, who gets it, and how long it is kept. What says “Not declared” belongs into `processing` in the backend's definition.",
      tables: [
        {
          caption: "Who and what",
          head: ["What the law asks for", "What is declared"],
          rows: [
            [
              "Controller: who decides about the data and answers for it",
              contactText(processing?.controller),
            ],
            ["Data protection officer", processing ? contactText(processing.dpo, "None") : unsaid],
            ["Recipients: who is given data", declared(processing?.recipients, "Nobody")],
            [
              "Transfers: data that leaves the European Economic Area",
              declared(
                processing?.transfers.map(({ to, safeguard }) => `${to} (${safeguard})`),
                "None",
              ),
            ],
            [
              "Measures that keep the data safe",
              ["Those of the software are in this report", ...(processing?.measures ?? [])].join("; "),
            ],
            ...(processing?.inClear ?? []).map(({ fields, because }) => [
              `Special data that is not encrypted: ${fields.join(", ")}`,
              because,
            ]),
          ],
        },
        {
          caption: "Purposes",
          head: ["Purpose", "What allows it", "Data", "Kept"],
          rows: (processing?.purposes ?? []).map((one) => [
            one.name,
            one.basis,
            one.entities.join(", "),
            one.retention ?? "As the model says",
          ]),
        },
        {
          caption: "Purposes of the register of consents",
          head: ["Purpose", "What allows it", "What people are told", "After a withdrawal"],
          rows: asked.map((one) => [one.name, one.basis, one.text, one.withdrawal ?? "Can't be withdrawn"]),
        },
        {
          caption: "Categories of people and of data",
          head: ["Kind of row", "Whose", "Personal data", "Special categories", "Purposes", "Kept"],
          rows: categories.map((one) => [
            one.entity,
            one.people ?? "Nobody's, as the model says",
            one.personal.join(", ") || "–",
            one.special.join(", ") || "–",
            one.purposes.join(", ") || unsaid,
            one.retention ?? unsaid,
          ]),
        },
      ].filter(({ rows }) => rows.length > 0),
    },
  }
}

/** The purposes that an entity's data serves. */
export function purposesOf(
  purposes: readonly ProcessingPurpose[] | undefined,
  entity: string,
): readonly ProcessingPurpose[] {
  return (purposes ?? []).filter((one) => one.entities.includes(entity))
}

/** How long an entity's rows are kept: as the model has it carried out, else as it is only declared. */
export function keptText(
  entity: EntityInfo,
  purposes: readonly ProcessingPurpose[] | undefined,
): string | null {
  const said = purposesOf(purposes, entity.name).flatMap(({ retention }) => retention ?? [])
  return (
    retentionOf(entity) ??
    (said.length > 0 ? `${said.join("; ")} (declared; the software does not see to it)` : null)
  )
}

function contactText(contact: Contact | undefined, otherwise: string = unsaid): string {
  return contact === undefined ? otherwise : `${contact.name}, ${contact.contact}`
}
