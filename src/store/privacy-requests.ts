/** The rows of privacy requests as the backend itself sees and changes them, on record as its own part. */
import type pg from "pg"
import type { RequestInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { type InternalSession, inSystem } from "./internal-session.ts"

/** A request that was granted. */
export interface GrantedRequest {
  readonly id: string
  readonly kind: string
  /** Whom it is about, as `findSubject` reads it. */
  readonly subject: string
  readonly reason: string | null
  /** Of rectify. */
  readonly entity: string | null
  readonly row: string | null
  readonly field: string | null
  readonly value: unknown
  /** Their account; null where they have none. */
  readonly account: string | null
  /** The key of their row. */
  readonly person: string
  /** Who decided, or asked where nobody had to. */
  readonly by: string
}

const columns = (register: RequestInfo): string =>
  `r.id, r.kind, r.reason, r.entity, r.row, r.field, r.value, r.person::text as person, ${accountSql(register)} as account, coalesce(r.decided_by, r.asked_by) as by, ${subjectSql(register)} as subject`

/** The account where that is meant, else the person. */
function subjectSql(register: RequestInfo): string {
  const whose = register.person.reference!.entity
  const one = `${quoteLiteral(`${whose.name}:`)} || r.person::text`
  return `case when r.scope = 'account' then coalesce('user:' || ${accountSql(register)}, ${one}) else ${one} end`
}

function accountSql({ person, account }: RequestInfo): string {
  const whose = person.reference!.entity
  if (!account) return "null::text"
  return `(select t.${quoteName(account.column)}::text from ${tableOf(whose)} t where t.${quoteName(whose.key[0]!.column)} = r.person)`
}

/** The oldest that waits for the backend, or that a process left when it was killed: only who leads may ask. */
export async function nextRequest(
  session: InternalSession,
  register: RequestInfo,
): Promise<GrantedRequest | null> {
  const { rows } = await session.query(
    `select ${columns(register)} from ${tableOf(register.entity)} r where r.status in ('granted', 'running') and r.kind <> 'export' order by r.decided_at limit 1`,
  )
  return rows[0] ?? null
}

/** An export that can be fetched now; null where there is none, or no longer. */
export async function fetchable(
  session: pg.Client,
  register: RequestInfo,
  id: string,
): Promise<GrantedRequest | null> {
  const { rows } = await session.query(
    `select ${columns(register)} from ${tableOf(register.entity)} r where r.id = $1 and r.kind = 'export' and r.status in ('granted', 'running') and r.expires_at > clock_timestamp()`,
    [id],
  )
  return rows[0] ?? null
}

/** Exports that nobody fetched in time. */
export async function expireExports(session: InternalSession, { entity }: RequestInfo): Promise<void> {
  const due = `kind = 'export' and status in ('granted', 'running') and expires_at <= clock_timestamp()`
  const { rowCount } = await session.query(`select from ${tableOf(entity)} where ${due} limit 1`)
  if (!rowCount) return
  await inSystem(session, "privacy", () =>
    session.query(
      `update ${tableOf(entity)} set status = 'expired', ended_at = clock_timestamp() where ${due}`,
    ),
  )
}

/** A step of a request; a row that went with its person is nobody's to change. */
export type RequestStep =
  | { readonly status: "running" | "granted" }
  | { readonly status: "done"; readonly answer: string | null }
  | { readonly status: "failed"; readonly answer: string }
  | { readonly progress: number }

/** Takes a request further. Gives whether it is there. */
export async function stepRequest(
  session: InternalSession,
  { entity }: RequestInfo,
  id: string,
  step: RequestStep,
): Promise<boolean> {
  const set = (changes: string, value: unknown): Promise<boolean> =>
    inSystem(session, "privacy", async () => {
      const { rowCount } = await session.query(
        `update ${tableOf(entity)} set ${changes} where id = $1 and status in ('granted', 'running')`,
        [id, value],
      )
      return rowCount === 1
    })
  if ("progress" in step) return set("progress = $2", step.progress)
  switch (step.status) {
    case "running":
      return set("status = $2, started_at = coalesce(started_at, clock_timestamp()), progress = 0", "running")
    case "granted":
      return set("status = $2, progress = 0", "granted")
    case "done":
      return set("status = 'done', answer = $2, progress = 100, ended_at = clock_timestamp()", step.answer)
    case "failed":
      return set("status = 'failed', answer = $2, ended_at = clock_timestamp()", step.answer.slice(0, 500))
  }
}
