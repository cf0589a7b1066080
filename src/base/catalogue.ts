/**
 * Every error that leaves Undercroft. Codes are banded by floor and never reused:
 * UC1xx model, UC2xx policy, UC3xx query, UC5xx store, UC6xx engine and callers, UC7xx actions, UC9xx command line.
 * Where PostgREST or PostgreSQL has a code for the same condition, that code is used
 * (`PG:` marks an SQLSTATE, and is not sent; nor is what follows a slash, which tells two conditions of one code apart).
 */
export const catalogue = {
  // The model.
  UC100: { status: 500, message: "The model has {count} problem(s)." },
  UC101: {
    status: 500,
    message: "has no access statement.",
    hint: "Add `{where}.access(({ row }) => ({ read: … }))`; `{}` allows nothing.",
  },
  UC102: {
    status: 500,
    message: "refers to {target}, which is not in the model.",
    hint: "Add {target} to the model's list, or correct the name.",
  },
  UC103: { status: 500, message: "is declared twice.", hint: "Give one of the two another name." },
  UC104: {
    status: 500,
    message: "has a name that is reserved for {use}.",
    hint: "Choose another name, such as {suggestion}.",
  },
  UC105: {
    status: 500,
    message: "looks {classification} by its name and is not classified.",
    hint: "Write .{classification}(), or .internal() if it is not about a person.",
  },
  UC106: { status: 500, message: "is not a name: {rule}.", hint: "Rename it." },
  UC107: {
    status: 500,
    message: "is not a field.",
    hint: "Use one of the field kinds: text(), integer(), ref(…) and so on.",
  },
  UC108: {
    status: 500,
    message: "names the field {field}, which {entity} does not have.",
    hint: "Correct the name in `{option}`.",
  },
  UC109: {
    status: 500,
    message: "has a default that does not fit: it {why}.",
    hint: "Correct the value in .default(…).",
  },
  UC110: {
    status: 500,
    message: "refers to {target}, whose key is composite.",
    hint: "Give {target} a key of one field.",
  },
  UC111: {
    status: 500,
    message: "goes back through {target}.{via}, which is not a reference to {entity}.",
    hint: "Name the field of {target} that refers to {entity}.",
  },
  UC112: {
    status: 500,
    message: "is set to null on delete and is not optional.",
    hint: "Write .optional(), or another .onDelete(…).",
  },
  UC113: {
    status: 500,
    message: "is unique over rows that a caller may not see, and so tells that they exist.",
    hint: "Include the field that decides who may see the row in the constraint, or accept it with {accept}.",
  },
  UC114: {
    status: 500,
    message: "has the option {option}, which there is not.",
    hint: "Options are: {options}.",
  },
  UC115: { status: 500, message: "is not an action.", hint: "Make it with action({ … })." },
  // Rules.
  UC201: {
    status: 500,
    message: "has a rule that names {path}, which does not exist.",
    hint: "Correct the name; fields of {entity}: {fields}.",
  },
  UC202: {
    status: 500,
    message: "has a rule that asks {question} of {path}, which is {kind}.",
    hint: "Use a question that {kind} answers.",
  },
  UC203: {
    status: 500,
    message: "has a rule that compares {path} with {value}: it {why}.",
    hint: "Correct the value.",
  },
  UC204: {
    status: 500,
    message: "has a rule in a circle: {cycle}.",
    hint: "Write out one of the rules instead of visible().",
  },
  UC205: {
    status: 500,
    message: "uses the fact {fact}, which the actor does not have.",
    hint: "Declare it in actor({ … }).",
  },
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
  PGRST118: {
    status: 400,
    message: "A related order on '{to}' is not possible",
    hint: "'{from}' and '{to}' do not form a many-to-one or one-to-one relationship",
  },
  PGRST201: {
    status: 300,
    message: "Could not embed because more than one relationship was found for '{from}' and '{to}'",
  },
  // What PostgreSQL itself would say (SQLSTATE).
  "PG:42703": { status: 400, message: "column {collection}.{field} does not exist" },
  "PG:42883": {
    status: 404,
    message: "{operator} can't be asked of {field}, which is {kind}",
    hint: "Use an operator that fits the field's kind.",
  },
  // Writes that the data refuses.
  "PG:21000": {
    status: 400,
    message: "two rows of the request are the same row of {entity}",
    hint: "Send each row once.",
  },
  "PG:54000": {
    status: 400,
    message: "{field} is too large for its index",
    hint: "Send a shorter value, or give the field a max in the model.",
  },
  "PG:23505": {
    status: 409,
    message: "another row has the same {fields}",
    hint: "Use another value, or update the row that is there.",
  },
  "PG:23503": {
    status: 409,
    message: "{field} refers to a row that does not exist",
    hint: "Create the row first, or refer to another.",
  },
  "PG:23P01": {
    status: 409,
    message: "another row overlaps in {fields}",
    hint: "Choose values that do not overlap.",
  },
  "PG:40001": { status: 409, message: "another write came in between", hint: "Send the request again." },
  "PG:57014": {
    status: 400,
    message: "the request took too long and was stopped",
    hint: "Ask for fewer rows or embeds, filter by an indexed field, or raise limits.statementTimeoutMs.",
  },
  "PG:42P10": {
    status: 400,
    message: "{entity} has no unique constraint on these fields",
    hint: "Name the fields of the key or of a unique constraint in on_conflict.",
  },
  PGRST105: {
    status: 405,
    message: "Filters must include all and only primary key columns with 'eq' operators",
  },
  PGRST114: { status: 400, message: "limit/offset querystring parameters are not allowed for PUT" },
  PGRST115: { status: 400, message: "Payload values do not match URL in primary key column(s)" },
  PGRST127: { status: 400, message: "Feature not implemented" },
  PGRST107: {
    status: 406,
    message: "None of these media types are available: {types}",
    hint: "Ask for application/json.",
  },
  PGRST117: { status: 405, message: "Unsupported HTTP method: {method}" },
  PGRST124: { status: 400, message: "Query result exceeds max-affected preference constraint" },
  "PG:23503/referred": {
    status: 409,
    message: "a row of {entity} is still referred to",
    hint: "Delete or change the rows that refer to it first{places}.",
  },
  UC312: {
    status: 400,
    message: "a value of {entity} does not fit what the request does with it",
    hint: "Check casts, patterns and operators.",
  },
  UC313: {
    status: 400,
    message: "{entity} is ordered or embedded by a field that is not in the group",
    hint: "Select what you order by.",
  },
  "PG:2201B": {
    status: 400,
    message: "the pattern for {entity} is not a regular expression",
    hint: "Correct the pattern.",
  },
  UC315: { status: 400, message: "the answer is too large", hint: "Ask for fewer rows, embeds or fields." },
  "PG:42501/anonymous": {
    status: 401,
    message: "permission denied to {what}",
    hint: "Sign in: send a bearer token.",
  },
  UC321: {
    status: 400,
    message: "the request is too complex",
    hint: "Ask for less at once: fewer conditions, fields, steps into JSON, or levels.",
  },
  UC322: {
    status: 400,
    message: "the search in {field} can't be understood",
    hint: "Correct its operators, or use wfts or plfts, which take plain words.",
  },
  UC323: {
    status: 400,
    message: "the request is not HTTP as it should be",
    hint: "Send it with an HTTP library, with a Host and one length.",
  },
  UC324: {
    status: 431,
    message: "the address and the headers together are too long",
    hint: "Filter by less at once, or send a shorter token.",
  },
  UC325: { status: 408, message: "the request took too long to arrive", hint: "Send it again." },
  UC326: { status: 417, message: "only Expect: 100-continue is supported", hint: "Leave the header out." },
  "PGRST102/type": {
    status: 400,
    message: "Content-Type not acceptable: {type}",
    hint: "Send application/json, text/csv or application/x-www-form-urlencoded.",
  },
  UC318: {
    status: 413,
    message: "the body is larger than {max} bytes",
    hint: "Send less at once, or raise limits.bodyBytes.",
  },
  UC319: {
    status: 400,
    message: "the request has more than {max} rows",
    hint: "Send less at once, or raise limits.writtenRows.",
  },
  UC320: {
    status: 404,
    message: "there is nothing at this address",
    hint: "Collections are at /rest/<collection>.",
  },
  "PG:42704": { status: 400, message: "{what} does not exist" },
  "PG:22P02": { status: 400, message: "{field} {why}" },
  "PG:22003": { status: 400, message: "{field} {why}" },
  "PG:22001": { status: 400, message: "{field} {why}" },
  "PG:22007": { status: 400, message: "{field} {why}" },
  "PG:22008": { status: 400, message: "{field} {why}" },
  "PG:22021": { status: 400, message: "{field} {why}" },
  "PG:23514": { status: 400, message: "{field} {why}" },
  "PG:23502": {
    status: 400,
    message: "{field} is required and must not be null",
    hint: "Send a value for it.",
  },
  "PG:42501": {
    status: 403,
    message: "permission denied to {what}",
    hint: "The model's access rules do not allow this.",
  },
  "PG:428C9": {
    status: 400,
    message: "{field} is made by the database and can't be set",
    hint: "Leave it out.",
  },
  UC302: {
    status: 405,
    message: "{entity} is a view and can't be written",
    hint: "Write the entity that it reads from.",
  },
  UC305: {
    status: 400,
    message: "an update or a delete has no limit and no offset",
    hint: "Filter by the keys of the rows that are meant.",
  },
  UC306: {
    status: 400,
    message: "rows of {entity} have no version that If-Match could name",
    hint: "Leave the header out.",
  },
  UC307: {
    status: 400,
    message: "If-Match is about one row of {entity}",
    hint: "Filter by its key: {key}.",
  },
  UC308: {
    status: 412,
    message: "the row of {entity} is not there, or has changed since",
    hint: "Read it again, and decide again.",
  },
  UC309: {
    status: 422,
    message: "this Idempotency-Key came with another request before",
    hint: "Send a new key with each new request.",
  },
  UC310: { status: 400, message: "the header {header} {why}", hint: "{mend}" },
  UC304: {
    status: 400,
    message: "'{name}' can't be a key of the answer: it must have 1 to 63 bytes",
    hint: "Give it another alias: select=alias:field.",
  },
  UC303: { status: 400, message: "{field} can't be changed once it is set", hint: "Leave it out." },
  PGRST200: {
    status: 400,
    message: "Could not find a relationship between '{from}' and '{to}' in the schema cache",
  },
  PGRST204: {
    status: 400,
    message: "Could not find the '{field}' column of '{collection}' in the schema cache",
  },
  // Actions; UC702, UC703 and UC704 are for authors to refuse with.
  PGRST202: { status: 404, message: "Could not find the function '{action}' in the schema cache" },
  PGRST101: { status: 405, message: "Cannot use the {method} method on RPC" },
  UC701: { status: 400, message: "{field} {why}", hint: "Correct the input; nothing was done." },
  UC702: { status: 409, message: "{why}", hint: "Look at how things are now, and decide again." },
  UC703: { status: 404, message: "{what} does not exist, or not for this caller" },
  UC704: { status: 403, message: "{why}", hint: "The rules of this action do not allow it." },
  UC705: {
    status: 400,
    message: "the action took too long and was stopped; nothing was done",
    hint: "Do less in one call, or raise limits.actionTimeoutMs.",
  },
  PGRST205: { status: 404, message: "Could not find the table '{collection}' in the schema cache" },
  UC690: {
    status: 500,
    message: "something went wrong in the server",
    hint: "The server's log says more, under the request's identifier.",
  },
  UC691: {
    status: 503,
    message: "the database is not available just now",
    hint: "Send the request again in a moment.",
  },

  // The embedded PostgreSQL.
  UC501: {
    status: 503,
    message: "This installation has no PostgreSQL for {platform}.",
    hint: "Install the npm package {package} (npm leaves it out with --omit=optional), or set DATABASE_URL.",
  },
  UC502: {
    status: 503,
    message: "The PostgreSQL in {path} can't be run: {why}",
    hint: "Install again with npm ci on a system with glibc 2.17 or later, or set DATABASE_URL.",
  },
  UC503: {
    status: 503,
    message: "PostgreSQL refuses to run as root, and no other user can be used: {why}",
    hint: "Start as a user other than root, or set DATABASE_URL.",
  },
  UC504: {
    status: 503,
    message: "{path} can't be used by {who}: {why}.",
    hint: "Start as the user who owns it, give it to this user with chown -R, or open the directories above it.",
  },
  UC505: {
    status: 503,
    message: "A database could not be created in {path}: {why}",
    hint: "Nothing was left behind: mend the cause and start again.",
  },
  UC506: {
    status: 503,
    message: "Another Undercroft, process {pid}, is running on {directory}.",
    hint: "Stop it first, or use another directory. Its lock is {path}.",
  },
  UC507: {
    status: 503,
    message: "PostgreSQL did not start: {why}",
    hint: "Read {log}.",
  },
  UC510: {
    status: 503,
    message: "PostgreSQL ended by itself ({how}) and is started again.",
    hint: "Read {log}.",
  },
  UC508: { status: 503, message: "The data in {path} can't be used: {why}.", hint: "{mend}" },
  UC509: {
    status: 503,
    message: "PostgreSQL does not accept the password in {file}.",
    hint: "Delete the file and start again: a new password will be set.",
  },
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

  // Databases.
  UC520: {
    status: 503,
    message: "PostgreSQL can't be reached: {why}",
    hint: "Check DATABASE_URL, and that the server runs.",
  },
  UC521: {
    status: 503,
    message: "PostgreSQL {version} has known holes in row-level security.",
    hint: "Update the server to {smallest} or later.",
  },
  UC522: {
    status: 503,
    message: "The roles are missing and may not be made by this login.",
    hint: "Have an administrator run the statements in the details, or give this login CREATEROLE.",
  },
  UC523: {
    status: 503,
    message: "The model has changed in {count} way(s) that could lose data. Nothing was changed.",
    hint: "Do what the details say, and start again.",
  },
  UC524: {
    status: 503,
    message: "The step '{step}' was refused: {why}. Nothing was changed.",
    hint: "Mend the data or the model, and start again.",
  },
  UC526: {
    status: 500,
    message: "The data to start with can't be used: {entity} {why}.",
    hint: "Correct the seed of the backend's definition.",
  },
  UC525: {
    status: 503,
    message: "The database is not safe to serve from: {count} problem(s).",
    hint: "Run what the details say, and start again.",
  },

  // The command line.
  UC900: { status: 500, message: "The command failed: {why}", hint: "Set UNDERCROFT_DEBUG=1 to see where." },
  UC901: {
    status: 500,
    message: "There is no backend in {folder}.",
    hint: "Name the project's folder with --project <dir>; its backend.ts says `export default defineBackend({ … })`.",
  },
  UC902: { status: 500, message: "{place}: {why}", hint: "Correct the project's file." },
  UC903: {
    status: 500,
    message: "{file} {why}.",
    hint: 'Write `export default defineBackend({ name: "…", model: [ … ] })`.',
  },
  UC904: {
    status: 500,
    message: "The port {port} of {host} is in use.",
    hint: "Stop the program that uses it, or choose another with --port <number>; 0 takes a free one.",
  },
  UC905: {
    status: 500,
    message: "{address} can't be listened on: {why}.",
    hint: "Choose another with --host and --port.",
  },
  UC906: { status: 400, message: "{what}", hint: "See: undercroft {command} --help" },
  UC907: { status: 500, message: "The development key in {path} can't be used: {why}.", hint: "{mend}" },
  UC908: {
    status: 500,
    message: "{what} is not for production, and NODE_ENV is production.",
    hint: "{mend}",
  },
  UC909: {
    status: 500,
    message: "There is no database yet.",
    hint: "Start the backend once: undercroft dev, or undercroft start.",
  },
  UC910: {
    status: 500,
    message: "The database has the tables of another version of the model.",
    hint: "Start the backend once, so that it is brought up to date.",
  },
  UC911: { status: 400, message: "The model has no entity {name}.", hint: "Its entities: {entities}." },
  UC912: {
    status: 400,
    message: '"{key}" is not a key of {entity}: {why}.',
    hint: "Give the value of its key.",
  },
  UC913: {
    status: 404,
    message: "There is no {entity} with the key {key}.",
    hint: "Look for the row with: undercroft sql --as <caller>",
  },
  UC914: {
    status: 500,
    message: "The model says {model}, and the database says {database}.",
    hint: "If the model was changed since the backend last started, start it again; otherwise report this as a security bug (SECURITY.md).",
  },
} as const

/** A code of the catalogue. */
export type CatalogueCode = keyof typeof catalogue
