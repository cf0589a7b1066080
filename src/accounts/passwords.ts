/** Passwords: argon2id, with OWASP's parameters. */
import { type Algorithm, hash, verify } from "@node-rs/argon2"

/** 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** What is stored of a password. The same text counts as the same password however its characters are composed. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize("NFKC"), parameters)
}

/** Whether a password is the one of a hash; what is no hash fits nothing. */
export async function verifyPassword({
  hash: stored,
  password,
}: {
  hash: string
  password: string
}): Promise<boolean> {
  try {
    return await verify(stored, password.normalize("NFKC"))
  } catch {
    return false
  }
}
