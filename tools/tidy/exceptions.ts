/** What the house's rules let pass, and why; an exception that no longer applies is itself a violation. */
import type { Violation } from "./sources.ts"

/** One violation that is meant. */
export interface Exception {
  readonly rule: string
  readonly path: string
  /** A part of the message, when the file has other violations that are not meant. */
  readonly about?: string
  readonly reason: string
}

/** The list to extend; every reason is a sentence that would convince a reviewer. */
export const exceptions: readonly Exception[] = [
  {
    rule: "length",
    path: "src/auth/jwt.test.ts",
    reason: "One table of attacks on tokens, with the keys they share; a reviewer reads it as a whole.",
  },
]

/** The violations that no exception covers, and the exceptions that cover none. */
export function withoutExceptions(
  violations: readonly Violation[],
  list: readonly Exception[],
): readonly Violation[] {
  const covers = (exception: Exception, { rule, path, message }: Violation): boolean =>
    exception.rule === rule && exception.path === path && message.includes(exception.about ?? "")
  const left = violations.filter((violation) => !list.some((exception) => covers(exception, violation)))
  const stale = list
    .filter((exception) => !violations.some((violation) => covers(exception, violation)))
    .map(({ rule, path }) => ({
      rule: "exception",
      path,
      message: `it needs no "${rule}" exception any more`,
    }))
  return [...left, ...stale]
}
