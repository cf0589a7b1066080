/** The access matrix, the list of software and the companies that process data, as parts of a report. */
import type { BackendDefinition } from "../../backend.ts"
import { accessGround, buildAccessMatrix } from "../../policy/access-matrix.ts"
import type { Policies } from "../../policy/policies.ts"
import { signInServices } from "../outside-addresses.ts"
import type { Part } from "../section.ts"
import type { SoftwareList } from "../software-list.ts"

const operations = { read: "Read", create: "Create", update: "Change", delete: "Delete" } as const

export function accessPart(policies: Policies): Part {
  const matrix = buildAccessMatrix(policies)
  return {
    data: matrix,
    section: {
      title: "Who may do what",
      intro: `Derived from the rules that the database enforces. ${accessGround.join(" ")}`,
      notes: matrix.facts.map(({ name, meaning }) => `A caller's ${name}: ${meaning}`),
      tables: matrix.entities.map((one) => ({
        caption: one.entity,
        head: ["To do", "Who may"],
        rows: [
          ...one.grants.map((grant) => [operations[grant.operation], grant.sentence]),
          ...one.fields.flatMap((field) => [
            ...(field.visibleTo === null ? [] : [[`See ${field.field}`, field.visibleTo]]),
            ...(field.writableBy === null ? [] : [[`Set ${field.field}`, field.writableBy]]),
          ]),
        ],
      })),
    },
  }
}

export function softwarePart(list: SoftwareList | null): Part {
  const running = (list?.components ?? []).filter((one) => one.scope !== "excluded")
  return {
    data: list,
    section: {
      title: "List of software",
      intro:
        "The software of others that the backend is made of. `undercroft evidence --part software --format json` writes it, with checksums and what needs what, as CycloneDX 1.6, which programs read that look for known vulnerabilities.",
      notes:
        list === null
          ? ["There is no package-lock.json in the project's folder or above it, so there is no list."]
          : [
              `${running.length} parts run; ${list.components.length - running.length} more are for development alone.`,
            ],
      tables: [
        {
          caption: "What runs",
          head: ["Name", "Version", "Licence"],
          rows: running.map((one) => [
            one.group === undefined ? one.name : `${one.group}/${one.name}`,
            one.version,
            licenceText(one.licenses),
          ]),
        },
      ].filter(({ rows }) => rows.length > 0),
    },
  }
}

function licenceText(licences: readonly object[] = []): string {
  const texts = licences.map((one) => {
    const { expression, license } = one as { expression?: string; license?: { id?: string; name?: string } }
    return expression ?? license?.id ?? license?.name ?? ""
  })
  return texts.join(", ") || "–"
}

export function subprocessorsPart(definition: BackendDefinition): Part {
  const declared = definition.processing?.subprocessors
  const services = signInServices(definition)
  return {
    data: { declared: declared ?? null, signIn: services },
    section: {
      title: "Companies that process data",
      intro:
        "Companies that process personal data on the controller's behalf (GDPR Art. 28), as declared under `processing.subprocessors`. The software itself sends data to nobody but those whom the definition names.",
      notes: [
        ...(declared === undefined
          ? ["Nothing is declared."]
          : declared.length === 0
            ? ["Declared: there are none."]
            : []),
        ...(services.length > 0
          ? [`People may sign in through: ${services.join(", ")}. These learn who signs in and when.`]
          : []),
      ],
      tables: [
        {
          caption: "Declared",
          head: ["Name", "What it does", "Where", "Data", "Contract"],
          rows: (declared ?? []).map((one) => [
            one.name,
            one.service,
            one.place,
            one.data,
            one.contract ?? "Not named",
          ]),
        },
      ].filter(({ rows }) => rows.length > 0),
    },
  }
}
