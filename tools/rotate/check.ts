/** After a rotation: every key under the newest root key, every value under its person's newest key, every value what was written. */
import type pg from "pg"
import type { KeyStore } from "../../src/keys/key-store.ts"
import { readHead } from "../../src/keys/value-cipher.ts"
import { encryptedFields } from "../../src/model/encryption.ts"
import type { Model } from "../../src/model/model.ts"
import { quoteName, tableOf } from "../../src/policy/to-sql.ts"
import type { Traffic } from "./traffic.ts"

/** What is not as it should be, of the keys and of stored values; `isOneVersion` where persons' keys were rotated, too. */
export async function keysLeft(
  admin: pg.Client,
  model: Model,
  store: KeyStore,
  isOneVersion: boolean,
): Promise<{ readonly wrongs: readonly string[]; readonly keys: number; readonly values: number }> {
  const wrongs: string[] = []
  const meta = await store.readMeta()
  if (meta?.roots.length !== 1) wrongs.push(`there are ${meta?.roots.length} root keys`)
  if (meta?.subjects) wrongs.push("a rotation of persons' keys has not ended")
  const newest = new Map<string, number>()
  for await (const { subject, keys } of store.list()) {
    newest.set(subject, keys.at(-1)!.version)
    if (keys.some((one) => one.root !== meta?.roots[0]?.id))
      wrongs.push(`${subject} is under a former root key`)
    if (isOneVersion && keys.length !== 1) wrongs.push(`${subject} has ${keys.length} versions`)
  }
  let values = 0
  for (const entity of model.entities)
    for (const field of encryptedFields(entity)) {
      const column = quoteName(field.column)
      const { rows } = await admin.query(
        `select ${column} as bytes from ${tableOf(entity)} where ${column} is not null`,
      )
      for (const { bytes } of rows) {
        values++
        const head = readHead(bytes)
        const subject = `${entity.subject!.person.name}:${head?.person}`
        if (head?.version !== newest.get(subject))
          wrongs.push(`a value of ${entity.name}.${field.name} is under a former key`)
      }
    }
  return { wrongs, keys: newest.size, values }
}

/** What is not read as it was written. */
export async function valuesLost({ histories, bodies, ask }: Traffic): Promise<readonly string[]> {
  const wrongs: string[] = []
  const compare = async (
    path: string,
    field: string,
    expected: ReadonlyMap<string, string>,
  ): Promise<void> => {
    const ids = [...expected.keys()]
    for (let at = 0; at < ids.length; at += 100) {
      const some = ids.slice(at, at + 100)
      const { status, json } = await ask("GET", `${path}?select=id,${field}&id=in.(${some.join(",")})`)
      if (status !== 200) wrongs.push(`${path}: ${status} ${json.code}`)
      else if (json.length !== some.length)
        wrongs.push(`${path}: ${some.length - json.length} rows are not there`)
      else
        for (const row of json)
          if (row[field] !== expected.get(row.id)) wrongs.push(`${path} ${row.id}: not what was written`)
    }
  }
  await compare("people", "history", histories)
  await compare("notes", "body", bodies)
  return wrongs
}
