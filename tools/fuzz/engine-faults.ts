/** Carries out the planted bugs of the engine on a real target. */
import type { Caller } from "../../src/engine/caller.ts"
import type { Entrance } from "../../src/store/flight.ts"
import type { FlightStep } from "../../src/store/flight-bytes.ts"
import type { FlightPool } from "../../src/store/pool.ts"
import type { OperationDescription, QueryDescription } from "./description.ts"
import { type RestRequest, toRequest } from "./rest-request.ts"

/** A caller for whom the engine finds nothing hidden, whatever it looks up. */
export function forgetHidden(caller: Caller): Caller {
  return Object.defineProperties(
    { ...caller },
    {
      hidden: { get: () => new Set(), set() {}, enumerable: true },
      hiddenKey: { get: () => "", set() {}, enumerable: true },
    },
  )
}

/** A caller for whom the engine finds no encrypted field hidden. */
export function forgetSealed(caller: Caller): Caller {
  let [hidden, key]: [Caller["hidden"], Caller["hiddenKey"]] = [undefined, undefined]
  return Object.defineProperties(
    { ...caller },
    {
      hidden: {
        get: () => hidden,
        set: (found: NonNullable<Caller["hidden"]>) => {
          hidden = new Set([...found].filter((one) => !one.encrypted))
        },
        enumerable: true,
      },
      hiddenKey: {
        get: () => key,
        set: (found: string) => {
          key = found
        },
        enumerable: true,
      },
    },
  )
}

/** Statements that the bug of this name sends to a role that no policy holds. */
export const openStatements: Readonly<Record<string, RegExp>> = {
  "aggregate-open": /^select case .*\b(?:count|sum|avg|min|max)\((?:t\d+\.|\*\) as ")/,
  "spread-open": / left join lateral /,
  "search-open": /to_tsvector/,
  "path-open": /->>?'/,
  "upsert-open": / on conflict .* do update /,
}

/** A pool that sends what fits to another one. */
export function divertPool(pool: FlightPool, other: FlightPool, fits: RegExp): FlightPool {
  return {
    send: (request) => (fits.test(request.text) ? other : pool).send(request),
    sendAll: (request) =>
      (request.statements.some((one) => fits.test(one.text)) ? other : pool).sendAll(request),
    close: async () => {
      await other.close()
      await pool.close()
    },
  }
}

/** A pool that sends something else than it was given. */
export function wrapPool(pool: FlightPool, faults: ReadonlySet<string>): FlightPool {
  if (!faults.has("previous-caller") && !faults.has("raw-tables")) return pool
  let previous: Entrance | null = null
  const openTables = ({ name, text, values }: FlightStep): FlightStep => ({
    name: `raw${name}`,
    text: text.replaceAll('"fields".', '"app".'),
    values,
  })
  const isOpen = faults.has("raw-tables")
  const swap = (caller: Entrance | null): Entrance | null => {
    const sent = isOpen ? caller : previous
    previous = caller
    return sent
  }
  return {
    close: () => pool.close(),
    send: (request) =>
      pool.send({ ...request, ...(isOpen ? openTables(request) : {}), caller: swap(request.caller) }),
    sendAll: (request) =>
      pool.sendAll({
        ...request,
        statements: isOpen ? request.statements.map(openTables) : request.statements,
        caller: swap(request.caller),
      }),
  }
}

/** A request that has lost something on its way. */
export function editRequest(
  request: RestRequest,
  operation: OperationDescription,
  faults: ReadonlySet<string>,
): RestRequest {
  const edit = faults.has("filter-dropped")
    ? (query: QueryDescription) => ({ ...query, where: [] })
    : faults.has("order-dropped")
      ? (query: QueryDescription) => ({ ...query, order: [] })
      : faults.has("inner-dropped")
        ? withoutInner
        : null
  const { conflict, columns, maxAffected, ...plain } = operation
  const kept = {
    ...plain,
    ...(conflict === undefined
      ? {}
      : { conflict: faults.has("conflict-forgotten") ? ("ignore" as const) : conflict }),
    ...(columns === undefined || faults.has("columns-forgotten") ? {} : { columns }),
    ...(maxAffected === undefined || faults.has("limit-forgotten") ? {} : { maxAffected }),
  }
  const isForgetful = ["conflict-forgotten", "columns-forgotten", "limit-forgotten"].some((name) =>
    faults.has(name),
  )
  const collection = decodeURIComponent(/^\/rest\/([^?]*)/.exec(request.url)?.[1] ?? "")
  if (isForgetful) return toRequest(kept, collection)
  return edit ? toRequest({ ...operation, query: edit(operation.query) }, collection) : request
}

function withoutInner(query: QueryDescription): QueryDescription {
  return {
    ...query,
    select: query.select.map((item) =>
      "embed" in item ? { ...item, inner: false, query: withoutInner(item.query) } : item,
    ),
  }
}
