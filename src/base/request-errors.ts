/** What a request gets told. */
export const requestErrors = {
  // As PostgREST says it.
  PGRST100: { status: 400, message: '"failed to parse {part}" (line {line}, column {column})' },
  PGRST102: { status: 400, message: "{why}" },
  "PGRST102/type": {
    status: 400,
    message: "Content-Type not acceptable: {type}",
    hint: "Send application/json, text/csv or application/x-www-form-urlencoded.",
  },
  PGRST103: { status: 416, message: "Requested range not satisfiable" },
  PGRST105: {
    status: 405,
    message: "Filters must include all and only primary key columns with 'eq' operators",
  },
  PGRST107: {
    status: 406,
    message: "None of these media types are available: {types}",
    hint: "Ask for application/json.",
  },
  PGRST108: {
    status: 400,
    message: "'{name}' is not an embedded resource in this request",
    hint: "Verify that '{name}' is included in the 'select' query parameter.",
  },
  PGRST114: { status: 400, message: "limit/offset querystring parameters are not allowed for PUT" },
  PGRST115: { status: 400, message: "Payload values do not match URL in primary key column(s)" },
  PGRST116: { status: 406, message: "Cannot coerce the result to a single JSON object" },
  PGRST117: { status: 405, message: "Unsupported HTTP method: {method}" },
  PGRST118: {
    status: 400,
    message: "A related order on '{to}' is not possible",
    hint: "'{from}' and '{to}' do not form a many-to-one or one-to-one relationship",
  },
  PGRST122: { status: 400, message: "Invalid preferences given with handling=strict" },
  PGRST124: { status: 400, message: "Query result exceeds max-affected preference constraint" },
  PGRST127: { status: 400, message: "Feature not implemented" },
  PGRST200: {
    status: 400,
    message: "Could not find a relationship between '{from}' and '{to}' in the schema cache",
  },
  PGRST201: {
    status: 300,
    message: "Could not embed because more than one relationship was found for '{from}' and '{to}'",
  },
  PGRST204: {
    status: 400,
    message: "Could not find the '{field}' column of '{collection}' in the schema cache",
  },
  PGRST205: { status: 404, message: "Could not find the table '{collection}' in the schema cache" },
  // Bearer tokens, with PostgREST's codes and texts. `why` never quotes the token.
  PGRST301: { status: 401, message: "{why}" },
  PGRST303: { status: 401, message: "{why}" },
  UC604: { status: 503, message: "The keys of the {issuer} can't be fetched at the moment" },
  // Sessions.
  UC610: {
    status: 503,
    message: "who you are was changed while this was asked",
    hint: "Send the request again.",
  },
  UC611: {
    status: 403,
    message: "a page of {origin} may not act for who is signed in here",
    hint: "Add the origin to `origins` of the backend, if it is yours.",
  },
  UC612: {
    status: 401,
    message: "this needs you to prove who you are {how}",
    hint: "Sign in {how}{more}, and send the request again.",
  },
  UC613: {
    status: 429,
    message: "too many keys that are not known came from your network: wait {seconds} seconds",
    hint: "Look whether the key was revoked or has expired. A key that is good is not slowed down.",
  },
  // On record.
  UC977: { status: 400, message: "The export can't be asked by '{name}'.", hint: "{mend}" },
  UC620: {
    status: 403,
    message: "{entity} is read and written for a purpose, and the request states none",
    hint: "Say what for, in the header X-Purpose.",
  },
  UC621: {
    status: 400,
    message: "reads of {entity} are on record, which nothing undoes",
    hint: "Leave out Prefer: tx=rollback.",
  },
  // As PostgreSQL would say it (SQLSTATE).
  "PG:21000": {
    status: 400,
    message: "two rows of the request are the same row of {entity}",
    hint: "Send each row once.",
  },
  "PG:22001": { status: 400, message: "{field} {why}" },
  "PG:22003": { status: 400, message: "{field} {why}" },
  "PG:22007": { status: 400, message: "{field} {why}" },
  "PG:22008": { status: 400, message: "{field} {why}" },
  "PG:2201B": {
    status: 400,
    message: "the pattern for {entity} is not a regular expression",
    hint: "Correct the pattern.",
  },
  "PG:22021": { status: 400, message: "{field} {why}" },
  "PG:22P02": { status: 400, message: "{field} {why}" },
  "PG:23502": {
    status: 400,
    message: "{field} is required and must not be null",
    hint: "Send a value for it.",
  },
  "PG:23503": {
    status: 409,
    message: "{field} refers to a row that does not exist",
    hint: "Create the row first, or refer to another.",
  },
  "PG:23503/referred": {
    status: 409,
    message: "a row of {entity} is still referred to",
    hint: "Delete or change the rows that refer to it first{places}.",
  },
  "PG:23505": {
    status: 409,
    message: "another row has the same {fields}",
    hint: "Use another value, or update the row that is there.",
  },
  "PG:23514": { status: 400, message: "{field} {why}" },
  "PG:23P01": {
    status: 409,
    message: "another row overlaps in {fields}",
    hint: "Choose values that do not overlap.",
  },
  "PG:40001": { status: 409, message: "another write came in between", hint: "Send the request again." },
  "PG:42501": {
    status: 403,
    message: "permission denied to {what}",
    hint: "The model's access rules do not allow this.",
  },
  "PG:42501/anonymous": {
    status: 401,
    message: "permission denied to {what}",
    hint: "Sign in: send a bearer token.",
  },
  "PG:42703": { status: 400, message: "column {collection}.{field} does not exist" },
  "PG:42704": { status: 400, message: "{what} does not exist" },
  "PG:42883": {
    status: 404,
    message: "{operator} can't be asked of {field}, which is {kind}",
    hint: "Use an operator that fits the field's kind.",
  },
  "PG:428C9": {
    status: 400,
    message: "{field} is made by the database and can't be set",
    hint: "Leave it out.",
  },
  "PG:42P10": {
    status: 400,
    message: "{entity} has no unique constraint on these fields",
    hint: "Name the fields of the key or of a unique constraint in on_conflict.",
  },
  "PG:54000": {
    status: 400,
    message: "{field} is too large for its index",
    hint: "Send a shorter value, or give the field a max in the model.",
  },
  "PG:57014": {
    status: 400,
    message: "the request took too long and was stopped",
    hint: "Ask for fewer rows or embeds, filter by an indexed field, or raise limits.statementTimeoutMs.",
  },
  // Encrypted fields.
  UC330: {
    status: 400,
    message: "{field} is encrypted and can't be {what}",
    hint: "Select it; where the model says that it is findable, ask for equal values (eq, neq, in); null can always be asked.",
  },
  UC331: {
    status: 500,
    message: "{field} can't be decrypted: the stored value is not the one that was written for this row",
    hint: "Restore the row from a backup; whoever runs this backend looks for who changed the database past it.",
  },
  UC332: {
    status: 500,
    message: "{field} can't be decrypted: the key of its person is not in the key store",
    hint: "If the person was erased this is for ever; otherwise restore the key store.",
  },
  UC333: {
    status: 503,
    message: "encrypted fields can't be read or written: {why}",
    hint: "Bring the key store of this backend back; no new keys are made for rows that are there already.",
  },
  UC334: {
    status: 409,
    message: "{field} can't be written: the person was erased, with their key",
    hint: "Make a new row for a new person.",
  },
  // Requests of any kind.
  UC301: {
    status: 400,
    message: "The request has more than {max} {what}.",
    hint: "Ask for less at once, or raise limits.{setting}.",
  },
  UC302: {
    status: 405,
    message: "{entity} is a view and can't be written",
    hint: "Write the entity that it reads from.",
  },
  UC303: { status: 400, message: "{field} can't be changed once it is set", hint: "Leave it out." },
  UC304: {
    status: 400,
    message: "'{name}' can't be a key of the answer: it must have 1 to 63 bytes",
    hint: "Give it another alias: select=alias:field.",
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
  UC315: { status: 400, message: "the answer is too large", hint: "Ask for fewer rows, embeds or fields." },
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
    hint: "Collections are at /rest/<collection>; what there is at /auth is switched on by `accounts` (docs/sign-in.md).",
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
  // GraphQL.
  UC340: { status: 400, message: "the cursor is not one of this order", hint: "Use the same orderBy." },
  UC341: { status: 400, message: "{why}", hint: "Correct the document." },
  UC342: {
    status: 400,
    message: "the document has a {what} of {cost}, and at most {max} is allowed",
    hint: "Ask for less at once, or raise limits.{setting}.",
  },
  UC343: { status: 400, message: "{why}", hint: "Correct the request: see GraphQL over HTTP." },
  UC344: { status: 400, message: "{argument} {why}", hint: "{mend}" },
  UC345: { status: 405, message: "a mutation is not sent with {method}", hint: "Send it with POST." },
  UC346: { status: 415, message: "Content-Type not acceptable: {type}", hint: "Send application/json." },
  UC350: {
    status: 400,
    message: "only documents that were registered are answered here",
    hint: "Send the documentId of a registered document; undercroft graphql persist registers them.",
  },
  // The code and the text by which Apollo's and urql's clients know it.
  PERSISTED_QUERY_NOT_FOUND: {
    status: 400,
    message: "PersistedQueryNotFound",
    hint: "Register the document with undercroft graphql persist; nothing is registered by a request.",
  },
  // Consent.
  UC370: {
    status: 409,
    message: "version {version} of this purpose is not the one that holds now",
    hint: "Read {purposes} again, show the person its text, and grant the version that is current there.",
  },
  UC371: {
    status: 400,
    message: "who records for somebody else says why",
    hint: "Send {field}: how the person said so, such as on paper.",
  },
  UC372: {
    status: 409,
    message: "a consent is granted once and withdrawn once, and changes in no other way",
    hint: 'Withdraw an open one with {"status":"withdrawn"}; to consent again, create another.',
  },
  // Emergency overrides.
  UC380: {
    status: 400,
    message: "an emergency override needs a reason of 10 to 500 characters",
    hint: "Say in `reason` why it can't be done without; it is reviewed.",
  },
  UC381: {
    status: 403,
    message: "an emergency override is opened, ended and reviewed by people in a session of their own",
    hint: "Sign in as yourself: neither a key nor acting as somebody else will do.",
  },
  UC382: {
    status: 403,
    message: "an emergency override is reviewed by somebody else than who opened it",
    hint: "Leave the review to another person who has the role for it.",
  },
  UC383: {
    status: 409,
    message: "an emergency override is opened, ended once and reviewed once, and changes in no other way",
    hint: 'End an open one with {"status":"ended"}; review one with {"verdict":"justified"} or "unjustified", and a remark.',
  },
  // What people ask for about their own data.
  UC400: {
    status: 403,
    message: "what is asked about a person's data is asked and decided by people in a session of their own",
    hint: "Sign in as yourself: neither a key nor acting as somebody else will do.",
  },
  UC401: {
    status: 409,
    message: "the same is asked for this person already, and not decided or done",
    hint: "Read the open request; withdraw it while it is only asked for, and ask anew.",
  },
  UC402: {
    status: 409,
    message: "a request is asked, decided once and done, and changes in no other way",
    hint: 'Decide one that is asked or has failed with {"status":"granted"}, or "refused" and an answer; who asked takes it back with "withdrawn".',
  },
  UC403: {
    status: 403,
    message: "a request is decided by somebody else than the person whom it is about",
    hint: "Leave the decision to another privacy officer.",
  },
  UC404: {
    status: 400,
    message: "who refuses a request says why",
    hint: "Send `answer` with it: the person reads it (GDPR Art. 12(4)).",
  },
  UC405: {
    status: 400,
    message: "this person has no account that could be meant",
    hint: 'Leave out `scope`, or send "person".',
  },
  UC406: {
    status: 404,
    message: "there is nothing to fetch here",
    hint: "Look at the request: an export is fetched while it is granted and has not expired, a report when something was erased.",
  },
  UC407: {
    status: 409,
    message: "this export is being fetched already",
    hint: "Wait until that has ended; if it breaks off, it can be fetched again.",
  },
  UC408: {
    status: 503,
    message: "too many exports are being made at this moment",
    hint: "Try again in a minute.",
  },
  UC411: {
    status: 400,
    message: "this can't be corrected by a request",
    hint: 'With kind "rectify" send entity, row, field and value: a field with personal data that you see and that is not encrypted; with other kinds none of them.',
  },
  // Four eyes.
  UC384: {
    status: 403,
    message: "a call is approved or rejected by somebody else than who sent it",
    hint: "Leave it to another person, in a session of their own; neither a key nor acting as somebody else will do.",
  },
  UC385: {
    status: 409,
    message: "this call was decided, used or has expired",
    hint: "Read /rest/rpc/approvals for what still waits.",
  },
  UC386: {
    status: 404,
    message: "there is no such call that waits for you",
    hint: "Read /rest/rpc/approvals for those that do.",
  },
  UC387: {
    status: 403,
    message: "this call was rejected: {id}",
    hint: "Read why at /rest/rpc/approvals; another one can be sent when its time is over, or with another input.",
  },
  UC989: {
    status: 202,
    message: "this call waits for approval: {id}",
    hint: "Nothing was done yet. When somebody else has approved it (POST /rest/rpc/approvals/{id}/approve), send it again, as it was.",
  },
  // Actions; UC702, UC703 and UC704 are for authors to refuse with.
  PGRST101: { status: 405, message: "Cannot use the {method} method on RPC" },
  PGRST202: { status: 404, message: "Could not find the function '{action}' in the schema cache" },
  UC701: { status: 400, message: "{field} {why}", hint: "Correct the input; nothing was done." },
  UC702: { status: 409, message: "{why}", hint: "Look at how things are now, and decide again." },
  UC703: { status: 404, message: "{what} does not exist, or not for this caller" },
  UC704: { status: 403, message: "{why}", hint: "The rules of this action do not allow it." },
  UC705: {
    status: 400,
    message: "the action took too long and was stopped; nothing was done",
    hint: "Do less in one call, or raise limits.actionTimeoutMs.",
  },
  // Hooks.
  UC706: {
    status: 400,
    message: "an upsert of {entity} says all of {fields}",
    hint: "Send a value for each: by them it is known which rows are there.",
  },
  // The server itself.
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
} as const
