/** Carries out the planted bugs of the GraphQL door: an engine that does something else than it was asked. */
import type { Caller } from "../../src/engine/caller.ts"
import type { Engine } from "../../src/engine/engine.ts"
import type { Filter, Operation, ReadQuery, SelectItem } from "../../src/query/operation.ts"

/** `open` runs as a role that no policy holds. */
export function wrapEngine(engine: Engine, open: Engine | null, faults: ReadonlySet<string>): Engine {
  const previous = lastCaller()
  const fits = openOperations.find(([name]) => faults.has(name))?.[1] ?? (() => false)
  const edit = faults.has("graphql-filter-dropped") ? withoutFilter : (operation: Operation) => operation
  const engineOf = (operation: Operation): Engine => (open && fits(operation.query) ? open : engine)
  const swap = (name: string, caller: Caller): Caller => (faults.has(name) ? previous(name, caller) : caller)
  return {
    ...engine,
    knows: (caller) => engine.knows(swap("graphql-schema-reused", caller)),
    run: (operation, caller) => engineOf(operation).run(edit(operation), caller),
    runTogether: (operations, caller) =>
      engineOf(operations.find((one) => fits(one.query)) ?? operations[0]!).runTogether(
        operations.map(edit),
        swap("graphql-flight-caller", caller),
      ),
  }
}

const openOperations: readonly (readonly [fault: string, fits: (query: ReadQuery) => boolean])[] = [
  ["graphql-related-open", ({ where }) => where.some(isRelated)],
  [
    "graphql-cursor-open",
    ({ frame }) => frame !== undefined && (frame?.after !== null || frame.before !== null),
  ],
  ["graphql-total-open", hasTotal],
]

/** Faults whose statements need a role that no policy holds. */
export const openFaults: ReadonlySet<string> = new Set(openOperations.map(([name]) => name))

function isRelated(filter: Filter): boolean {
  return filter.kind === "related" || ("terms" in filter && filter.terms.some(isRelated))
}

function hasTotal({ frame, select }: ReadQuery): boolean {
  const isTotal = frame?.parts.some((part) => part.kind === "count" && part.of === "all") ?? false
  return isTotal || select.some((item: SelectItem) => item.kind === "embed" && hasTotal(item.query))
}

function withoutFilter(operation: Operation): Operation {
  return { ...operation, query: { ...operation.query, where: [] } }
}

/** The caller of the call before, by what is asked. */
function lastCaller(): (of: string, caller: Caller) => Caller {
  const callers = new Map<string, Caller>()
  return (of, caller) => {
    const before = callers.get(of) ?? caller
    callers.set(of, caller)
    return before
  }
}
