/** The database roles of one backend, and what each is for. */
import { createHash } from "node:crypto"

export interface RoleNames {
  /** Owns the tables; migrations run as this role. */
  readonly owner: string
  /** Owns the functions that policies call; reads all rows. */
  readonly internal: string
  /** Owns the field views, under the same row policies as the API. */
  readonly fields: string
  /** Owns one function, by which sealed statements of actions go beyond their caller's rights. */
  readonly system: string
  /** Logs in for requests; owns nothing, is a member of nothing. */
  readonly api: string
  /** Logs in for accounts, where the backend has them; reaches their schema alone. */
  readonly accounts: string
  /** Logs in to seal the record: takes what waits and adds to what is sealed; it changes and deletes nothing there. */
  readonly audit: string
}

/** Role names are for the whole server, so they carry the name of the database; a long one is cut, and told apart by a hash. */
export function roleNames(database: string): RoleNames {
  const isShort = Buffer.byteLength(database) <= 50
  const prefix = isShort
    ? database
    : `${database.replace(/[^\x20-\x7e]/g, "_").slice(0, 37)}_${createHash("sha256").update(database).digest("hex").slice(0, 12)}`
  return {
    owner: `${prefix}_owner`,
    internal: `${prefix}_internal`,
    fields: `${prefix}_fields`,
    system: `${prefix}_system`,
    api: `${prefix}_api`,
    accounts: `${prefix}_accounts`,
    audit: `${prefix}_audit`,
  }
}
