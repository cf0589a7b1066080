/**
 * Every error that leaves Undercroft. Codes are banded by floor and never reused:
 * UC1xx model, UC2xx policy, UC3xx query, UC5xx store, UC6xx engine and callers, UC9xx command line.
 * Where PostgREST or PostgreSQL has a code for the same condition, that code is used
 * (`PG:` marks an SQLSTATE, and is not sent).
 */
export interface CatalogueEntry {
  readonly status: number
  readonly message: string
  readonly hint?: string
}

export const catalogue = {
  // The model.
  UC100: { status: 500, message: "The model has {count} problem(s)." },
  UC101: { status: 500, message: "has no access statement.", hint: "Add `{where}.access(({ row }) => ({ read: … }))`; `{}` allows nothing." },
  UC102: { status: 500, message: "refers to {target}, which is not in the model.", hint: "Add {target} to the model's list, or correct the name." },
  UC103: { status: 500, message: "is declared twice.", hint: "Give one of the two another name." },
  UC104: { status: 500, message: "has a name that is reserved for {use}.", hint: "Choose another name, such as {suggestion}." },
  UC105: { status: 500, message: "looks {classification} by its name and is not classified.", hint: "Write .{classification}(), or .internal() if it is not about a person." },
  UC106: { status: 500, message: "is not a name: {rule}.", hint: "Rename it." },
  UC107: { status: 500, message: "is not a field.", hint: "Use one of the field kinds: text(), integer(), ref(…) and so on." },
  UC108: { status: 500, message: "names the field {field}, which {entity} does not have.", hint: "Correct the name in `{option}`." },
  UC109: { status: 500, message: "has a default that does not fit: it {why}.", hint: "Correct the value in .default(…)." },
  UC110: { status: 500, message: "refers to {target}, whose key is composite.", hint: "Give {target} a key of one field." },
  UC111: { status: 500, message: "goes back through {target}.{via}, which is not a reference to {entity}.", hint: "Name the field of {target} that refers to {entity}." },
  UC112: { status: 500, message: "is set to null on delete and is not optional.", hint: "Write .optional(), or another .onDelete(…)." },
  UC113: { status: 500, message: "is unique over rows that a caller may not see, and so tells that they exist.", hint: "Include the field that decides who may see the row in the constraint, or accept it with {accept}." },
  // Rules.
  UC201: { status: 500, message: "has a rule that names {path}, which does not exist.", hint: "Correct the name; fields of {entity}: {fields}." },
  UC202: { status: 500, message: "has a rule that asks {question} of {path}, which is {kind}.", hint: "Use a question that {kind} answers." },
  UC203: { status: 500, message: "has a rule that compares {path} with {value}: it {why}.", hint: "Correct the value." },
  UC204: { status: 500, message: "has a rule in a circle: {cycle}.", hint: "Write out one of the rules instead of visible()." },
  UC205: { status: 500, message: "uses the fact {fact}, which the actor does not have.", hint: "Declare it in actor({ … })." },
  UC206: { status: 500, message: "has a rule that {what}.", hint: "{mend}" },
  // Requests.
  UC301: {
    status: 400,
    message: "The request has more than {max} {what}.",
    hint: "Ask for less at once, or raise the setting rest.limits.{setting}.",
  },
  // Requests (PostgREST's codes).
  PGRST100: { status: 400, message: '"failed to parse {part}" (line {line}, column {column})' },
  PGRST102: { status: 400, message: "{why}" },
  PGRST103: { status: 416, message: "Requested range not satisfiable" },
  PGRST108: {
    status: 400,
    message: "'{name}' is not an embedded resource in this request",
    hint: "Verify that '{name}' is included in the 'select' query parameter.",
  },
  PGRST116: { status: 406, message: "Cannot coerce the result to a single JSON object" },
  PGRST122: { status: 400, message: "Invalid preferences given with handling=strict" },
  PGRST200: { status: 400, message: "Could not find a relationship between '{from}' and '{to}' in the schema cache" },
  PGRST204: { status: 400, message: "Could not find the '{field}' column of '{collection}' in the schema cache" },
  PGRST205: { status: 404, message: "Could not find the table '{collection}' in the schema cache" },

  // Bearer tokens (PostgREST's codes and texts). `why` never quotes the token.
  PGRST301: { status: 401, message: "{why}" },
  PGRST303: { status: 401, message: "{why}" },
  UC601: {
    status: 500,
    message: "The secret of the {issuer} has {bytes} bytes; HS256 needs 32 or more",
    hint: "Make one with: openssl rand -base64 48",
  },
  UC602: { status: 500, message: "The {issuer} is declared wrongly: {why}" },
  UC603: { status: 500, message: "The keys of the {issuer} can't be used: {why}" },
  UC604: { status: 503, message: "The keys of the {issuer} can't be fetched at the moment" },
} as const

/** A code of the catalogue. */
export type CatalogueCode = keyof typeof catalogue
