/** A key store in a directory: a file a person, whole or not at all, on the disk before it counts. */
import { createHash, randomBytes } from "node:crypto"
import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { syncDirectory } from "../base/sync-directory.ts"
import type { FoundRecord, KeyMeta, KeyRecord, KeyStore } from "./key-store.ts"

/** Files that are written at the same time. */
const writers = 8

/** Opens it; what is missing is made at the first write. */
export function openDirectoryStore(directory: string): KeyStore {
  return new DirectoryStore(directory)
}

class DirectoryStore implements KeyStore {
  readonly place: string

  constructor(directory: string) {
    this.place = directory
  }

  async readMeta(): Promise<KeyMeta | null> {
    return this.readJson<KeyMeta>(join(this.place, "store.json"))
  }

  async writeMeta(meta: KeyMeta): Promise<boolean> {
    const path = join(this.place, "store.json")
    if (meta.revision === 1) return this.put(path, meta, "new")
    // One turn for each revision: whoever makes this file writes the next one. A turn whose writer was killed is taken over.
    const turn = join(this.place, `store.${meta.revision}.turn`)
    if (!(await this.put(turn, {}, "new"))) {
      const made = await stat(turn).catch(() => null)
      if (made && Date.now() - made.mtimeMs < 5000) return false
    }
    try {
      const now = await this.readMeta()
      if (now?.revision !== meta.revision - 1) return false
      return await this.put(path, meta, "over")
    } finally {
      await rm(turn, { force: true })
    }
  }

  read(subjects: readonly string[]): Promise<readonly FoundRecord[]> {
    return Promise.all(subjects.map((one) => this.readOne(one)))
  }

  private async readOne(subject: string): Promise<FoundRecord> {
    const path = this.pathOf(subject)
    const found = await this.readJson<KeyRecord>(path)
    // Asked last: a key that was put back while it was destroyed does not count.
    if (await exists(`${path}.gone`)) return "destroyed"
    return found
  }

  async create(records: readonly KeyRecord[]): Promise<void> {
    const rest = [...records]
    const work = async (): Promise<void> => {
      for (let one = rest.pop(); one; one = rest.pop()) {
        const path = this.pathOf(one.subject)
        if (!(await exists(`${path}.gone`))) await this.put(path, one, "new")
      }
    }
    await Promise.all(Array.from({ length: writers }, work))
  }

  async replace(record: KeyRecord, former: KeyRecord): Promise<boolean> {
    const path = this.pathOf(record.subject)
    if (JSON.stringify(await this.readOne(record.subject)) !== JSON.stringify(former)) return false
    await this.put(path, record, "over")
    await this.noteChange()
    if (!(await exists(`${path}.gone`))) return true
    await rm(path, { force: true })
    return false
  }

  async destroy(subject: string): Promise<void> {
    const path = this.pathOf(subject)
    await this.put(`${path}.gone`, { destroyedAt: new Date().toISOString() }, "new")
    await rm(path, { force: true })
    await syncDirectory(join(path, ".."))
    await this.noteChange()
  }

  async lastChange(): Promise<string> {
    return (await this.readJson<{ readonly last: string }>(join(this.place, "changes.json")))?.last ?? ""
  }

  /** Nothing is lost with it, so it need not be on the disk. */
  private async noteChange(): Promise<void> {
    const path = join(this.place, "changes.json")
    const last = randomBytes(16).toString("hex")
    try {
      await writeFile(`${path}.${last}.draft`, JSON.stringify({ last }), { mode: 0o600 })
      await rename(`${path}.${last}.draft`, path)
    } catch (cause) {
      throw unusable(this.place, cause)
    }
  }

  async *list(): AsyncIterable<KeyRecord> {
    for await (const path of this.files()) {
      if (!path.endsWith(".json")) continue
      if (await exists(`${path}.gone`)) await rm(path, { force: true })
      else {
        const record = await this.readJson<KeyRecord>(path)
        if (record) yield record
      }
    }
  }

  async countDestroyed(): Promise<number> {
    let count = 0
    for await (const path of this.files()) if (path.endsWith(".gone")) count++
    return count
  }

  async close(): Promise<void> {}

  private async *files(): AsyncIterable<string> {
    const root = join(this.place, "subjects")
    for (const shard of (await readdir(root).catch(() => [])).toSorted())
      for (const name of (await readdir(join(root, shard))).toSorted()) yield join(root, shard, name)
  }

  /** A name that tells nothing of the person. */
  private pathOf(subject: string): string {
    const name = createHash("sha256").update(subject).digest("hex")
    return join(this.place, "subjects", name.slice(0, 2), `${name}.json`)
  }

  private async readJson<T>(path: string): Promise<T | null> {
    try {
      return JSON.parse(await readFile(path, "utf8")) as T
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null
      throw unusable(this.place, cause)
    }
  }

  /** False where it is to be new and is there. */
  private async put(path: string, value: unknown, how: "new" | "over"): Promise<boolean> {
    const draft = `${path}.${randomBytes(6).toString("hex")}.draft`
    try {
      await mkdir(join(path, ".."), { recursive: true, mode: 0o700 })
      const file = await open(draft, "wx", 0o600)
      try {
        await file.writeFile(`${JSON.stringify(value)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      if (how === "over") await rename(draft, path)
      else await link(draft, path)
      await syncDirectory(join(path, ".."))
      return true
    } catch (cause) {
      if (how === "new" && (cause as NodeJS.ErrnoException).code === "EEXIST") return false
      throw unusable(this.place, cause)
    } finally {
      await rm(draft, { force: true })
    }
  }
}

function unusable(place: string, cause: unknown): UndercroftError {
  return new UndercroftError("UC541", { place, why: (cause as Error).message }, { cause })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return false
      throw cause
    },
  )
}
