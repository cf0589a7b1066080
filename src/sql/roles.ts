/** The database roles of one backend, and what each is for. */

export interface RoleNames {
  /** Owns the tables; migrations run as this role. */
  readonly owner: string
  /** Owns the functions that policies call; reads all rows. */
  readonly internal: string
  /** Owns the field views, under the same row policies as the API. */
  readonly fields: string
  /** Logs in for requests; owns nothing, is a member of nothing. */
  readonly api: string
}

/** Role names are for the whole server, so they carry the name of the database. */
export function roleNames(database: string): RoleNames {
  const prefix = database.slice(0, 50)
  return { owner: `${prefix}_owner`, internal: `${prefix}_internal`, fields: `${prefix}_fields`, api: `${prefix}_api` }
}
