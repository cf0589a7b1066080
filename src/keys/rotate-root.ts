/**
 * A new root key, and every key wrapped anew under it: what follows a change of the key-encryption key. Killed at any time it
 * goes on where it was; readers know both root keys until none is wrapped by the former.
 */
import { setTimeout } from "node:timers/promises"
import { UndercroftError } from "../base/errors.ts"
import type { KeyEncryptionKey } from "./key-encryption-key.ts"
import type { KeyRing } from "./key-ring.ts"
import type { KeyMeta, KeyRecord, RootKey } from "./key-store.ts"

export interface RotationOptions {
  /** The one that is to be used from now on. */
  readonly kek: KeyEncryptionKey
  /** The one before: servers that know it alone read on until the end. */
  readonly former: KeyEncryptionKey | null
  /** How long other nodes may still use what they read before. */
  readonly settleMs: number
  readonly onProgress?: (done: number) => void
}

/** Gives how many persons' keys were wrapped anew by this call. */
export async function rotateRoot(ring: KeyRing, options: RotationOptions): Promise<number> {
  const { store } = ring
  const current = await beginRotation(ring, options)
  let done = 0
  const pass = async (): Promise<number> => {
    let changed = 0
    for await (const record of store.list()) {
      if (record.keys.every((one) => one.root === current.id)) continue
      if (await rewrap(ring, record, current.id)) changed++
      options.onProgress?.(done + changed)
    }
    done += changed
    return changed
  }
  await pass()
  // A node may have made keys under the former root key until it heard of the new one.
  await setTimeout(Math.max(0, Date.parse(current.createdAt) + options.settleMs - Date.now()))
  while ((await pass()) > 0);
  await changeMeta(ring, (meta) => {
    const root = meta.roots.find((one) => one.id === current.id)!
    const { [options.kek.id]: wrapped = "" } = root.wrappings
    return { ...meta, roots: [{ ...root, wrappings: { [options.kek.id]: wrapped } }] }
  })
  return done
}

/** The root key that all are wrapped under: of a rotation that was begun before, or a new one. */
async function beginRotation(ring: KeyRing, { kek, former }: RotationOptions): Promise<RootKey> {
  const meta = await ring.readRoots()
  const begun = meta.roots.findLast((one) => one.retiredAt === undefined)!
  if (meta.roots.length > 1 && begun.wrappings[kek.id] !== undefined) return begun
  const made = await ring.makeRoot(former ? [kek, former] : [kek])
  const retiredAt = new Date().toISOString()
  await changeMeta(ring, async (now) => {
    const rest: RootKey[] = []
    for (const one of now.roots) rest.push({ retiredAt, ...(await ring.wrapAlso(one, kek)) })
    return { ...now, roots: [...rest, made], purposes: await ring.rewrapPurposes(now, made.id) }
  })
  return made
}

async function rewrap(ring: KeyRing, found: KeyRecord, root: string): Promise<boolean> {
  for (let record: KeyRecord | null = found; record; ) {
    const keys = []
    for (const one of record.keys) {
      const secret = await ring.unwrap(one, record.subject)
      keys.push({ ...ring.wrap(root, secret, record.subject, one.version), createdAt: one.createdAt })
    }
    if (await ring.store.replace({ ...record, keys }, record)) return true
    const [now]: readonly (KeyRecord | "destroyed" | null)[] = await ring.store.read([record.subject])
    record = now && now !== "destroyed" ? now : null
  }
  return false
}

/** Changes what stands beside the keys, whoever else does at the same time. */
export async function changeMeta(
  ring: KeyRing,
  change: (meta: KeyMeta) => KeyMeta | Promise<KeyMeta>,
): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const meta = await ring.readRoots()
    const changed = await change(meta)
    if (await ring.store.writeMeta({ ...changed, revision: meta.revision + 1 })) {
      await ring.readRoots()
      return
    }
  }
  throw new UndercroftError("UC541", { place: ring.store.place, why: "another command changes it" })
}
