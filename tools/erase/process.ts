/** An erasure or an export in a process of its own, to be killed: `node process.ts <what as JSON>`; `at` is where it ends itself, if anywhere. */
import { writeWhole } from "../../src/base/whole-file.ts"
import { buildBackend } from "../../src/build-backend.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import type { KeyRing } from "../../src/keys/key-ring.ts"
import { erasePersons } from "../../src/privacy/erase-many.ts"
import { type ErasureLedger, erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { exportArchive } from "../../src/privacy/export-archive.ts"
import { atOneMoment } from "../../src/store/export-rows.ts"
import { findSubject } from "../../src/store/find-subject.ts"
import { openKeys } from "../../src/store/open-keys.ts"
import { peopleBackend } from "./people.ts"

export interface Doing {
  readonly adminUrl: string
  readonly keys: string
  readonly kek: string
  readonly ledger: string
  readonly subjects: readonly string[]
  /** Export to this file, rather than erase. */
  readonly out?: string
  readonly at?: "signed" | "in the ledger" | "committed" | "without a key" | "half exported"
}

const doing = JSON.parse(process.argv[2]!) as Doing
const { adminUrl, subjects, at, out } = doing
const { model } = buildBackend(peopleBackend([]))
const ring = await openKeys(
  adminUrl,
  { store: openDirectoryStore(doing.keys), kek: localKey(doing.kek) },
  model,
)
const ciphers = new FieldCiphers(endingRing(ring), model)
if (out === undefined) {
  const sign = async (text: string): Promise<string> => {
    end("signed")
    return text
  }
  const parts = { adminUrl, model, ciphers, sign, ledger: endingLedger(erasureLedger(doing.ledger)) }
  for await (const { error } of erasePersons(parts, subjects, { by: "erase:kill" })) if (error) throw error
} else
  await atOneMoment(adminUrl, async (session) => {
    const whom = await findSubject(session, model, subjects[0]!)
    const onTable = async (): Promise<void> => end("half exported")
    await writeWhole(
      out,
      exportArchive({ session, name: "people", model, whom, ciphers, processing: null, onTable }),
    )
  })
await ring.close()

/** As a power cut would: nothing is tidied up. */
function end(where: NonNullable<Doing["at"]>): void {
  if (at === where) process.kill(process.pid, "SIGKILL")
}

function endingLedger(ledger: ErasureLedger): ErasureLedger {
  return {
    ...ledger,
    async add(line) {
      await ledger.add(line)
      end("in the ledger")
    },
  }
}

function endingRing(real: KeyRing): KeyRing {
  const destroy = async (subject: string): Promise<void> => {
    end("committed")
    await real.destroy(subject)
    end("without a key")
  }
  return Object.create(real, { destroy: { value: destroy } }) as KeyRing
}
