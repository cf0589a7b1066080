/** What a requirement of a standard is to us: our own short words, who answers for it, and what would show that it is met. */
import type { CheckName } from "./checks.ts"

/** Who has to see to it: this software, the team that builds with it, or whoever runs it. */
export type Answerer = "platform" | "builder" | "operator"

export interface Requirement {
  /** As the standard counts: "Auth_4", "Art. 17", "164.312(b)", "6.2.1". */
  readonly id: string
  /** Our paraphrase; the standard's own text governs. */
  readonly text: string
  /** How binding it is, where the standard says so: "must", "should not", "L1". */
  readonly weight?: string
  readonly who: Answerer
  /** How it is met; told where it is. */
  readonly how?: string
  /** Tests that show it, as "file › title", beside those whose title carries the number. All of them must exist. */
  readonly tests?: readonly string[]
  /** Live checks that show it. All of them must pass. */
  readonly checks?: readonly CheckName[]
  /** A test whose title carries the number is needed, whatever checks pass: they look at settings, not at what is done. */
  readonly needsTest?: true
  /** What remains open, whatever tests and checks say. */
  readonly gap?: string
  /** What is missing as long as no test carries the number. */
  readonly missing?: string
  /** What the builder or the operator has to do. */
  readonly duty?: string
  /** What of the duty remains where all checks pass, so that nobody is told to do what is done. */
  readonly dutyThen?: string
  /** It is about accounts: where a backend has none, whoever signs people in answers for it. */
  readonly accounts?: true
}

export interface Standard {
  readonly name: string
  /** The edition, and what it is, for somebody who hears of it for the first time. */
  readonly about: string
  /** What stands before a number in a test's title. */
  readonly prefix: string
  readonly requirements: readonly Requirement[]
}
