/** The key inventory: which keys and secrets there are, what each is for and where it is kept; never a key itself. */
import type { BackendDefinition } from "../../backend.ts"
import type { Model } from "../../model/model.ts"
import type { Inspection } from "../../store/inspect-database.ts"
import { isEncrypted, storedEntities } from "../declared.ts"
import type { Part } from "../section.ts"

interface KeyEntry {
  readonly name: string
  readonly purpose: string
  readonly algorithm: string
  readonly kept: string
  readonly count: number
}

export async function keyInventory(
  { accounts, callers, datasets = {} }: BackendDefinition,
  model: Model,
  database: Inspection,
): Promise<Part> {
  const issuers = callers?.issuers ?? []
  const keys: readonly KeyEntry[] = [
    {
      name: "Process key",
      purpose:
        "Seals who asks, permits of hooks and steps beyond a caller's rights, each under a prefix of its own",
      algorithm: "SHA-256, keyed (256 bits)",
      kept: "In the database, where the API's login can't read it",
      count: 1,
    },
    {
      name: "Transaction key",
      purpose: "Binds a caller to one transaction",
      algorithm: "SHA-256, keyed (256 bits)",
      kept: "In the database, where the API's login can't read it",
      count: 1,
    },
    {
      name: "Passwords of the database logins",
      purpose: "Let the process log in to the database",
      algorithm: "HKDF-SHA-256 from the administrator's password; SCRAM-SHA-256 in the database",
      kept: "Nowhere: computed at each start",
      count: accounts ? 2 : 1,
    },
    ...issuers.map((one, at) => ({
      name: `Keys of token issuer ${at + 1}`,
      purpose: "Check bearer tokens",
      algorithm: one.algorithms?.join(", ") ?? (one.secret ? "HS256" : "RS256, ES256, EdDSA"),
      kept: one.secret ? "A shared secret, given by the definition" : "Public keys of the issuer",
      count: 1,
    })),
    ...(accounts
      ? [
          {
            name: "UNDERCROFT_SECRET",
            purpose: "Signs cookies, and encrypts what accounts must read again (seeds of one-time codes)",
            algorithm: "HMAC-SHA-256; XChaCha20-Poly1305",
            kept: "In the process's environment, never in the database",
            count: 1,
          },
        ]
      : []),
    ...(await counted(database, "accounts.jwks", "Signing keys of the provider", {
      purpose: "Sign tokens for the team's other applications",
      algorithm: "RS256, 3072 bits; changed every 90 days",
      kept: "In the database, encrypted with a key made of UNDERCROFT_SECRET",
    })),
    ...(await counted(database, "accounts.apikey", "Keys of machines", {
      purpose: "Let machines in, with roles of their owner",
      algorithm: "Random; SHA-256",
      kept: "Digests in the database; the key is with its holder alone",
    })),
    ...Object.entries(datasets)
      .filter(([, one]) => one.options.linked === "runs")
      .map(([name]) => ({
        name: `Pseudonyms of the dataset ${name}`,
        purpose: "Gives a person the same pseudonym in all runs of this dataset",
        algorithm: "HMAC-SHA-256; HKDF-SHA-256 from UNDERCROFT_SECRET",
        kept: "Nowhere: reckoned at each run",
        count: 1,
      })),
    {
      name: "Signing key of the record",
      purpose: "Signs the record of reads and changes, so that a change of it is noticed",
      algorithm: "Ed25519",
      kept: "In a file of the process's owner, or in its environment; never in the database",
      count: 1,
    },
    ...(storedEntities(model).some((one) => one.fields.some(isEncrypted))
      ? [
          {
            name: "UNDERCROFT_KEY, or the key of a key service",
            purpose: "The key-encryption key: encrypts the root key, and nothing else",
            algorithm: "AES-256-GCM, or the key service's own",
            kept: "In the process's environment or a file; with a key service (AWS KMS, Vault) it never leaves that",
            count: 1,
          },
          {
            name: "Root key",
            purpose: "Encrypts the keys below, and nothing else",
            algorithm: "AES-256-GCM",
            kept: "In the key store, encrypted by the key-encryption key",
            count: 1,
          },
          {
            name: "Key of the blind index",
            purpose: "Finds equal values of encrypted fields without opening them",
            algorithm: "HMAC-SHA-256",
            kept: "In the key store, encrypted by the root key",
            count: 1,
          },
          {
            name: "Key of kept answers",
            purpose: "Encrypts answers that are kept for a day, for requests that are sent twice",
            algorithm: "AES-256-GCM",
            kept: "In the key store, encrypted by the root key",
            count: 1,
          },
          {
            name: "Keys of persons",
            purpose: "Encrypt fields, a key for each person; destroyed when the person is erased",
            algorithm: "AES-256-GCM",
            kept: "In the key store, encrypted by the root key (see `undercroft keys list`)",
            count: 0,
          },
        ]
      : []),
  ]
  return {
    data: { keys },
    section: {
      title: "Key inventory",
      intro:
        "The keys and secrets that the backend works with. A key is a number that protects other things; who holds it can do what it is for. No key stands in this report.",
      notes: [
        "Each key stands under the one that encrypts it: the key-encryption key, the root key, then all others of the key store. No key has two purposes; those that are made of a secret are made apart for each use.",
        "The certificate and key for encryption towards clients (TLS) are with whoever runs the backend, in front of it.",
      ],
      tables: [
        {
          caption: "Keys",
          head: ["Key", "What for", "Method (for specialists)", "Where it is kept", "Number"],
          rows: keys.map((one) => [
            one.name,
            one.purpose,
            one.algorithm,
            one.kept,
            one.count === 0 ? "One for each person" : String(one.count),
          ]),
        },
      ],
    },
  }
}

/** An entry for keys that are rows of a table, where it exists and has any. */
async function counted(
  database: Inspection,
  table: "accounts.jwks" | "accounts.apikey",
  name: string,
  rest: Omit<KeyEntry, "name" | "count">,
): Promise<readonly KeyEntry[]> {
  const [there] = await database.query("select to_regclass($1) is not null as yes", [table])
  if (there?.["yes"] !== true) return []
  const [row] = await database.query(`select count(*)::integer as count from ${table}`)
  const count = Number(row?.["count"])
  return count === 0 ? [] : [{ name, ...rest, count }]
}
