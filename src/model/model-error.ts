/** Everything wrong with a model, at once: each problem with its code, its place and its mend. */

import type { CatalogueCode } from "../base/catalogue.ts"
import { type ErrorBody, UndercroftError } from "../base/errors.ts"

/** One problem; `where` is `Entity` or `Entity.field`. */
export interface ModelProblem extends ErrorBody {
  readonly where: string
}

/**
 * The model does not build. `problems` has all of them.
 *
 * @example
 * new ModelError([]).code // "UC100"
 */
export class ModelError extends UndercroftError {
  readonly problems: readonly ModelProblem[]

  constructor(problems: readonly ModelProblem[]) {
    super(
      "UC100",
      { count: problems.length },
      {
        details: problems
          .map((one) => `${one.code} ${one.where}: ${one.message} ${one.hint ?? ""}`.trimEnd())
          .join("\n"),
      },
    )
    this.message += `\n${this.details}`
    this.problems = problems
  }
}

/** Collects problems, so that one build reports them all. */
export class ProblemList {
  readonly problems: ModelProblem[] = []

  add(code: CatalogueCode, where: string, values: Readonly<Record<string, string | number>> = {}): void {
    const body = new UndercroftError(code, { where, ...values }).toBody()
    if (
      !this.problems.some(
        (one) => one.where === where && one.code === body.code && one.message === body.message,
      )
    ) {
      this.problems.push({ where, ...body })
    }
  }

  /** Throws `ModelError` when there are any. */
  check(): void {
    if (this.problems.length > 0) throw new ModelError(this.problems)
  }
}
