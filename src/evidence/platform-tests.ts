/** The tests of the platform that evidence points at, by file. Written by `npm run evidence:tests`; a test holds it true. */
// biome-ignore-all format: it is written by a program.

export const platformTests: Readonly<Record<string, readonly string[]>> = {
  "src/accounts/api-keys.pg.test.ts": [
    "TR-03161-3 Auth_9: unknown keys of one network are slowed down like other guesses, good ones are not",
    "TR-03161-3 Auth_16: a key ends: when it is deleted, disabled, expired, or its owner locked",
  ],
  "src/accounts/client-address.test.ts": [
    "behind proxies it is the nearest hop that is none, whatever the client wrote before it (CVE-2025-64526)",
  ],
  "src/accounts/email-address.test.ts": [
    "%j is no address (GHSA-7rqj-j65f-68wh)",
    "codes are those of RFC 6238, and of one step",
  ],
  "src/accounts/email-change.pg.test.ts": [
    "TR-03161-3 Auth_12: an address is changed only by whoever signed in a moment ago, and proved the one they have",
    "TR-03161-3 Auth_13: who did not change their address takes the account back, and what came since is gone",
  ],
  "src/accounts/events.pg.test.ts": [
    "a sign-up, a failure, a sign-in and a sign-out are written down with who, how and where",
    "TR-03161-3 Pass_4: changes of passwords and second factors are written down, without them",
    "HIPAA 164.312(b): each event is an entry of the record, too, in the same transaction",
  ],
  "src/accounts/guessing.pg.test.ts": [
    "TR-03161-3 Auth_9: from one place an account can be guessed at five times, then the wait doubles",
    "a body that could be read in two ways is not read at all",
    "TR-03161-3 Auth_6, Auth_9: many networks slow an account down, but not its owner where they are known",
    "a client's word about where it is counts only through a proxy that is trusted",
    "known and unknown accounts are answered alike (CVE-2026-26185)",
  ],
  "src/accounts/mail.pg.test.ts": [
    "a forgotten password is replaced, and all sessions end (CVE-2026-22706)",
    "what people typed stands in no mail",
    "a page reads no token of a session; a program does",
  ],
  "src/accounts/new-tokens.pg.test.ts": [
    "a page is told no token",
  ],
  "src/accounts/oauth-forged.pg.test.ts": [
    "an ID token that is not believed: %s",
  ],
  "src/accounts/oauth-issuers.pg.test.ts": [
    "an issuer that is away, or calls itself something else, is no way in, and keeps nobody else out",
  ],
  "src/accounts/oauth.pg.test.ts": [
    "somebody new comes in, comes again as the same, and nothing of the provider's is kept",
    "what is asked of the provider is ours alone: PKCE, nonce, state, scopes",
    "the same subject of two issuers is two people (CVE-2026-25574)",
    "a state is good once, in its browser and for its provider",
    "a parameter that comes twice is none; a form's answer is asked for again with cookies",
    "nobody is sent elsewhere, and what a request says of its host counts for nothing (GHSA-3529-5m8x-rpv3)",
    "pages of other origins start no sign-in and no link",
  ],
  "src/accounts/owners.pg.test.ts": [
    "a session that somebody was made to use is not the one they get (CVE-2025-4644)",
    "TR-03161-3 Auth_13: who did not change their password takes the account back",
    "TR-03161-3 Auth_13: each change of what proves who somebody is, is told, and ends their other sessions",
    "TR-03161-3 Auth_12, Auth_13: what an administrator changes ends sessions, is told, and can be undone",
    "TR-03161-3 Auth_8: a device that was not seen before is told, once",
    "nothing in the database is a token, a key, a code or a password",
  ],
  "src/accounts/password-door.pg.test.ts": [
    "no other site's form replaces a password or asks for mails",
  ],
  "src/accounts/password-policy.test.ts": [
    "TR-03161-3 Pass_1: length over composition, in characters as people count them",
    "what everybody tries first is refused, whatever the case",
    "what anyone can look up is no secret, but may stand in a longer one",
    "every line of it is found, in every form it comes in, and nothing else",
  ],
  "src/accounts/passwords.pg.test.ts": [
    "TR-03161-3 Pass_1, Pass_3: a bad password is refused at every door, and the reason is said",
    "no character is dropped, and composed ones are the same however they are typed",
    "TR-03161-3 Pass_5: what is stored is argon2id with a salt of its own",
    "TR-03161-3 Pass_2: how strong a password is, is kept nowhere",
    "ASVS 6.4.1: a password that somebody was given ends, unless they choose their own, which is another one",
  ],
  "src/accounts/provider-forged.pg.test.ts": [
    "TR-03161-3 Auth_21: as an access token",
  ],
  "src/accounts/provider-requests.pg.test.ts": [
    "redirect_uri is compared character by character",
    "a mistake elsewhere in the request leads to no address that is not registered (open redirect)",
    "a scope that is another application's",
    "response_type %j",
    "what does not exist",
  ],
  "src/accounts/provider-tokens.pg.test.ts": [
    "TR-03161-3 Auth_2: a code, by an application that proves itself",
    "with a wrong verifier is told as RFC 7636 says, and is used up",
    "is good once, and what it gave ends when it comes again",
    "is good for a minute",
    "there is no grant %s",
    "that comes again ends all that came of it",
    "ends with a session that is %s, and so do access tokens and codes (CVE-2026-22706)",
    "TR-03161-3 Auth_17: ends when the person signs out, and renewing is a use of the session",
    "asks first where no ID token says whose session it is, and can't be framed",
  ],
  "src/accounts/provider.pg.test.ts": [
    "TR-03161-3 Data_5: the keys are public, long, and nothing of them can be used in the database",
    "TR-03161-3 Auth_19, Auth_20: an ID token holds what it must, and nothing of the person but the identifier",
    "agreeing to what was not asked, or was changed on the way, is refused",
  ],
  "src/accounts/prune-events.pg.test.ts": [
    "TR-03161-3 Data_7: events go when their time is over, by batches, and whoever has the accounts' role can't hasten it",
  ],
  "src/accounts/randomness.test.ts": [
    "TR-03161-3 Rand_1: no room that makes tokens, keys or identifiers knows another source of chance",
  ],
  "src/accounts/required-factor.pg.test.ts": [
    "TR-03161-3 Auth_4: with one factor of two nothing is answered, until the second is proved",
    "TR-03161-3 Auth_5: who needs no second factor comes in with one, as the definition decides",
  ],
  "src/accounts/routes-decided.test.ts": [
    "each route that changes something has been decided about",
  ],
  "src/accounts/routes-told.test.ts": [
    "every route is told, and no other",
  ],
  "src/accounts/rules.pg.test.ts": [
    "TR-03161-3 Auth_5: what a rule wants a second factor for is refused with what to do, and given once it is proved",
    "TR-03161-3 Auth_4: a second factor that is switched on is needed on every way in",
    "a token of an issuer tells how its holder proved who they are (RFC 8176)",
  ],
  "src/accounts/saml-forged.pg.test.ts": [
    "TR-03161-3 Auth_21: an answer that is not believed: %s",
    "TR-03161-3 Source_1: what is too large, sent twice or no form is not read",
  ],
  "src/accounts/saml.pg.test.ts": [
    "an assertion and a request are good once, also for twenty at the same time",
    "TR-03161-3 Auth_4: the second factor is asked for, unless the definition takes the provider's word for it",
  ],
  "src/accounts/second-factor.pg.test.ts": [
    "the second wall: a session with one factor of two is none, whoever made it, on every route",
    "a code of an app counts once, in a hundred attempts at once and after (CVE-2026-1035)",
    "a recovery code counts once, in a hundred attempts at once and after (CVE-2026-33624)",
    "links, codes and reset tokens count once, in a hundred attempts at once (CVE-2026-33624)",
    "codes are not guessed: a challenge ends after five attempts, a mailed code after three",
    "each rise rotates the token, and the old one ends",
    "changing the password keeps what was proved, and ends all other sessions",
    "TR-03161-3 Auth_12: what proves who somebody is, is changed by who proved it a moment ago",
  ],
  "src/accounts/sessions.pg.test.ts": [
    "a session is its person, by header and by cookie",
    "TR-03161-3 Auth_18: no token of a session is in the database",
    "TR-03161-3 Auth_17: a session that is signed out is deleted and refused at once, and so is one that is none",
    "TR-03161-3 Auth_3: roles are those of now, and what a session may see follows them in its next request",
    "TR-03161-3 Auth_10: a session ends when nobody uses it",
    "TR-03161-3 Auth_11: a session that is in use ends, too, and no use makes it longer",
    "a session ends with the account",
    "TR-03161-3 Auth_15: identifiers of people and sessions are random and long",
    "a page of somebody else's can't act with a cookie",
    "TR-03161-3 Auth_16: a session is ended by its identifier: one's own, and by an administrator anyone's",
    "TR-03161-3 Auth_16: all of one's sessions are ended at once, or all others",
    "TR-03161-3 Auth_18: a cookie is for this host, encrypted connections and no script; nothing is kept on the way",
    "TR-03161-3 Auth_20: a sign-in's answer holds what it must, and nothing of what is secret",
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
  "src/audit/anchors.pg.test.ts": [
    "CVE-2026-35409: a webhook gets the head until it takes it, signed, never by a redirect; an outage is one alert",
    "CVE-2026-35409, CVE-2026-24767: no anchor is looked for in a private network, by name, by number or in disguise, unless it was named",
  ],
  "src/audit/prove.pg.test.ts": [
    "TR-03161-3 Arch_11: one file checks a proof by a key or an anchor, with no database and no package",
  ],
  "src/audit/prune.pg.test.ts": [
    "GDPR Art. 5(1)(e): whole batches go with their values and partitions; the rest verifies, again and again, and is proved",
  ],
  "src/audit/sealer.pg.test.ts": [
    "TR-03161-3 Org_3: an anchor that fails is told and on record once, and given the next head",
    "GDPR Art. 17: erased personal values leave the entry and its proof valid, if the erasure is on record",
    "the API role can reach nothing of the record, the sealer's role changes nothing that is sealed",
  ],
  "src/audit/tamper.pg.test.ts": [
    "HIPAA 164.312(c), TR-03161-3 Arch_11: a hundred tamperings of every kind are found and named",
  ],
  "src/auth/check-namespaces.test.ts": [
    "ASVS 10.3.3: a definition where two sources of ids could give the same one does not build: %s",
  ],
  "src/auth/jwt.test.ts": [
    "$name: $code $message",
    "several issuers",
    "TR-03161-3 Auth_21: with the clock",
    "CVE-2026-44457 Hono: callers share claims but can't change them, and never get each other's",
    "SSRF: never asks where a token's header points to",
    "TR-03161-3 Auth_21: a token with one character changed",
  ],
  "src/auth/namespaces.pg.test.ts": [
    "ASVS 10.3.3, CVE-2026-25574: the same sub of two issuers is two people, and neither is an account here",
  ],
  "src/cli/command-access.test.ts": [
    "as a page that needs nothing else, everything escaped",
  ],
  "src/cli/command-audit.pg.test.ts": [
    "TR-03161-3 Data_5: a new key is announced by the old one, on record, sealed and anchored at once, and its private half is told nowhere",
    "HIPAA 164.312(c)(2): a change by a superuser is found, its entry named, with an exit code that tells",
    "GDPR Art. 33: what a credential touched in a period is told by person and field, sealed or not",
  ],
  "src/cli/command-dev.pg.test.ts": [
    "start accepts no development token and puts no data in, unless it is told to",
  ],
  "src/cli/command-key.pg.test.ts": [
    "ASVS 6.4.1: a password that is made for somebody is random, and good for a day",
  ],
  "src/cli/command-privacy.pg.test.ts": [
    "GDPR Art. 25(1), TR-03161-3 Data_3: a dataset for analysis is written, told of and on record",
    "TR-03161-3 Data_2: what is on hold stays, and what is not goes, once it is no rehearsal",
    "TR-03161-3 Data_7: a person is exported and erased, once, and stands in the ledger",
  ],
  "src/cli/log-line.test.ts": [
    "nothing in it steers a terminal or begins another line",
  ],
  "src/cli/run-line.test.ts": [
    "%j is refused in production",
  ],
  "src/evidence/gather.pg.test.ts": [
    "TR-03161-3 Data_1: what is in the clear is met only where the builder says why: %s",
    "GDPR Art. 30: the record of processing activities says what the model and the definition say",
  ],
  "src/evidence/software-list.test.ts": [
    "TR-03161-3 TrdP_1, ASVS 15.1.2: every locked package is listed once, with version, checksum and what it needs",
  ],
  "src/graphql/attacks.pg.test.ts": [
    "documents as large as is allowed are answered",
  ],
  "src/graphql/explorer.pg.test.ts": [
    "lets its one script and its one style run, and nothing from elsewhere",
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
  "src/http/server.test.ts": [
    "ASVS 3.2.1, 3.4.3, 3.4.4, 3.4.5, 3.4.6, 4.1.1: %s says what it is, and what browsers may do with it: nothing",
    "TR-03161-3 Source_3, ASVS 16.3.4: an error that nobody thought of is told to the log with its cause, and to nobody else (%s)",
  ],
  "src/keys/opened-values.test.ts": [
    "TR-03161-3 Data_1: a value is given for the key that opened it and the whole of what is stored",
  ],
  "src/model/build-dataset.test.ts": [
    "GDPR Art. 25(1): %s is taken as a quasi-identifier",
    "GDPR Art. 25(2), TR-03161-3 Data_3: %s is refused as a quasi-identifier",
    "GDPR Art. 25(2): %s is refused as a value",
    "GDPR Art. 5(1)(b): a dataset with %s is refused",
  ],
  "src/model/consent.test.ts": [
    "TR-03161-3 Purp_4: a purpose with %s does not build",
    "TR-03161-3 Purp_4: who may grant and not withdraw, or delete, does not build",
    "TR-03161-3 Purp_3: a rule that asks for %s does not build",
  ],
  "src/model/subject.test.ts": [
    "a model that leaves it open does not build",
  ],
  "src/openapi/describe-api.test.ts": [
    "a rule that can't be answered says no",
  ],
  "src/openapi/docs-page.test.ts": [
    "denies everything else, and no markup would need it",
    "the script is a script, and makes nothing but text of what it is told",
  ],
  "src/openapi/openapi-door.pg.test.ts": [
    "every route of the server is in the whole document",
    "what is read fits what is said",
    "differ by what callers know, and only by that",
  ],
  "src/rest/read-body.test.ts": [
    "a key of the prototype's is a key like any other",
  ],
  "src/rest/rest-door.pg.test.ts": [
    "ASVS 14.2.1: what is searched for is asked in the body by QUERY, and nothing of it in the address",
  ],
  "src/store/check-log.pg.test.ts": [
    "TR-03161-3 Data_7: the start says so, and what to set",
  ],
  "src/store/embedded.pg.test.ts": [
    "the url can be read and changed as a URL, and a wrong password is refused",
    "neither values nor the password reach the log",
  ],
  "src/store/pool.pg.test.ts": [
    "no login is a 503, not the caller's fault",
    "a statement that takes too long is stopped by PostgreSQL",
  ],
  "test/canaries.pg.test.ts": [
    "TR-03161-3 Data_7, GDPR Art. 17: canaries through every door are nowhere after erasure, and were in the export",
  ],
  "test/certificates.test.ts": [
    "TR-03161-3 Ntwk_3, ASVS 12.3.2: %s with a certificate that nobody trusts is told nothing",
  ],
  "test/clinic-accounts.pg.test.ts": [
    "what was revoked or changed holds in the next request, through GraphQL, too",
  ],
  "test/clinic-actions.pg.test.ts": [
    "of a hundred who try at once, one gets the slot",
  ],
  "test/consents.pg.test.ts": [
    "TR-03161-3 Purp_4, GDPR Art. 7(3): everyone reads what they would agree to, and what follows from withdrawing",
    "TR-03161-3 Purp_3: nothing is read for a purpose that nobody consented to",
    "TR-03161-3 Purp_2, GDPR Art. 7(1): is the person's own act, in the words that were shown",
    "TR-03161-3 Purp_2: refuses an outdated version, and says where the current one stands",
    "TR-03161-3 Purp_4, GDPR Art. 7(3): takes effect in the next statement, at every door",
    "TR-03161-3 Purp_5, GDPR Art. 7(1): the history stays: nothing of a consent is overwritten or deleted",
    "TR-03161-3 Purp_3: a consent to a version that no longer counts is none",
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
  "test/database/record-reads.pg.test.ts": [
    "HIPAA 164.312(b), TR-03161-3 Arch_11: each read that the model marks is on record",
    "TR-03161-3 Ntwk_7: SQL with the API role's login can't pass for a statement of the engine",
  ],
  "test/database/record-refusals.pg.test.ts": [
    "HIPAA 164.312(b): %s",
    "TR-03161-3 Ntwk_8: a connection that ends before it was a request is on record, with where it came from",
  ],
  "test/database/record-writes.pg.test.ts": [
    "HIPAA 164.312(b), TR-03161-3 Arch_11: each write is on record, with who, from where and what",
    "TR-03161-3 Ntwk_7: nothing is done that is not on record",
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
  "test/datasets.pg.test.ts": [
    "GDPR Art. 25(1), Art. 89(1), TR-03161-3 Data_3: random data, random declarations",
    "GDPR Art. 32(1)(a): pseudonyms are another run's only where it says so, and another dataset's never",
    "TR-03161-3 Purp_3: whoever withdrew, or agreed to an older text, is not in it",
  ],
  "test/doors.pg.test.ts": [
    "ARCHITECTURE.md has the table, and who is named in it is there",
    "TR-03161-3 Auth_7: each comes before all that follow it",
    "%s touches only what its caller may read",
  ],
  "test/encrypted/attacks.pg.test.ts": [
    "TR-03161-3 Cryp_2: an encrypted value opens only where it was written",
    "TR-03161-3 Cryp_6: another key-encryption key does not start",
    "TR-03161-3 Cryp_7: the key-encryption key: every key is wrapped anew, and no read fails",
    "TR-03161-3 Cryp_7: every person's key: values are encrypted anew, rows stay as they are, and no read fails",
    "TR-03161-3 Arch_3, Cryp_3: the inventory names every purpose and algorithm, and no key",
  ],
  "test/encrypted/erase.pg.test.ts": [
    "GDPR Art. 15, Art. 20: the export has encrypted values in the clear, and the import encrypts them under keys of its own",
    "GDPR Art. 17: without the keys, or where the store is lost, nothing is erased",
    "GDPR Art. 17: a key that could not be destroyed is told, and the second run destroys it",
    "GDPR Art. 17: a row that something keeps keeps its key, and can be read",
    "GDPR Art. 17: an answer that is kept encrypted is erased where it tells of the person, and others are given again",
    "GDPR Art. 17: requests for an approval say nothing more of who asked, and can't be used; others' stay",
    "TR-03161-3 Data_7, GDPR Art. 17: with a person goes their key: no old copy opens, and a restored backup is erased again",
  ],
  "test/encrypted/key-stores.pg.test.ts": [
    "what is destroyed is not listed, not replaced, and never made again (GDPR Art. 17)",
    "TR-03161-3 Cryp_6: two nodes that begin on an empty store have one set of keys; another key-encryption key opens none",
    "TR-03161-3 Cryp_6: held keys are not read again while nothing changed; one that another node destroyed is gone in time",
    "TR-03161-3 Cryp_5: keys of one purpose are no keys of another, and a person's are their own",
    "TR-03161-3 Data_1: the directory holds no key in the clear, names no person, and is its owner's alone",
    "TR-03161-3 Cryp_4: %j is refused as a key-encryption key",
  ],
  "test/encrypted/lost-key.pg.test.ts": [
    "TR-03161-3 Cryp_6: a single key that is lost is never made anew, and comes back with a backup of the keys",
  ],
  "test/encrypted/redaction.pg.test.ts": [
    "TR-03161-3 Data_1: no file of the database holds an encrypted value: heap, indexes, write-ahead log",
  ],
  "test/erase-kill.pg.test.ts": [
    "GDPR Art. 15: an export that is killed leaves no file under its name, and the next one is whole",
    "GDPR Art. 17: an erasure that is killed anywhere never leaves a false report or rows without their key, and is completed",
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
    "%s",
    "nothing was smuggled in",
    "100 MB in chunks are refused after two",
    "a request that trickles in is not waited for for ever",
  ],
  "test/hostile/values.pg.test.ts": [
    "bodies: every kind, every value",
    "filters: every kind, every operator, many values",
  ],
  "test/overrides.pg.test.ts": [
    "HIPAA 164.312(a)(2)(ii): in an emergency, with a reason, a doctor reads and writes one person's data, and what hangs on it",
    "TR-03161-3 Auth_4: one that takes a second factor is not opened without, and does not hold without",
    "TR-03161-3 Auth_7: nobody breaks the glass while acting as somebody else, nor reviews so",
    "EHDS Art. 9: everything done under it is marked on record, and nothing else is",
    "those whom the declaration names are told by mail, and who opened it; neither why nor whose data",
  ],
  "test/package.test.ts": [
    "holds what people run and read, and nothing else",
  ],
  "test/privacy-requests.pg.test.ts": [
    "GDPR Art. 15, GDPR Art. 20: people fetch a copy of their data by themselves, once, made while it is fetched",
    "TR-03161-3 Data_7, GDPR Art. 17: people have all their data and their account erased, as an officer grants; the signed report stays",
    "GDPR Art. 18: processing is restricted and lifted as people ask and an officer grants",
    "GDPR Art. 16: people ask for a correction, which an officer grants; who was given the data is named, and the value goes with them",
  ],
  "test/record/alert-webhook.pg.test.ts": [
    "TR-03161-3 Org_3: an alert is posted, signed, and names nobody; while it is not taken it waits in the record",
  ],
  "test/record/alerts.pg.test.ts": [
    "TR-03161-3 Org_3: many refusals of one caller raise an alert when they are sealed, once, which names nobody",
  ],
  "test/record/every-door.pg.test.ts": [
    "HIPAA 164.312(b): exactly one entry each, through the door %s",
    "HIPAA 164.312(b): SQL of whoever runs the database: %s",
  ],
  "test/record/export.pg.test.ts": [
    "CEF and OCSF are a line each; a period is kept to",
    "GDPR Art. 30: who exported is on record before the first byte, and each page as a read",
  ],
  "test/record/readers.pg.test.ts": [
    "HIPAA 164.312(b): an auditor examines who did what, sealed and waiting, by the usual grammar",
    "GDPR Art. 15(1)(c), EHDS Art. 9: a person sees who saw which of their data, when, and what for",
  ],
  "test/record/seed.pg.test.ts": [
    "TR-03161-3 Arch_11: a seed is one entry, which counts its rows and tells none of their values",
  ],
  "test/record/syslog.pg.test.ts": [
    "TR-03161-3 Arch_11: a server gets every entry once, in order, over TCP, and another process goes on with what is new",
  ],
  "test/retention.pg.test.ts": [
    "TR-03161-3 Data_2, Data_7: what is past its time is gone, children before their parents, and nothing else is touched",
    "TR-03161-3 Data_7: a `retain` with %s does not build",
  ],
  "test/rights-erase.pg.test.ts": [
    "GDPR Art. 17: a rehearsal changes nothing, and a legal hold keeps all",
    "TR-03161-3 Data_7, GDPR Art. 17: after erasure none of it is in a table, a file, an index, a log or the record, which still holds",
    "GDPR Art. 17: people are erased while others write, each row once, nobody else's",
  ],
  "test/rights-export.pg.test.ts": [
    "GDPR Art. 15, TR-03161-3 Purp_5: has every row, the consents, the account, and who did what with it; nothing of others, and no secret",
    "GDPR Art. 20: each table meets its schema, and its CSV runs nothing",
    "GDPR Art. 20: an empty backend of the same model has equal rows after the import; what does not fit is refused whole",
  ],
  "test/rights-restrict.pg.test.ts": [
    "GDPR Art. 18: restricted rows are neither read nor written, at one step and at several, until it is lifted",
  ],
  "test/safe-repeats.pg.test.ts": [
    "no two callers have one, even over the same rows",
    "what is about people is not stored, whatever is selected of it",
    "a row that has changed since is 412 and stays; the tag of an answer is good for it",
    "many at once have one effect, and one answer",
  ],
  "test/sign-in-concept.pg.test.ts": [
    "TR-03161-3 Auth_1: %s lasts %s",
    "TR-03161-3 Auth_1: %s ends %s",
    "TR-03161-3 Auth_14: nobody but an administrator acts for others, whatever their role is called",
    "TR-03161-3 Auth_14: the roles that log in to the database can do what is stated, and no more",
  ],
  "test/source-code.test.ts": [
    "TR-03161-3 Cryp_1: no key and no secret stands in the source code, and one that did would be found",
    "TR-03161-3 Cryp_3, ASVS 11.1.2, 11.2.3, 11.3.1, 11.3.2, 11.4.1, 11.4.3: algorithms are those of a list, each where it belongs",
    "TR-03161-3 Cryp_2, ASVS 11.2.1, 11.6.1: primitives come from implementations that are named, none from code of our own",
    "ASVS 1.2.5: programs are started by few files, never through a shell",
    "ASVS 1.3.2, 1.3.7: no code is made of texts, and there is no language of templates",
    "ASVS 1.2.9: no regular expression is made of what was sent",
  ],
  "tools/fuzz/run.test.ts": [
    "%s is caught",
  ],
  "tools/tidy.test.ts": [
    "finds the house in order",
    "finds a platform's package that npm left out, and an address",
  ],
}
