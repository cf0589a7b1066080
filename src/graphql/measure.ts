/** How large a document is, before anything of it is resolved: found in time that grows with its length alone. */
import { type DocumentNode, Kind, Lexer, type SelectionSetNode, Source, TokenKind } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { GraphqlLimits } from "./limits.ts"

interface Size {
  /** Fields, spreads and directives, with each fragment counted where it is used. */
  readonly fields: number
  readonly depth: number
}

function refuse(
  what: string,
  cost: number,
  setting: keyof GraphqlLimits,
  limits: GraphqlLimits,
): UndercroftError {
  return new UndercroftError("UC342", { what, cost, max: limits[setting], setting })
}

const opening: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closing: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Counts words and nesting without a parser, which would call itself for each level. Throws UC342. */
export function checkText(text: string, limits: GraphqlLimits): void {
  const lexer = new Lexer(new Source(text))
  let depth = 0
  let tokens = 0
  while (lexer.advance().kind !== TokenKind.EOF) {
    const { kind } = lexer.token
    if (++tokens > limits.graphqlTokens) throw refuse("number of words", tokens, "graphqlTokens", limits)
    if (opening.has(kind)) depth++
    else if (closing.has(kind)) depth--
    if (depth > limits.graphqlDepth) throw refuse("depth", depth, "graphqlDepth", limits)
  }
}

/** Counts what fragments come to, each of them once; and what would be compared, ten comparisons as a field. Throws UC342. */
export function checkSize(document: DocumentNode, limits: GraphqlLimits): void {
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet] as const] : [],
    ),
  )
  const known = new Map<string, Size>()
  const sizeOfFragment = (name: string): Size => {
    const found = known.get(name)
    if (found) return found
    const set = fragments.get(name)
    // A fragment within itself is refused by validation; until then it counts as nothing.
    known.set(name, { fields: 0, depth: 0 })
    const size = set ? sizeOf(set) : { fields: 0, depth: 0 }
    known.set(name, size)
    return size
  }
  let pairs = 0
  const sizeOf = (set: SelectionSetNode, repeats: Map<string, number> = new Map()): Size => {
    let fields = 0
    let depth = 0
    for (const one of set.selections) {
      // Validation compares fields of one key, and fragments, with each other, within inline fragments too.
      const key =
        one.kind === Kind.FIELD
          ? (one.alias ?? one.name).value
          : one.kind === Kind.FRAGMENT_SPREAD
            ? "..."
            : ""
      const before = repeats.get(key) ?? 0
      if (key !== "") repeats.set(key, before + 1)
      pairs += key === "" ? 0 : before
      const within =
        one.kind === Kind.FRAGMENT_SPREAD
          ? sizeOfFragment(one.name.value)
          : one.selectionSet
            ? sizeOf(one.selectionSet, one.kind === Kind.INLINE_FRAGMENT ? repeats : undefined)
            : { fields: 0, depth: 0 }
      fields += 1 + (one.directives?.length ?? 0) + within.fields
      depth = Math.max(depth, within.depth + (one.kind === Kind.FIELD ? 1 : 0))
    }
    return { fields, depth }
  }
  const sizes = document.definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION || one.kind === Kind.FRAGMENT_DEFINITION
      ? [one.kind === Kind.FRAGMENT_DEFINITION ? sizeOfFragment(one.name.value) : sizeOf(one.selectionSet)]
      : [],
  )
  const fields = Math.max(0, ...sizes.map((one) => one.fields))
  const depth = Math.max(0, ...sizes.map((one) => one.depth))
  if (fields > limits.graphqlFields) throw refuse("number of fields", fields, "graphqlFields", limits)
  if (depth > limits.graphqlDepth) throw refuse("depth", depth, "graphqlDepth", limits)
  const compared = Math.ceil(pairs / 10)
  if (compared > limits.graphqlFields)
    throw refuse("number of repeated fields", compared, "graphqlFields", limits)
}
