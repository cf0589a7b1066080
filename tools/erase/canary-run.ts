/** One run of the canaries: a backend of its own, words through every door, an export, an erasure, and a search through all bytes that are left. */
import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { unzipSync } from "fflate"
import { startApp } from "../../src/app.ts"
import { fileAnchor } from "../../src/audit/file-anchor.ts"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { signToken } from "../../src/auth/jwt-sign.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { erasePerson } from "../../src/privacy/erase.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { exportArchive } from "../../src/privacy/export-archive.ts"
import { atOneMoment } from "../../src/store/export-rows.ts"
import { findSubject } from "../../src/store/find-subject.ts"
import { scrubDatabase } from "../../src/store/scrub.ts"
import { runSql, type TestBackend } from "../../test/support/backend.ts"
import { peopleBackend } from "./people.ts"
import { plant } from "./plant.ts"
import { searchFolders } from "./search.ts"

export interface CanaryResult {
  readonly planted: number
  /** Doors whose words an export must hold, and does not. */
  readonly missingInExport: readonly string[]
  /** Where words and ciphertexts stood before: a search that finds nothing then finds nothing ever. */
  readonly foundBefore: readonly string[]
  /** Where they stand after erasure and scrub. */
  readonly foundAfter: readonly string[]
  /** Words in what the backend told of errors or wrote to its log. */
  readonly told: readonly string[]
  readonly hasKey: boolean
  /** What opening an old copy of an encrypted value is refused with. */
  readonly oldCopy: string
}

/** `isScrubbed` false leaves out the scrub, which the search must notice. */
export async function runCanaries({ isScrubbed = true } = {}): Promise<CanaryResult> {
  const folder = await mkdtemp(join(tmpdir(), "undercroft-canaries-"))
  const secret = randomBytes(32).toString("hex")
  const heard: string[] = []
  const store = openDirectoryStore(join(folder, "keys"))
  const app = await startApp(peopleBackend([]), {
    host: "127.0.0.1",
    port: 0,
    directory: folder,
    ephemeral: true,
    secret,
    introspects: true,
    issuers: [{ secret }],
    keys: { store, kek: localKey(randomBytes(32).toString("base64")) },
    audit: {
      keys: heldKey(makeKey(), "undercroft/canaries"),
      anchors: [fileAnchor(join(folder, "anchor.jsonl"))],
    },
    // As it is told; what caused it is shown with UNDERCROFT_DEBUG alone.
    onError: (error) => void heard.push(`${error.message} ${error.details} ${error.hint}`),
    onLog: (entry) => void heard.push(JSON.stringify(entry)),
  })
  try {
    const { model } = app.policies
    const ciphers = new FieldCiphers(app.keys!, model)
    const sql = (text: string, values?: readonly unknown[]): Promise<any[]> =>
      runSql(app.adminUrl, text, values)
    const planted = await plant(requestsOf(app.url, { app, secret, sql }))
    const subject = `user:${planted.account}`
    const home = dirname((await sql("show data_directory"))[0].data_directory)
    const folders = [folder, home]

    const old = await oldCopy(sql, planted.patient)
    const needles = new Map<string, Buffer>(
      [...planted.words].map(([door, word]) => [door, Buffer.from(word)]),
    )
    for (const [name, bytes] of old) needles.set(`ciphertext of ${name}`, bytes.subarray(-40))
    const exported = await exportText({ adminUrl: app.adminUrl, model, ciphers }, subject)
    const missingInExport = planted.kept.filter((door) => !exported.includes(planted.words.get(door)!))
    await sql("checkpoint")
    const foundBefore = await searchFolders(folders, needles)

    const ledger = erasureLedger(join(folder, "erasures.jsonl"))
    await erasePerson({ adminUrl: app.adminUrl, model, ciphers, ledger, sign: null }, subject, {
      by: "canaries",
    })
    await app.sealer?.sealNow()
    if (isScrubbed) await scrubDatabase(app.adminUrl)
    const foundAfter = [
      ...(await searchFolders(folders, needles)),
      ...(await searchTables(sql, planted.words)),
    ]
    const field = model.byName.get("Patient")!.fieldByName.get("history")!
    const stored = { field, row: planted.patient, link: "", bytes: old.get("history")! }
    const refused = await ciphers.open([stored]).then(
      () => "opened",
      (cause: { code?: string }) => String(cause.code),
    )
    return {
      planted: planted.words.size,
      missingInExport,
      foundBefore,
      foundAfter,
      told: heard.filter((one) => one.includes("canary-")),
      hasKey: await app.keys!.has(`Patient:${planted.patient}`),
      oldCopy: refused,
    }
  } finally {
    await app.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

type Sql = (text: string, values?: readonly unknown[]) => Promise<any[]>

/** As the tests ask, on a server that is no test's. */
function requestsOf(
  url: string,
  { app, secret, sql }: { app: TestBackend["app"]; secret: string; sql: Sql },
): TestBackend {
  const tokenOf: TestBackend["tokenOf"] = ({ id, ...claims }) =>
    signToken({ sub: id, ...claims }, { secret, expiresInSeconds: 3600 })
  return {
    app,
    url,
    adminUrl: app.adminUrl,
    tokenOf,
    sql,
    stop: () => app.stop(),
    async request(caller, method, path, { body, headers } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(caller ? { authorization: `Bearer ${await tokenOf(caller)}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: text === "" ? undefined : JSON.parse(text),
      }
    },
  }
}

/** What somebody with an old backup would have. */
async function oldCopy(sql: Sql, patient: string): Promise<ReadonlyMap<string, Buffer>> {
  const [row] = await sql("select number, history from app.patients where id = $1", [patient])
  return new Map(Object.entries(row as Record<string, Buffer>))
}

async function exportText(
  {
    adminUrl,
    model,
    ciphers,
  }: { adminUrl: string; model: TestBackend["app"]["policies"]["model"]; ciphers: FieldCiphers },
  subject: string,
): Promise<string> {
  return atOneMoment(adminUrl, async (session) => {
    const whom = await findSubject(session, model, subject)
    const parts: Uint8Array[] = []
    const archive = exportArchive({ session, name: "canaries", model, whom, ciphers, processing: null })
    for await (const part of archive) parts.push(part)
    return Object.values(unzipSync(Buffer.concat(parts)))
      .map((one) => Buffer.from(one).toString())
      .join("\n")
  })
}

/** A long value may be compressed in its file; as a text it is not. */
async function searchTables(sql: Sql, words: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const tables = await sql(
    "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname <> 'information_schema'",
  )
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await sql(
      `select w from unnest($1::text[]) w where exists (select from ${name} t where strpos(t::text, w) > 0)`,
      [[...words.values()]],
    )
    found.push(...rows.map(({ w }) => `${w} in ${name}`))
  }
  return found
}
