/** The tests of the platform that evidence points at, by file. Written by `npm run evidence:tests`; a test holds it true. */
// biome-ignore-all format: it is written by a program.

export const platformTests: Readonly<Record<string, readonly string[]>> = {
  "src/accounts/provider-forged.pg.test.ts": [
    "as an access token (TR-03161-3 Auth_21)",
  ],
  "src/accounts/provider-tokens.pg.test.ts": [
    "a code, by an application that proves itself (TR-03161-3 Auth_2)",
    "ends when the person signs out (TR-03161-3 Auth_17), and renewing is a use of the session",
  ],
  "src/accounts/provider.pg.test.ts": [
    "an ID token holds what it must, and nothing of the person but the identifier (TR-03161-3 Auth_19, Auth_20)",
  ],
  "src/actions/actions.pg.test.ts": [
    "in what is selected, and in what is hidden of it",
    "is asked of the caller, and of facts in the database",
    "an input that does not fit is named by its field, before anything is done",
  ],
  "src/actions/as-system.pg.test.ts": [
    "that fails undoes all of the action, and leaves no record",
  ],
  "src/actions/hooks.pg.test.ts": [
    "of five rows the third is refused, and nothing is left",
  ],
  "src/auth/jwt.test.ts": [
    "CVE-2026-44457 Hono: callers share claims but can't change them, and never get each other's",
    "SSRF: never asks where a token's header points to",
  ],
  "src/cli/command-access.test.ts": [
    "as a page that needs nothing else, everything escaped",
  ],
  "src/cli/command-dev.pg.test.ts": [
    "start accepts no development token and puts no data in, unless it is told to",
  ],
  "src/cli/log-line.test.ts": [
    "nothing in it steers a terminal or begins another line",
  ],
  "src/cli/run-line.test.ts": [
    "%j is refused in production",
  ],
  "src/evidence/gather.pg.test.ts": [
    "GDPR Art. 30: the record of processing activities says what the model and the definition say",
  ],
  "src/evidence/software-list.test.ts": [
    "TR-03161-3 TrdP_1, ASVS 15.1.2: every locked package is listed once, with version, checksum and what it needs",
  ],
  "src/graphql/attacks.pg.test.ts": [
    "documents as large as is allowed are answered",
  ],
  "src/graphql/hidden.pg.test.ts": [
    "introspection can be switched off",
  ],
  "src/graphql/mutations.pg.test.ts": [
    "no value of a request stands in an error",
  ],
  "src/graphql/registered-documents.pg.test.ts": [
    "alone, they keep out every other document, introspection included",
  ],
  "src/http/cors.pg.test.ts": [
    "%s reads nothing",
  ],
  "src/model/subject.test.ts": [
    "a model that leaves it open does not build",
  ],
  "src/openapi/describe-api.test.ts": [
    "a rule that can't be answered says no",
  ],
  "src/openapi/openapi-door.pg.test.ts": [
    "every route of the server is in the whole document",
    "what is read fits what is said",
    "differ by what callers know, and only by that",
  ],
  "src/store/embedded.pg.test.ts": [
    "neither values nor the password reach the log",
  ],
  "src/store/pool.pg.test.ts": [
    "no login is a 503, not the caller's fault",
    "a statement that takes too long is stopped by PostgreSQL",
  ],
  "test/clinic-accounts.pg.test.ts": [
    "what was revoked or changed holds in the next request, through GraphQL, too",
  ],
  "test/clinic-actions.pg.test.ts": [
    "of a hundred who try at once, one gets the slot",
  ],
  "test/crash/crash.test.ts": [
    "the server is killed: the next start is clean, and all that was acknowledged is there",
    "stopped in the middle of writes, it answers what is under way and leaves a clean shutdown",
  ],
  "test/database/check-database.pg.test.ts": [
    "everything that is wrong is told at once",
  ],
  "test/database/facts.pg.test.ts": [
    "within one transaction, from one statement to the next",
  ],
  "test/database/forged-caller.pg.test.ts": [
    "CVE-2026-44457 GHSA-6vg3-hgrw-p5gf: a forged caller (%s)",
    "a bound caller does not outlive its transaction",
    "what the API may call is what it needs",
  ],
  "test/database/read-shapes.pg.test.ts": [
    "every shape over %s, each caller after another on one connection",
    "canary: $bug is found over $form",
  ],
  "test/database/write-rules.pg.test.ts": [
    "refuses %s to who may not, and lets who may",
    "CVE-2025-61928: %s can't be named in an update, an upsert or a merge",
    "Lighthouse-2744: a reference to what can't be seen is refused as one to nothing",
    "a failing check, a missing value or a value too long quotes no row",
  ],
  "test/database/write-shapes.pg.test.ts": [
    "every shape over %s, each caller after another",
  ],
  "test/doors.pg.test.ts": [
    "ARCHITECTURE.md has the table, and who is named in it is there",
    "%s touches only what its caller may read",
  ],
  "test/hostile/bodies.pg.test.ts": [
    "every header, every value",
    "every body, every method",
    "random bytes, and random damage to a body that is right",
  ],
  "test/hostile/grammar.pg.test.ts": [
    "reads: every name in every place",
    "relations multiplied with each other are stopped, and the server goes on",
    "a hidden field is refused like one that does not exist, in every place",
  ],
  "test/hostile/sockets.pg.test.ts": [
    "nothing was smuggled in",
    "100 MB in chunks are refused after two",
    "a request that trickles in is not waited for for ever",
  ],
  "test/hostile/values.pg.test.ts": [
    "bodies: every kind, every value",
    "filters: every kind, every operator, many values",
  ],
  "test/safe-repeats.pg.test.ts": [
    "no two callers have one, even over the same rows",
    "what is about people is not stored, whatever is selected of it",
    "a row that has changed since is 412 and stays; the tag of an answer is good for it",
    "many at once have one effect, and one answer",
  ],
  "tools/fuzz/run.test.ts": [
    "%s is caught",
  ],
  "tools/tidy.test.ts": [
    "finds the house in order",
    "finds a platform's package that npm left out, and an address",
  ],
}
