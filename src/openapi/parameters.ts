/** The parameters of requests: PostgREST's grammar, once for all collections and once for each field. */
import type { Knowledge } from "../engine/knowledge.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { FilterOperator } from "../query/operation.ts"
import { canAsk } from "../query/plan.ts"
import type { Parameter } from "./document.ts"
import { exampleValue } from "./example-value.ts"

const text = { type: "string" } as const

/** Those that are the same for every collection, by the name that they have in `components`. */
export const sharedParameters: Readonly<Record<string, Parameter>> = {
  limit: {
    name: "limit",
    in: "query",
    description: "Most rows of the answer; the server has a limit of its own besides.",
    schema: { type: "integer", minimum: 0 },
  },
  offset: {
    name: "offset",
    in: "query",
    description: "How many rows are left out before the first.",
    schema: { type: "integer", minimum: 0 },
  },
  and: {
    name: "and",
    in: "query",
    description: "Conditions that all hold: `(a.eq.1,or(b.gt.2,c.is.null))`. `not.and` says the opposite.",
    schema: text,
  },
  or: {
    name: "or",
    in: "query",
    description: "Conditions of which one holds: `(a.eq.1,b.not.gt.2)`. `not.or` says the opposite.",
    schema: text,
  },
  columns: {
    name: "columns",
    in: "query",
    description: "The fields that are written, separated by commas; what else the body has is not looked at.",
    schema: text,
  },
  onConflict: {
    name: "on_conflict",
    in: "query",
    description:
      "With `Prefer: resolution=…`: the fields of the unique constraint by which a row is known to be there; the key when left out.",
    schema: text,
  },
  preferRead: prefer(["count=exact", "count=planned", "count=estimated", "handling=strict"], "count=exact"),
  preferWrite: prefer(
    [
      "return=minimal",
      "return=headers-only",
      "return=representation",
      "count=exact",
      "missing=default",
      "resolution=merge-duplicates",
      "resolution=ignore-duplicates",
      "handling=strict",
      "max-affected=10",
    ],
    "return=representation",
  ),
  range: {
    name: "Range",
    in: "header",
    description: "Rows from one position to another, both included, as `0-9`; with `Range-Unit: items`.",
    schema: { type: "string", pattern: "^[0-9]+-[0-9]*$" },
    example: "0-9",
  },
  ifMatch: {
    name: "If-Match",
    in: "header",
    description:
      'Of one row, named by its key: only where it has this version (`"3"`, or the `ETag` of its read), else 412. `*` is any.',
    schema: text,
  },
  ifNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description: "Only where the answer has another `ETag`, else 304 without a body.",
    schema: text,
  },
  idempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "A text of your own for this one request: sent again with the same key, it is not done again, and is answered as it was.",
    schema: { type: "string", minLength: 1, maxLength: 200 },
  },
}

function prefer(words: readonly string[], example: string): Parameter {
  return {
    name: "Prefer",
    in: "header",
    description: `What the answer should be like, separated by commas: ${words.map((one) => `\`${one}\``).join(", ")}. \`Preference-Applied\` says what came of it.`,
    schema: text,
    example,
  }
}

/** What `select` and `order` may say of an entity. */
export function shapeParameters(
  entity: EntityInfo,
  fields: readonly FieldInfo[],
  known: Knowledge,
): readonly Parameter[] {
  const names = fields.map((field) => field.name)
  const embeds = [...entity.relations.values()].filter(
    ({ field, to }) => !known.hidden.has(field) && known.may(to, "read"),
  )
  const related = embeds.map(
    ({ name, to }) => `\`${name}\`${name === to.collection ? "" : ` (${to.collection})`}`,
  )
  return [
    {
      name: "select",
      in: "query",
      description: [
        "The fields of the answer, separated by commas; `*` for all, `alias:field`, `field::text`, and related rows as `relation(field,…)`.",
        related.length === 0 ? "" : `Related here: ${related.join(", ")}.`,
      ]
        .join(" ")
        .trim(),
      schema: text,
      example: names.slice(0, 3).join(","),
    },
    {
      name: "order",
      in: "query",
      description:
        "The fields to order by, separated by commas; each with `.asc` or `.desc`, `.nullsfirst` or `.nullslast`.",
      schema: text,
      example: `${fields.find((one) => one.name !== "id" && !one.encrypted)?.name ?? "id"}.desc`,
    },
  ]
}

const operators: Readonly<Record<Exclude<FilterOperator, "is">, string>> = {
  eq: "equals",
  neq: "does not equal",
  gt: "is above",
  gte: "is at least",
  lt: "is below",
  lte: "is at most",
  like: "matches, with `*` for anything",
  ilike: "the same whatever the case",
  match: "matches a regular expression",
  imatch: "the same whatever the case",
  in: "is one of `(a,b)`",
  isdistinct: "does not equal, null being a value",
  cs: "contains",
  cd: "is contained in",
  ov: "has something in common with",
  sl: "is left of",
  sr: "is right of",
  nxr: "does not reach past the right of",
  nxl: "does not reach past the left of",
  adj: "is next to",
  fts: "is found by a search with operators",
  plfts: "is found by plain words",
  phfts: "is found by a phrase",
  wfts: "is found as a web search would",
}

/** The filter on one field. */
export function filterParameter(field: FieldInfo): Parameter {
  const own = (Object.keys(operators) as (keyof typeof operators)[]).filter((one) => canAsk(one, field.kind))
  const words = ["is", ...own]
  const value = exampleValue(field, 0)
  const example =
    own.includes("eq") && ["string", "number", "boolean"].includes(typeof value)
      ? `eq.${String(value)}`
      : "not.is.null"
  const steps = field.kind.operators.has("json")
    ? ` Steps into it are part of the name: \`${field.name}->>key=eq.a\`.`
    : ""
  return {
    name: field.name,
    in: "query",
    description: `Only rows whose \`${field.name}\` fits \`<operator>.<value>\`, or with \`not.\` before it does not. Operators: ${[
      "`is` (null, not_null, or of a truth value true, false)",
      ...own.map((one) => `\`${one}\` (${operators[one]})`),
    ].join(", ")}.${steps}`,
    schema: { type: "string", pattern: `^(not\\.)?(${words.join("|")})(\\((any|all|[a-z_]+)\\))?\\.` },
    example,
  }
}
