/**
 * Datasets for analysis, as authors declare them: quasi-identifiers and how coarse they are told, values, and for how many people
 * each line must stand at least (k-anonymity: L. Sweeney 2002; terms as in ISO/IEC 20889).
 */
import { captureRow, type Expr, type RowExpr } from "./capture.ts"
import type { AnyEntity, Entity } from "./entity.ts"
import type { FieldOf } from "./field.ts"

/** How a value is told: generalised, as it is, or as a pseudonym. */
export type Coarseness =
  | { readonly kind: "years" | "ages" | "steps" | "prefix"; readonly of: number }
  | { readonly kind: "months" | "as it is" | "pseudonym" }

/** A value of the row, told less exactly. */
export class Coarser {
  readonly value: unknown
  readonly how: Coarseness

  constructor(value: unknown, how: Coarseness) {
    this.value = value
    this.how = how
  }
}

/** Ways to tell a value less exactly (generalisation). */
export interface Coarsening {
  /** The year of a day or a moment, or the band of so many years in which it lies: `1980-1989`. */
  years(value: Expr<string>, of?: number): Coarser
  /** The month of a day or a moment: `2026-03`. */
  months(value: Expr<string>): Coarser
  /** From a day of birth the age now, in a band of so many years (10 unless said): `30-39`; from 90 on it is `90+`. */
  ages(value: Expr<string>, of?: number): Coarser
  /** The first characters of a text, such as of a postcode. */
  prefix(value: Expr<string>, characters: number): Coarser
  /** A number rounded down to a multiple: with 5, 72 is told as 70. */
  steps(value: Expr<number> | Expr<string>, of: number): Coarser
}

const by: Coarsening = {
  years: (value, of = 1) => new Coarser(value, { kind: "years", of }),
  months: (value) => new Coarser(value, { kind: "months" }),
  ages: (value, of = 10) => new Coarser(value, { kind: "ages", of }),
  prefix: (value, of) => new Coarser(value, { kind: "prefix", of }),
  steps: (value, of) => new Coarser(value, { kind: "steps", of }),
}

/** What the columns of a dataset are made of: `row`, also through references, and ways to tell a value less exactly. */
export interface DatasetScope<R> {
  readonly row: R
  readonly by: Coarsening
}

/** Columns by their names. */
export type DatasetColumns = Readonly<Record<string, Expr<any> | Coarser>>

/** What a dataset tells, how exactly, and what for; see {@link dataset}. */
export interface DatasetOptions<R> {
  /** What it is for. Where people are asked for their consent to it, only rows of those who gave it are in. */
  readonly purpose: string
  /** Each combination of quasi-identifiers stands for at least so many people; rows of others are suppressed. 2 or more. */
  readonly k: number
  /** What could be known of a person from elsewhere, and so could point to them (quasi-identifiers). */
  readonly quasi: (scope: DatasetScope<R>) => DatasetColumns
  /** What is to be analysed, as it is. */
  readonly values: (scope: DatasetScope<R>) => DatasetColumns
  /**
   * Whether rows of one person have one pseudonym: in one `run`, or in all `runs`. A person is then as safe as all their rows
   * together. Left out: each row stands alone.
   */
  readonly linked?: "run" | "runs"
}

/** A declared dataset; see {@link dataset}. */
export interface Dataset {
  readonly entity: AnyEntity
  readonly options: Omit<DatasetOptions<unknown>, "quasi" | "values">
  /** Read at build: rows may lead to entities of other files. */
  readonly readQuasi: () => DatasetColumns
  readonly readValues: () => DatasetColumns
}

/**
 * Declares a dataset: what `undercroft privacy dataset <name>` writes, pseudonymised and k-anonymous.
 *
 * @example
 * dataset(entity("Test", { fields: { taken: date(), passed: boolean() } }), {
 *   purpose: "statistics",
 *   k: 5,
 *   quasi: ({ row, by }) => ({ taken: by.months(row.taken) }),
 *   values: ({ row }) => ({ passed: row.passed }),
 * })
 */
export function dataset<N extends string, F, O>(
  entity: Entity<N, F, O>,
  { quasi, values, ...options }: DatasetOptions<RowExpr<FieldOf<F, O>>>,
): Dataset {
  const scope = { row: captureRow("row"), by }
  return { entity, options, readQuasi: () => quasi(scope), readValues: () => values(scope) }
}
