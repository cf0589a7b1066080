/** A decision about one row, for people: the answer, the rule, and which of its clauses hold. */
import type { Clause } from "../policy/explain.ts"
import type { DecidedRule, Decision } from "./access-decision.ts"
import { printable, type Terminal, wrap } from "./terminal.ts"

const titles: Readonly<Record<DecidedRule["rule"], string>> = {
  read: "To read it",
  update: "To change it",
  delete: "To delete it",
  after: "Of the changed row (here: unchanged)",
  step: "Of the change (here: none)",
}
const verbs = { read: "read", update: "change", delete: "delete" } as const

export function decisionText(decision: Decision, out: Terminal): string {
  const { model, caller, operation, entity, key } = decision
  const answer = model ? out.paint(["bold", "green"], "Yes:") : out.paint(["bold", "red"], "No:")
  return [
    `${answer} ${printable(caller)} ${model ? "may" : "may not"} ${verbs[operation]} this ${entity} (${printable(key.join(", "))}).`,
    "",
    ...wrap(decision.sentence, out.width - 2).map((line) => `  ${line}`),
    "",
    `  ${out.paint("bold", model ? "Decided by what holds:" : "Decided by what does not hold:")}`,
    ...decision.decidedBy.flatMap((one) => wrap(`- ${one}`, out.width - 4).map((line) => `  ${line}`)),
    ...decision.rules.flatMap((one) => [
      "",
      `  ${out.paint("bold", titles[one.rule])}`,
      ...clauseLines(one.clause, 4, out),
    ]),
    "",
    `  The database says ${decision.database ? "yes" : "no"}${decision.database === model ? " too" : ""}.`,
  ].join("\n")
}

function clauseLines(clause: Clause, indent: number, out: Terminal): readonly string[] {
  const mark = clause.holds ? out.paint("green", "✓") : out.paint("red", "✗")
  const text = clause.kind === "one" ? clause.text : clause.kind === "all" ? "all of these:" : "any of these:"
  const lead = " ".repeat(indent)
  const [first = "", ...more] = wrap(printable(text), out.width - indent - 2)
  const found = clause.found === null ? [] : wrap(printable(clause.found), out.width - indent - 4)
  return [
    `${lead}${mark} ${first}`,
    ...more.map((line) => `${lead}  ${line}`),
    ...found.map((line, at) => out.paint("dim", `${lead}  ${at === 0 ? "·" : " "} ${line}`)),
    ...clause.terms.flatMap((term) => clauseLines(term, indent + 2, out)),
  ]
}
