/** What a backend is started with, beside its definition. */
import type { MailSettings } from "./accounts/mail.ts"
import type { NewPerson } from "./accounts/manage.ts"
import type { LogEntry } from "./actions/action-log.ts"
import type { AuditOptions } from "./audit/keep-record.ts"
import type { JwtIssuer } from "./auth/jwt.ts"
import type { UndercroftError } from "./base/errors.ts"
import type { ErasureLedger } from "./privacy/erasure-ledger.ts"
import type { KeySettings } from "./store/open-keys.ts"

export interface AppOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Where the embedded PostgreSQL keeps its data, when there is no `databaseUrl`. */
  readonly directory: string
  readonly databaseUrl?: string | undefined
  /** Signs cookies and encrypts what accounts must read again; with `accounts` it is required. */
  readonly secret?: string | undefined
  /** Where the keys of encrypted fields are; required where the model has such fields. */
  readonly keys?: KeySettings | undefined
  /** Who sends mails, where the definition's accounts don't say. */
  readonly mail?: Partial<MailSettings> | undefined
  /** Whether callers may ask for the GraphQL schema where the definition does not say. */
  readonly introspects?: boolean
  /** For development: mails that nobody sends are shown at `/dev/mail`. */
  readonly keepsMail?: boolean
  /** Issuers beside those of the definition: the development key. */
  readonly issuers?: readonly JwtIssuer[]
  /** Origins beside those of the definition. */
  readonly allowsOrigin?: (origin: string) => boolean
  /** `Prefer: tx=rollback` is heeded, also where the definition does not say so. */
  readonly allowsRollback?: boolean
  /** Accounts that are made where they have no password yet. */
  readonly readyPeople?: readonly (NewPerson & { readonly id: string })[]
  /** Rows are put into a new database. */
  readonly seed?: boolean
  /** Seals the record; without it, entries wait. */
  readonly audit?: AuditOptions | undefined
  /** Who was erased, kept outside of the database: erased again at the start, where a backup was restored. */
  readonly erasures?: ErasureOptions | undefined
  /** For tests: an embedded PostgreSQL that leaves nothing behind. */
  readonly ephemeral?: boolean
  readonly onProgress?: (step: string) => void
  readonly onError?: (error: UndercroftError) => void
  /** What actions write to the log. */
  readonly onLog?: (entry: LogEntry) => void
}

/** What erasure needs outside of the database. */
export interface ErasureOptions {
  readonly ledger: ErasureLedger
  /** Signs reports. */
  readonly sign: ((text: string) => Promise<string>) | null
}
