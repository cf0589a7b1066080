/** Door by door, the checks that a request meets, in their order: `test/doors.pg.test.ts` holds the doors to it. */

export interface DoorCheck {
  /** What is checked. */
  readonly check: string
  /** The function that does it, and its file. */
  readonly by: readonly [name: string, file: string]
  /** The code of its refusal. */
  readonly code: string
}

const limit: DoorCheck = { check: "limit", by: ["createHttpServer", "src/http/server.ts"], code: "UC318" }
const authenticate: DoorCheck = {
  check: "authenticate",
  by: ["createAuthenticate", "src/auth/authenticate.ts"],
  code: "PGRST301",
}
/** Row-level security, for every door: forced, in the same statement. */
const authorise: DoorCheck = {
  check: "authorise",
  by: ["createPolicies", "src/sql/machinery.ts"],
  code: "42501",
}
const execute: DoorCheck = {
  check: "execute",
  by: ["explainDatabaseError", "src/engine/database-error.ts"],
  code: "23505",
}

/** The first that refuses is the answer. */
export const doorChecks: Readonly<Record<string, readonly DoorCheck[]>> = {
  "/rest/<collection>": [
    limit,
    authenticate,
    { check: "media", by: ["parseAccept", "src/rest/media-type.ts"], code: "PGRST107" },
    { check: "cost", by: ["parseQuery", "src/rest/parse-query.ts"], code: "UC301" },
    { check: "parse", by: ["createToOperation", "src/rest/to-operation.ts"], code: "PGRST102" },
    { check: "plan", by: ["planOperation", "src/query/plan.ts"], code: "42703" },
    authorise,
    execute,
  ],
  "/rest/rpc/<name>": [
    limit,
    authenticate,
    { check: "name", by: ["addRpcDoor", "src/rest/rpc-door.ts"], code: "PGRST202" },
    { check: "method", by: ["addRpcDoor", "src/rest/rpc-door.ts"], code: "PGRST101" },
    { check: "media", by: ["parseAccept", "src/rest/media-type.ts"], code: "PGRST107" },
    { check: "parse", by: ["parseObject", "src/rest/read-body.ts"], code: "PGRST102" },
    { check: "authorise", by: ["createPrepareAction", "src/actions/run-action.ts"], code: "42501" },
    { check: "input", by: ["parseInput", "src/actions/schema.ts"], code: "UC701" },
    { ...execute, by: ["explainActionError", "src/actions/action-error.ts"] },
  ],
  "/graphql": [
    limit,
    authenticate,
    { check: "media", by: ["readAccept", "src/graphql/read-request.ts"], code: "PGRST107" },
    { check: "parse", by: ["readBody", "src/graphql/read-request.ts"], code: "UC343" },
    { check: "size", by: ["checkSize", "src/graphql/measure.ts"], code: "UC342" },
    { check: "plan", by: ["createDocuments", "src/graphql/documents.ts"], code: "UC341" },
    { check: "cost", by: ["checkCost", "src/graphql/roots.ts"], code: "UC342" },
    authorise,
    execute,
  ],
  "/rest/rpc/approvals/<id>/approve": [
    limit,
    authenticate,
    { check: "parse", by: ["readVerdict", "src/rest/approvals-door.ts"], code: "PGRST102" },
    { check: "authorise", by: ["createApprovals", "src/actions/approvals.ts"], code: "UC386" },
  ],
  "/audit/export": [
    authenticate,
    { check: "authorise", by: ["addExportDoor", "src/audit/export-door.ts"], code: "42501" },
    { check: "parse", by: ["readAsked", "src/audit/export-door.ts"], code: "UC977" },
  ],
  "/openapi.json": [authenticate],
  "/auth/sign-in/email": [
    limit,
    { check: "parse", by: ["readMembers", "src/accounts/read-request.ts"], code: "BAD_REQUEST" },
    { check: "count", by: ["takeAttempt", "src/accounts/guard.ts"], code: "TOO_MANY_ATTEMPTS" },
    { check: "origin", by: ["accountOptions", "src/accounts/create-accounts.ts"], code: "INVALID_ORIGIN" },
    { check: "address", by: ["checkEmail", "src/accounts/normal-emails.ts"], code: "INVALID_EMAIL" },
    {
      check: "password",
      by: ["verifyPassword", "src/accounts/passwords.ts"],
      code: "INVALID_EMAIL_OR_PASSWORD",
    },
  ],
  "/auth/admin/set-role": [
    limit,
    authenticate,
    { check: "recent", by: ["checkFresh", "src/accounts/accounts-door.ts"], code: "UC612" },
    { check: "origin", by: ["accountOptions", "src/accounts/create-accounts.ts"], code: "INVALID_ORIGIN" },
    {
      check: "authorise",
      by: ["plugins", "src/accounts/create-accounts.ts"],
      code: "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE",
    },
  ],
}

/** As ARCHITECTURE.md has it. */
export function printDoorChecks(): string {
  const rows = Object.entries(doorChecks).map(
    ([door, checks]) =>
      `| \`${door}\` | ${checks.map(({ check, by, code }) => `${check} (\`${by[0]}\`: ${code})`).join(" → ")} |`,
  )
  return [
    "| door | checks, in their order, with who does them and what they refuse with |",
    "|---|---|",
    ...rows,
  ].join("\n")
}
