/** Whether one rule holds wherever another does, as far as their shapes tell. */
import type { Rule } from "./rule.ts"

/** True only where it is certain; `print` writes a rule so that alike ones are written alike. */
export function implies(from: Rule, to: Rule, print: (rule: Rule) => string): boolean {
  if (canonical(print(from)) === canonical(print(to))) return true
  if (from.kind === "any" && from.terms.every((term) => implies(term, to, print))) return true
  if (to.kind === "all" && to.terms.every((term) => implies(from, term, print))) return true
  if (from.kind === "all" && from.terms.some((term) => implies(term, to, print))) return true
  return to.kind === "any" && to.terms.some((term) => implies(from, term, print))
}

/** The rows inside a rule are named by counting. */
function canonical(sql: string): string {
  const names = new Map<string, string>()
  return sql.replace(/\b(?:at|visible|inner)\d+\b/g, (name) => {
    const known = names.get(name) ?? `row${names.size}`
    names.set(name, known)
    return known
  })
}
