/** Keys for tests: a store in a directory of their own, which goes with the process. */
import { randomBytes } from "node:crypto"
import { rmSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import type { KeySettings } from "../../src/store/open-keys.ts"

const directories: string[] = []
process.once("exit", () => {
  for (const one of directories) rmSync(one, { recursive: true, force: true })
})

export async function testDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "undercroft-keys-"))
  directories.push(directory)
  return directory
}

export async function testKeys(): Promise<KeySettings> {
  return {
    store: openDirectoryStore(await testDirectory()),
    kek: localKey(randomBytes(32).toString("base64")),
  }
}
