/** A password as PostgreSQL keeps it (RFC 5802, RFC 7677), so that the password itself stands in no statement and no log. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto"

const iterations = 4096

/** What `password '…'` takes in place of the password. */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256")
  const sign = (text: string): Buffer => createHmac("sha256", salted).update(text).digest()
  const stored = createHash("sha256").update(sign("Client Key")).digest("base64")
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${sign("Server Key").toString("base64")}`
}
