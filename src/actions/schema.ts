/** Schemas of inputs and outputs: Standard Schema v1 (standardschema.dev), which zod, valibot and arktype implement. */
import { UndercroftError } from "../base/errors.ts"
import type { JsonSchema } from "../model/json-schema.ts"

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type Result<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

/** A Standard Schema: `In` is what it takes, `Out` what it makes of it. */
export interface Schema<In = unknown, Out = unknown> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Result<Out> | Promise<Result<Out>>
    readonly types?: { readonly input: In; readonly output: Out } | undefined
    /** Standard JSON Schema v1; not every library has it. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>
      readonly output: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>
    }
  }
}

type TypesOf<S extends Schema> = NonNullable<S["~standard"]["types"]>
export type InputOf<S extends Schema> = TypesOf<S>["input"]
export type OutputOf<S extends Schema> = TypesOf<S>["output"]

/** What the schema makes of an input. Throws UC701 naming the first field that does not fit, and all in the details. */
export async function parseInput(schema: Schema, value: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(value)
  if (result.issues === undefined) return result.value
  const told = result.issues.slice(0, 20).map((one) => ({ field: pathOf(one), why: one.message }))
  const [first = { field: "input", why: "does not fit" }] = told
  throw new UndercroftError(
    "UC701",
    { field: first.field, why: `does not fit: ${first.why}` },
    { details: told.map(({ field, why }) => `${field}: ${why}`).join("; ") },
  )
}

/** What the schema makes of an output. That it does not fit is the action's mistake, which no caller is told. */
export async function parseOutput(schema: Schema, value: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(value)
  if (result.issues === undefined) return result.value
  const where = result.issues.map(pathOf).join(", ")
  throw new UndercroftError("UC690", {}, { cause: new Error(`the action's output does not fit: ${where}`) })
}

function pathOf({ path = [] }: Issue): string {
  const steps = path.map((step) => String(typeof step === "object" ? step.key : step))
  return ["input", ...steps].join(".").slice(0, 200)
}

/** As JSON Schema, where the library can tell; otherwise anything. */
export function toJsonSchema(schema: Schema, side: "input" | "output"): JsonSchema {
  try {
    const { $schema: _, ...told } = schema["~standard"].jsonSchema?.[side]({ target: "draft-2020-12" }) ?? {}
    return told
  } catch {
    // Some types have no JSON Schema.
    return {}
  }
}
