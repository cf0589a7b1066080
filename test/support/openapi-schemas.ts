/** The schemas of an OpenAPI document, asked whether values fit them. */
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import type { ApiDocument } from "../../src/openapi/document.ts"

/** `pointer` leads to a schema in the document, as `components/schemas/PatientRow`. */
export type FitsSchema = (pointer: readonly string[], value: unknown) => readonly string[]

/** Gives what is wrong with a value, nothing where it fits. */
export function schemasOf(document: ApiDocument): FitsSchema {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, "api")
  return (pointer, value) => {
    const path = pointer.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")))
    const validate = ajv.getSchema(`api#/${path.join("/")}`)
    if (!validate) return [`there is no schema at ${pointer.join("/")}`]
    if (validate(value)) return []
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

/** Where each operation of a document stands. */
export function operationsOf(document: ApiDocument): readonly (readonly [path: string, method: string])[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => [path, method] as const),
  )
}
