/** From a root field of a document to an operation, and nothing else. */
import {
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getArgumentValues,
  getNamedType,
  isInputObjectType,
} from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo } from "../model/model.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { Filter, Operation, ReadQuery } from "../query/operation.ts"
import { type CollectContext, type CollectedField, collectFields } from "./collect.ts"
import { readNodeId } from "./cursor.ts"
import type { GraphqlLimits } from "./limits.ts"
import { inputMeaningOf, type Meaning, meaningOf } from "./meaning.ts"
import { SelectionReader } from "./selection.ts"
import { type Budget, type Draft, isEqual, toFilters } from "./to-filter.ts"

export interface OperationContext extends CollectContext {
  readonly limits: GraphqlLimits & QueryLimits
  /** The row type of an entity; null where the caller can't know it. */
  readonly rowOf: (
    entityName: string,
  ) => { readonly entity: EntityInfo; readonly type: GraphQLObjectType } | null
}

type Arguments = Readonly<Record<string, unknown>>
type Root = Extract<Meaning, { entity: EntityInfo }> | { readonly kind: "node" }

/** Null where there is nothing to ask: a `nodeId` of nothing that the caller could know. Throws `UndercroftError`. */
export function toOperation(
  collected: CollectedField,
  field: GraphQLField<unknown, unknown>,
  context: OperationContext,
  budget: Budget,
): Operation | null {
  const args = getArgumentValues(field, collected.node, context.variables)
  const draft: Draft = { values: [], budget }
  const reader = new SelectionReader(context, draft)
  const meaning = meaningOf(field) as Root
  if (meaning.kind === "node") return toNode(collected, args, reader, context, draft)
  const { entity } = meaning
  const type = getNamedType(field.type) as GraphQLObjectType
  const common = {
    collection: entity.collection,
    values: draft.values,
    count: null,
    single: false,
    form: "json-with-texts",
    rollback: false,
  } as const
  if (meaning.kind === "collection")
    return { kind: "read", ...common, query: reader.connection(collected.selections, type, args, field) }
  const query: ReadQuery = {
    select: [],
    where: toWhere(collected, args, field, draft),
    order: [],
    limit: null,
    offset: null,
    frame: {
      parts: reader.writeParts(collected.selections, type),
      fromEnd: false,
      after: null,
      before: null,
    },
  }
  const write = { ...common, query, returning: "representation", match: null, once: null } as const
  switch (meaning.kind) {
    case "insert": {
      const objects = args["objects"] as readonly Arguments[]
      const rows = objects.map((one) => toRow(one, inputOf(field, "objects")))
      checkRows(rows.length, context.limits.writtenRows)
      return {
        kind: "insert",
        ...write,
        columns: [...new Set(rows.flatMap((row) => Object.keys(row)))],
        rows: draft.values.push(rows) - 1,
        isOneRow: rows.length === 1,
        isText: false,
        missingDefault: true,
        address: null,
        conflict: null,
        maxAffected: null,
      }
    }
    case "update": {
      const row = toRow(args["set"] as Arguments, inputOf(field, "set"))
      if (Object.keys(row).length === 0)
        throw new UndercroftError("UC344", {
          argument: "set",
          why: "names no field",
          mend: "Name what to change.",
        })
      const at = draft.values.push(row) - 1
      const columns = Object.keys(row)
      return { kind: "update", ...write, columns, row: at, isText: false, maxAffected: atMostOf(args) }
    }
    case "delete":
      return { kind: "delete", ...write, maxAffected: atMostOf(args) }
  }
}

function toNode(
  { selections }: CollectedField,
  args: Arguments,
  reader: SelectionReader,
  context: OperationContext,
  draft: Draft,
): Operation | null {
  const named = readNodeId(args["nodeId"])
  const row = named && context.rowOf(named.entity)
  if (!row || row.entity.key.length !== named.key.length) return null
  const where = row.entity.key.map((field, at) => isEqual(field, draft.values.push(named.key[at]) - 1))
  const select = reader.items(collectFields(selections, row.type, context), row.type)
  return {
    kind: "read",
    collection: row.entity.collection,
    query: { select, where, order: [], limit: null, offset: null },
    values: draft.values,
    count: null,
    single: false,
    form: "json-with-texts",
    rollback: false,
  }
}

function inputOf(field: GraphQLField<unknown, unknown>, argument: string): GraphQLInputObjectType {
  return getNamedType(field.args.find((one) => one.name === argument)!.type) as GraphQLInputObjectType
}

/** A variable that was forgotten must not become a write of all rows: neither as the filter nor within it. */
function toWhere(
  { node }: CollectedField,
  args: Arguments,
  field: GraphQLField<unknown, unknown>,
  draft: Draft,
): readonly Filter[] {
  const isGiven = node.arguments?.some((one) => one.name.value === "filter") === true
  const filter = args["filter"] as Arguments | null | undefined
  if (!isGiven) return []
  const empty = emptyPart(filter, inputOf(field, "filter"), "filter")
  if (empty !== null)
    throw new UndercroftError("UC344", {
      argument: empty,
      why: filter === null ? "is null" : "is empty",
      mend: "Leave the filter out, or give all of its variables.",
    })
  return toFilters(filter as Arguments, inputOf(field, "filter"), draft)
}

/** Where a filter says nothing; null where it says something everywhere. What is compared with may be empty. */
function emptyPart(value: unknown, type: GraphQLNamedType, path: string): string | null {
  if (value === undefined || value === null) return path === "filter" ? path : null
  if (!isInputObjectType(type)) return null
  if (Array.isArray(value)) return firstOf(value.map((one) => emptyPart(one, type, path)))
  const parts = Object.entries(value as Arguments)
  if (parts.length === 0) return path
  const typeOf = (name: string): GraphQLNamedType => getNamedType(type.getFields()[name]!.type)
  return firstOf(parts.map(([name, one]) => emptyPart(one, typeOf(name), `${path}.${name}`)))
}

function firstOf(found: readonly (string | null)[]): string | null {
  return found.find((one) => one !== null) ?? null
}

/** An input in the model's names. */
function toRow(value: Arguments, type: GraphQLInputObjectType): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const meaning = inputMeaningOf(type.getFields()[name]!)
      if (meaning.kind !== "value") throw new Error(`${name} is not a field`)
      return [meaning.field.name, one]
    }),
  )
}

function checkRows(count: number, max: number): void {
  if (count === 0)
    throw new UndercroftError("UC344", {
      argument: "objects",
      why: "is empty",
      mend: "Send one row or more.",
    })
  if (count > max) throw new UndercroftError("UC319", { max })
}

function atMostOf(args: Arguments): number {
  const atMost = Number(args["atMost"])
  if (atMost < 0)
    throw new UndercroftError("UC344", {
      argument: "atMost",
      why: "is negative",
      mend: "Give a number of rows.",
    })
  return atMost
}
