/** The data inventory: each field with how sensitive it is, whose it is, and how it is protected. */
import type { BackendDefinition } from "../../backend.ts"
import type { FieldInfo } from "../../model/model.ts"
import { type Policies, policyOf } from "../../policy/policies.ts"
import { isAboutPeople, isEncrypted, storedEntities } from "../declared.ts"
import type { Part } from "../section.ts"
import { keptText, purposesOf } from "./processing-record.ts"

const classes: Readonly<Record<FieldInfo["classification"], string>> = {
  public: "Public",
  internal: "Internal",
  personal: "Personal",
  special: "Special (GDPR Art. 9)",
  secret: "Secret",
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
        caption: `${one.entity} – whose: ${one.subject ?? "nobody's"}; for: ${one.purposes.join(", ") || "not declared"}; kept: ${one.retention ?? "not declared"}`,
        head: ["Field", "How sensitive", "Encrypted", "Restricted", "What it is"],
        rows: one.fields.map((field) => [
          field.field,
          classes[field.classification],
          field.encrypted ? "Yes" : "No",
          field.restricted ? "Yes" : "No",
          [field.kind, field.description].filter(Boolean).join(": "),
        ]),
      })),
    },
  }
}
