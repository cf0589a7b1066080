/** A practice whose patients use their rights: persons with accounts, rows at one and two steps, one that is anonymised. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { z } from "zod"
import { fileAnchor } from "../../src/audit/file-anchor.ts"
import { heldKey, makeKey, readSigningKey } from "../../src/audit/signing-key.ts"
import {
  action,
  anyOf,
  anyone,
  type BackendDefinition,
  consentEntity,
  date,
  defineBackend,
  entity,
  integer,
  ref,
  text,
  userEntity,
} from "../../src/index.ts"
import type { Erasing } from "../../src/privacy/erase.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { startTestBackend, type TestBackend } from "./backend.ts"

const User = userEntity()
User.access(({ row, me }) => ({ read: anyOf(row.id.is(me.id), me.has("nurse")) }))
const Practice = entity("Practice", { fields: { name: text() } })
Practice.access(() => ({ read: anyone }))
export const Patient = entity("Patient", {
  fields: {
    user: ref(User).optional(),
    practice: ref(Practice),
    name: text().personal(),
    born: date().personal().optional(),
    notes: text().special().optional(),
    height: integer().optional(),
  },
  subject: "user",
  audit: { reads: true },
})
Patient.access(({ row, me }) => {
  const mine = anyOf(row.user.is(me.id), me.has("nurse"))
  return { read: mine, create: mine, update: mine }
})
const Visit = entity("Visit", {
  fields: { patient: ref(Patient), remark: text().special() },
  subject: "patient",
})
Visit.access(({ row, me }) => {
  const mine = anyOf(row.patient.user.is(me.id), me.has("nurse"))
  return { read: mine, create: mine }
})
const Bill = entity("Bill", {
  fields: { visit: ref(Visit), payer: text().personal(), cents: integer() },
  subject: "visit",
  erase: "anonymise",
})
Bill.access(({ me }) => ({ read: me.has("nurse"), create: me.has("nurse") }))
const Consent = consentEntity(Patient, {
  news: { text: "We may write.", version: 1, basis: "consent", withdrawal: "We stop." },
})
const file = action({
  uses: [Visit],
  input: z.object({ patient: z.string(), remark: z.string(), fails: z.boolean() }),
  output: z.unknown(),
  access: ({ me }) => me.has("nurse"),
  async run({ input: { fails, ...row }, db }) {
    await db.insertInto("visits").values(row).execute()
    if (fails) throw new Error("a fault")
  },
})

export const definition: BackendDefinition = defineBackend({
  // A test says itself when it is sealed.
  audit: { sealEveryMs: 3_600_000 },
  name: "rights",
  model: [User, Practice, Patient, Visit, Bill, Consent, Consent.purposes],
  actions: { file },
  accounts: { password: true, signUp: "open" },
  privacy: { officer: "officer" },
})

export interface RightsBackend {
  backend: TestBackend
  readonly erasing: Erasing
  readonly publicKey: ReturnType<typeof readSigningKey>["key"]
  readonly told: string[]
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Of the definition above unless another is given. With a record that is sealed, an anchor, and a ledger in a folder of its own. */
export async function startRights(given: BackendDefinition = definition): Promise<RightsBackend> {
  const folder = await mkdtemp(join(tmpdir(), "undercroft-rights-"))
  const told: string[] = []
  const ledger = erasureLedger(join(folder, "erasures.jsonl"))
  const signer = readSigningKey(makeKey(), "undercroft/rights/privacy")
  const sign = async (said: string): Promise<string> => signer.note(said)
  const options = {
    audit: {
      keys: heldKey(makeKey(), "undercroft/rights"),
      anchors: [fileAnchor(join(folder, "anchor.jsonl"))],
    },
    erasures: { ledger, sign },
    onError: (error: Error & { cause?: unknown }) =>
      void told.push(`${error.message} ${String(error.cause)}`),
    onLog: (entry: object) => void told.push(JSON.stringify(entry)),
  }
  const backend = await startTestBackend(given, options)
  const made: RightsBackend = {
    backend,
    publicKey: signer.key,
    told,
    erasing: { adminUrl: backend.adminUrl, model: backend.app.policies.model, ciphers: null, ledger, sign },
    async restart() {
      const again = await startTestBackend(given, { ...options, databaseUrl: backend.adminUrl })
      made.backend = {
        ...again,
        stop: backend.stop,
        app: again.app,
        adminUrl: backend.adminUrl,
        sql: backend.sql,
      }
    },
    async stop() {
      await made.backend.app.stop()
      await backend.stop().catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    },
  }
  return made
}
