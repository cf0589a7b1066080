/** A rotation in a process of its own, to be killed: `node rotate-process.ts <what as JSON>`. */

import { buildBackend } from "../../src/build-backend.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { rotateRoot } from "../../src/keys/rotate-root.ts"
import { openDatabase } from "../../src/store/open-database.ts"
import { openKeys } from "../../src/store/open-keys.ts"
import { rotateSubjects } from "../../src/store/rotate-subjects.ts"
import { ward } from "./ward-backend.ts"

const { adminUrl, directory, now, before, settleMs } = JSON.parse(process.argv[2]!) as Record<string, never>
const policies = buildBackend(ward)
const [kek, former] = [localKey(now!), before ? localKey(before) : null]
const ring = await openKeys(adminUrl!, { store: openDirectoryStore(directory!), kek, former }, policies.model)
const done = before
  ? await rotateRoot(ring, { kek, former, settleMs: settleMs! })
  : await rotateSubjects({
      adminUrl: adminUrl!,
      roles: (await openDatabase(adminUrl!, policies)).roles,
      model: policies.model,
      ciphers: new FieldCiphers(ring, policies.model),
      settleMs: settleMs!,
    })
process.stdout.write(JSON.stringify(done))
