/** JSON documents, checked by a schema that the model gives. */
import { Field } from "../field.ts"
import { BadValue, checkText, type FieldKind } from "../value.ts"

/** What zod, valibot, arktype and others implement (standardschema.dev). */
export interface StandardSchema<T> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown):
      | { readonly value: T; readonly issues?: undefined }
      | {
          readonly issues: readonly {
            readonly message: string
            readonly path?: readonly unknown[] | undefined
          }[]
        }
      | Promise<unknown>
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * A JSON document, checked by a Standard Schema on the way in.
 *
 * @example
 * json()
 */
export function json<T = Json>(schema?: StandardSchema<T>): Field<T> {
  return new Field(jsonKind(schema))
}

const maxDepth = 64

function checkJson(value: unknown, depth = 0): void {
  if (depth > maxDepth) throw new BadValue(`must not be nested deeper than ${maxDepth} levels`)
  if (typeof value === "string") checkText(value)
  // `1e400` is infinite to JavaScript, which would write it as null.
  else if (value === Infinity || value === -Infinity)
    throw new BadValue("must not have a number past 1.8e308", "22003")
  else if (Array.isArray(value)) for (const item of value) checkJson(item, depth + 1)
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      checkText(key)
      checkJson(item, depth + 1)
    }
  }
}

/** Checks JSON text and gives it as it would be stored. Throws `BadValue`. */
export function checkJsonText(text: string): string {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new BadValue("must be JSON")
  }
  checkJson(parsed)
  return JSON.stringify(parsed)
}

function jsonKind(schema: StandardSchema<unknown> | undefined): FieldKind {
  return {
    name: "json",
    sqlType: "jsonb",
    operators: new Set(["equality", "json"]),
    parse(value) {
      checkJson(value)
      const result = schema?.["~standard"].validate(value)
      if (result === undefined) return value
      if (result instanceof Promise) throw new BadValue("has an asynchronous schema, which is not supported")
      if (!("issues" in result) || result.issues === undefined)
        return "value" in result ? result.value : value
      const issue = result.issues[0]
      const path = issue?.path?.map((step) => String(step)).join(".")
      throw new BadValue(
        `does not fit its schema${path ? ` at ${path}` : ""}: ${issue?.message ?? "refused"}`,
        "23514",
      )
    },
    parseText: checkJsonText,
    schema: () => ({ description: "Any JSON.", examples: [{ key: "value" }] }),
    typescript: () => "Json",
  }
}
