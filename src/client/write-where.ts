/** From the conditions of a `where` to the filters of PostgREST's grammar. */
import { refuse } from "./client-error.ts"
import { checkName, quote, toText } from "./write-value.ts"

/** A parameter of the query string, not yet encoded. */
export type Parameter = readonly [name: string, value: string]

/** A condition on a field, or conditions together. */
export type Term =
  | { readonly name: string; readonly operator: string; readonly value?: string | readonly string[] }
  | { readonly kind: "and" | "or" | "not.and"; readonly terms: readonly Term[] }

/** Questions by name, with the operators that ask them. */
const operators: Readonly<Record<string, string>> = {
  eq: "eq",
  neq: "neq",
  gt: "gt",
  gte: "gte",
  lt: "lt",
  lte: "lte",
  like: "like",
  ilike: "ilike",
  match: "match",
  imatch: "imatch",
  search: "wfts",
  contains: "cs",
  containedBy: "cd",
  overlaps: "ov",
}

/** The terms of a `where`, all of which hold. What is undefined is refused: left out, it would let through more rows. */
export function toTerms(where: unknown): Term[] {
  return entriesOf(where, "where").flatMap(([name, value]) => {
    if (name === "or" || name === "and") {
      if (!Array.isArray(value)) refuse(`${name} must be a list of conditions`)
      return [
        {
          kind: name,
          terms: checkSome(
            (value as unknown[]).map((one) => all(toTerms(one), name)),
            name,
          ),
        },
      ]
    }
    if (name === "not") return [{ kind: "not.and", terms: checkSome(toTerms(value), name) }]
    return conditions(checkName(name), value)
  })
}

function conditions(name: string, value: unknown): Term[] {
  if (value === null) return [{ name, operator: "is.null" }]
  if (typeof value !== "object" || value instanceof Date) return [compare(name, "eq", value)]
  if (Array.isArray(value))
    refuse(`${name}: ask { in: […] } for one of a list, or { eq: […] } for the same list`)
  return checkSome(
    entriesOf(value, name).map(([question, operand]): Term => {
      if (question === "not") return { kind: "not.and", terms: conditions(name, operand) }
      if (question !== "in") return compare(name, question, operand)
      if (!Array.isArray(operand)) refuse(`${name}.in must be a list`)
      return { name, operator: "in", value: (operand as unknown[]).map((one) => toText(one, name)) }
    }),
    name,
  )
}

function compare(name: string, question: string, value: unknown): Term {
  const isNull = value === null && (question === "eq" || question === "neq")
  if (isNull) return { name, operator: question === "eq" ? "is.null" : "not.is.null" }
  const operator = Object.hasOwn(operators, question) ? operators[question] : undefined
  return {
    name,
    operator: operator ?? refuse(`${name} has no question ${question}`),
    value: toText(value, name),
  }
}

function entriesOf(value: unknown, place: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(`${place} must be an object`)
  const entries = Object.entries(value as object)
  for (const [name, one] of entries) if (one === undefined) refuse(`${place}.${name} is undefined`)
  return entries
}

/** The grammar has no word for "everything" or "nothing", and neither is what somebody means to ask. */
function checkSome(terms: Term[], place: string): Term[] {
  return terms.length > 0 ? terms : refuse(`${place} has no condition`)
}

function all(terms: Term[], place: string): Term {
  const [only] = checkSome(terms, place)
  return terms.length === 1 ? only! : { kind: "and", terms }
}

/** Terms as parameters of a query, or of one embedded in it: `prefix` is then `appointments.`. */
export function toParameters(terms: readonly Term[], prefix = ""): Parameter[] {
  return terms.map((term) =>
    "kind" in term
      ? [prefix + term.kind, group(term.terms)]
      : [prefix + term.name, term.operator + operand(term.value, (text) => text)],
  )
}

/** Within a group every value is quoted: commas and parentheses in it would end it. */
function group(terms: readonly Term[]): string {
  const inner = terms.map((term) =>
    "kind" in term
      ? term.kind + group(term.terms)
      : `${term.name}.${term.operator}${operand(term.value, quote)}`,
  )
  return `(${inner.join(",")})`
}

function operand(value: string | readonly string[] | undefined, write: (text: string) => string): string {
  if (value === undefined) return ""
  return typeof value === "string" ? `.${write(value)}` : `.(${value.map(quote).join(",")})`
}
