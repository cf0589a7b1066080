/** The data inventory: each field with how sensitive it is, whose it is, and how it is protected. */
import type { BackendDefinition } from "../../backend.ts"
import type { FieldInfo } from "../../model/model.ts"
import { type Policies, policyOf } from "../../policy/policies.ts"
import { clearReason, isAboutPeople, isEncrypted, storedEntities } from "../declared.ts"
import type { Part } from "../section.ts"
import { keptText, purposesOf } from "./processing-record.ts"

const classes: Readonly<Record<FieldInfo["classification"], string>> = {
  public: "Public",
  internal: "Internal",
  personal: "Personal",
  special: "Special (GDPR Art. 9)",
  secret: "Secret",
}

/** Kinds of fields for people who don't program; others say what they are by their own name. */
const kindWords: Readonly<Record<string, string>> = {
  uuid: "Identifier, or a reference to another row",
  instant: "Date and time",
  integer: "Whole number",
  bigint: "Whole number",
  decimal: "Number",
  boolean: "Yes or no",
  choice: "One of a few words",
  json: "Data of any form",
  text: "Text",
  email: "Mail address",
  date: "Date",
  list: "List",
  range: "Span of time or numbers",
  point: "Place on the map",
  money: "Amount of money",
  url: "Web address",
}

function captionOf(one: {
  readonly entity: string
  readonly subject: string | null
  readonly purposes: readonly string[]
  readonly retention: string | null
}): string {
  const purposes = one.purposes.join(", ")
  if (one.subject === null && purposes === "" && one.retention === null)
    return `${one.entity} – about nobody, as the model says: no purpose and no period is needed`
  return `${one.entity} – whose: ${one.subject ?? "nobody's"}; for: ${purposes || "not declared"}; kept: ${one.retention ?? "not declared"}`
}

export function dataInventory({ processing }: BackendDefinition, policies: Policies): Part {
  const entities = storedEntities(policies.model).map((entity) => {
    const policy = policyOf(policies, entity)
    return {
      entity: entity.name,
      description: entity.description,
      subject: entity.subject?.person.name ?? null,
      purposes: purposesOf(processing?.purposes, entity.name).map((one) => one.name),
      retention: keptText(entity, processing?.purposes),
      fields: entity.fields.map((field) => ({
        field: field.name,
        kind: field.kind.name,
        classification: field.classification,
        encrypted: isEncrypted(field),
        inClearBecause: clearReason(field, processing?.inClear),
        restricted: Boolean(policy.fields.get(field.name)?.visibleTo),
        description: field.description,
      })),
    }
  })
  const personal = entities.flatMap((one) => one.fields).filter(isAboutPeople)
  return {
    data: { entities },
    section: {
      title: "Data inventory",
      intro:
        "Every kind of row that is stored, with its fields. “Personal” is about a person; “special” is what the law protects more, such as health. “Restricted” says that not everybody who sees the row sees the field.",
      notes: [
        `${entities.length} kinds of rows; ${personal.length} fields are about people, ${personal.filter((one) => one.encrypted).length} of them encrypted with a key of their person.`,
      ],
      tables: entities.map((one) => ({
        caption: captionOf(one),
        head: ["Field", "How sensitive", "Encrypted", "Restricted", "What it is"],
        rows: one.fields.map((field) => [
          field.field,
          classes[field.classification],
          field.encrypted ? "Yes" : ["No", field.inClearBecause].filter(Boolean).join(": "),
          field.restricted ? "Yes" : "No",
          [kindWords[field.kind] ?? field.kind, field.description].filter(Boolean).join(": "),
        ]),
      })),
    },
  }
}
