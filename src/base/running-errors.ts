/** What those who run a backend get told. */
export const runningErrors = {
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
  UC508: { status: 503, message: "The data in {path} can't be used: {why}.", hint: "{mend}" },
  UC509: {
    status: 503,
    message: "PostgreSQL does not accept the password in {file}.",
    hint: "Delete the file and start again: a new password will be set.",
  },
  UC510: {
    status: 503,
    message: "PostgreSQL ended by itself ({how}) and is started again.",
    hint: "Read {log}.",
  },
  // Emergency overrides.
  UC985: {
    status: 500,
    message: "The emergency override {kind} tells people by mail, and nobody sends any.",
    hint: "Set UNDERCROFT_MAIL_FROM and UNDERCROFT_SMTP_URL, or `mail` in `accounts`; or leave out `notify`.",
  },
  UC986: {
    status: 503,
    message: "Emergency overrides could not be looked for, so that nobody is told of them.",
    hint: "It is tried again every few seconds; look whether PostgreSQL answers.",
  },
  UC987: {
    status: 500,
    message:
      "The action {action} waits for approval, and its input can't be kept without a secret of 32 bytes.",
    hint: "Set UNDERCROFT_SECRET, such as to the output of: openssl rand -base64 32",
  },
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
  UC525: {
    status: 503,
    message: "The database is not safe to serve from: {count} problem(s).",
    hint: "Run what the details say, and start again.",
  },
  UC526: {
    status: 500,
    message: "The data to start with can't be used: {entity} {why}.",
    hint: "Correct the seed of the backend's definition.",
  },
  // The record.
  UC550: {
    status: 503,
    message: "The key that signs the record can't be used: {why}.",
    hint: "Bring back the key, or announce a new one with the old one: undercroft audit rotate. Entries wait until then.",
  },
  UC551: {
    status: 503,
    message: "The record is not as it was sealed: {why}. Nothing more is sealed.",
    hint: "Find out what was changed with: undercroft audit verify. Where a backup was restored, move the anchor's file away.",
  },
  UC552: {
    status: 503,
    message: "The record could not be sealed: {why}.",
    hint: "Entries wait in the database, and are sealed as soon as it works again.",
  },
  UC553: {
    status: 503,
    message: "The anchor {name} did not take a head of the record: {why}.",
    hint: "It is given the next one; look whether it can be reached and written.",
  },
  // Keys of encrypted fields.
  UC540: {
    status: 503,
    message:
      "The key-encryption key is not the one that the key store ({place}) was made with. Nothing was changed.",
    hint: "Set UNDERCROFT_KEY to the right one; while it is rotated, UNDERCROFT_KEY_BEFORE to the former.",
  },
  UC541: {
    status: 503,
    message: "The key store ({place}) can't be used: {why}",
    hint: "Give this user the right to read and write it, or set UNDERCROFT_KEYS_URL.",
  },
  UC542: {
    status: 500,
    message: "The key-encryption key {why}.",
    hint: "Make one with: openssl rand -base64 32, and keep it apart from the data and from the key store: without it encrypted fields can't be read again.",
  },
  UC543: {
    status: 503,
    message: "Encrypted fields can't be read or written: {why}.",
    hint: "Bring the key store of this backend back and start again. Until then everything else works, and no new keys are made.",
  },
  UC544: {
    status: 503,
    message: "The service of the key-encryption key ({service}) refused or did not answer: {why}",
    hint: "Check its address, the key's name and the credentials.",
  },
  UC545: {
    status: 500,
    message: "The model has encrypted fields and there is no key-encryption key.",
    hint: "Set UNDERCROFT_KEY to what this makes: openssl rand -base64 32; or to a file, vault://… or aws-kms:…",
  },
  UC546: {
    status: 503,
    message: "Keys are being rotated by another command.",
    hint: "Wait until it ends, or stop it: it goes on where it was.",
  },
  UC554: {
    status: 503,
    message:
      "The key of {count} person(s) is missing from the key store, and values under it are in the database.",
    hint: "Restore these keys from a backup of the key store; no new key is made for whom values are there.",
  },
  UC555: {
    status: 409,
    message: "{subject} could not be erased: something in the database is in the way ({code}).",
    hint: "Run it again; if it stays so, look for rows that refer to theirs, or erase this person alone.",
  },
  UC556: {
    status: 500,
    message: "PostgreSQL's own log may keep personal values, which no erasure reaches.",
    hint: "Have its administrator set {settings}, for all or by alter role … set … for this database's roles; docs/erasure.md says why.",
  },
  UC978: {
    status: 503,
    message: "{what}.",
    hint: "Alerts are entries of kind alert in the record; what was not told stands there.",
  },
  UC979: {
    status: 503,
    message: "The daily verification of the record found it not intact, or could not be done: {why}.",
    hint: "See what was changed, and since when, with: undercroft audit verify",
  },
  // Issuers of bearer tokens.
  UC601: {
    status: 500,
    message: "The secret of the {issuer} has {bytes} bytes; HS256 needs 32 or more",
    hint: "Make one with: openssl rand -base64 48",
  },
  UC602: { status: 500, message: "The {issuer} is declared wrongly: {why}" },
  UC603: { status: 500, message: "The keys of the {issuer} can't be used: {why}" },
  // The command line.
  UC918: {
    status: 404,
    message: "There is no key {id}.",
    hint: "See which there are with: undercroft key list",
  },
  UC917: {
    status: 404,
    message: "There is nobody here who is {who}.",
    hint: "See who there is with: undercroft user list",
  },
  UC915: {
    status: 500,
    message: "Accounts need a secret of 32 bytes or more; UNDERCROFT_SECRET has {bytes}.",
    hint: "Make one with: openssl rand -base64 48, and keep it: without it second factors can't be read again.",
  },
  UC916: {
    status: 500,
    message: "The setting {setting} can't be used: {why}",
    hint: "Correct the backend's definition.",
  },
  UC930: {
    status: 500,
    message: "The way in '{way}' needs mail, and there is no SMTP server for it.",
    hint: "Set UNDERCROFT_SMTP_URL (smtps://user:password@host) and UNDERCROFT_MAIL_FROM, or say accounts.mail.",
  },
  UC931: {
    status: 500,
    message: "A mail could not be sent: {why}.",
    hint: "Check UNDERCROFT_SMTP_URL and the mail server's log.",
  },
  UC932: {
    status: 500,
    message:
      "The counter of a passkey of user {user} went back; the sign-in was refused. It may have been copied.",
    hint: "Ask its owner, and delete the passkey if they don't know of a second device.",
  },
  UC933: {
    status: 500,
    message: "The address of the SMTP server is not a URL such as smtps://user:password@mail.example.org.",
    hint: "Correct UNDERCROFT_SMTP_URL, or accounts.mail.smtp; special characters of the password are %-encoded.",
  },
  UC934: { status: 500, message: "The `provider` of `accounts` is declared wrongly: {why}." },
  UC935: { status: 500, message: "The `oauth` of `accounts` is declared wrongly: {why}." },
  UC936: { status: 500, message: "The `saml` of `accounts` is declared wrongly: {why}." },
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
  UC975: { status: 400, message: "The record can't be asked by {what}.", hint: "{mend}" },
  UC976: {
    status: 500,
    message: "The cursor {path} can't be read: {why}.",
    hint: "Correct the file, or remove it to begin with the first entry.",
  },
  UC940: {
    status: 503,
    message: "Retention is being run already, by another process.",
    hint: "Wait for it to end; what is left is found by the next run.",
  },
  UC941: {
    status: 404,
    message: "There is no open legal hold on {subject}.",
    hint: "See which there are with: undercroft privacy hold list",
  },
  UC942: {
    status: 500,
    message: "Retention could not be run: {why}.",
    hint: "What was done stays done; the next run, within the hour, goes on from there.",
  },
  UC943: {
    status: 500,
    message: "The anchor {path} can't be read: {why}.",
    hint: "Name its file with --anchor <file>. It is made when something is sealed for the first time.",
  },
  UC944: {
    status: 404,
    message: "There is no {what} in the sealed record.",
    hint: "What was written in the last seconds is not sealed yet; see how far it is with: undercroft audit verify",
  },
  UC422: {
    status: 400,
    message: "The folder {out} {why}.",
    hint: "Name one that is not there yet, in a folder that can be written.",
  },
  UC423: {
    status: 400,
    message:
      "The dataset {name} has the same pseudonyms in all runs, and there is no secret of 32 bytes to make them of.",
    hint: "Set UNDERCROFT_SECRET to the backend's own.",
  },
  UC424: { status: 404, message: "There is no dataset {name}.", hint: "Datasets: {names}." },
  UC409: {
    status: 503,
    message: "What people ask for about their own data could not be looked for.",
    hint: "It is tried again every ten seconds; look at the database and its log.",
  },
  UC419: {
    status: 500,
    message: "The privacy request {id} failed: {why}",
    hint: "Mend that; a privacy officer grants the request again, and then it is tried again.",
  },
  UC990: {
    status: 500,
    message: "There is no erasure ledger, so a restored backup would bring back who is erased.",
    hint: "Name a file outside of the database and its backups: UNDERCROFT_ERASURE_LEDGER, or privacy: { ledger } in the definition.",
  },
  UC991: {
    status: 500,
    message: "The erasure ledger {path} can't be used: {why}.",
    hint: "Make it readable and writable for this process, or restore it; who is erased stands nowhere else.",
  },
  UC992: {
    status: 404,
    message: "There is nothing on record about {subject}.",
    hint: "Name the person as Entity:key, or an account as user:id.",
  },
  UC993: {
    status: 400,
    message: "The archive can't be imported: {why}.",
    hint: "Give a file that undercroft privacy export wrote, and a backend of the same model.",
  },
  UC994: {
    status: 503,
    message: "The rows are erased, and {count} key(s) could not be destroyed: {why}",
    hint: "Bring the key store back and do the same again: undercroft privacy erase, or reapply for all whom the ledger has.",
  },
  UC920: {
    status: 400,
    message: "The GraphQL documents have {count} problem(s). Nothing was written.",
    hint: "Correct them: undercroft graphql schema prints what they may ask.",
  },
  UC921: {
    status: 400,
    message: "{file} does not hold these documents.",
    hint: "Write it anew: the same command without --check.",
  },
  UC922: {
    status: 503,
    message: "The record could not be handed on to {name}: {why}.",
    hint: "Nothing is lost: it goes on where it was as soon as it can. Look whether the other side can be reached.",
  },
  UC970: {
    status: 500,
    message: "The definition's `audit` can't be used: {why}.",
    hint: "See `audit` in the README: anchors, privateHosts, witness, alerts, syslog and keep.",
  },
  UC971: {
    status: 400,
    message: "This is nothing that a witness cosigns: {why}.",
    hint: "Send what C2SP's tlog-witness says: old <size>, a proof, an empty line, the checkpoint.",
  },
  UC972: {
    status: 403,
    message: "The checkpoint is not signed by a key of this record that the witness knows.",
    hint: "After the record's key was changed, add the new public key to audit: { witness: { logs } } of the witness.",
  },
  "UC972/origin": {
    status: 404,
    message: "The witness does not know this record.",
    hint: "Add the record's public key to audit: { witness: { logs } } of the witness.",
  },
  UC973: {
    status: 422,
    message: "The witness does not cosign this head: {why}.",
    hint: "Somebody may have changed the record; find out with: undercroft audit verify",
  },
  UC974: {
    status: 503,
    message: "The record was not pruned: {why}.",
    hint: "Nothing was deleted; the next run, within the day, tries again. By hand: undercroft audit prune --dry-run",
  },
  UC960: {
    status: 500,
    message: "{file} {why}.",
    hint: "Write what is met now, and keep the file in the repository: undercroft evidence --accept",
  },
} as const
