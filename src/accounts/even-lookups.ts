/** Keeps the time of an answer from telling whether there is an account: who is not there is looked for as thoroughly. */
import { randomUUID } from "node:crypto"
import type { DBAdapter } from "@better-auth/core/db/adapter"
import { hashPassword, verifyPassword } from "./passwords.ts"

/** The same adapter, which looks up the credentials of nobody where a person with their credentials was asked for and not found. */
export function evenLookups(adapter: DBAdapter): DBAdapter {
  return {
    ...adapter,
    async findOne(options) {
      const found = await adapter.findOne(options)
      if (found === null && options.model === "user" && options.join?.["account"])
        await adapter.findMany({
          model: "account",
          where: [{ field: "userId", value: randomUUID() }],
          limit: 100,
        })
      return found as never
    },
  }
}

let nobody: Promise<string> | undefined

/** Does what comparing a password with a stored one does, and gives a hash that no password fits. */
export async function comparePasswordOfNobody(password: string): Promise<string> {
  nobody ??= hashPassword(randomUUID()).catch((cause: unknown) => {
    nobody = undefined
    throw cause
  })
  const hash = await nobody
  await verifyPassword({ hash, password })
  return hash
}
