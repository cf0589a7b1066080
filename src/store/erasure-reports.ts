/** The signed reports of erasures that were done: what stays of a request whose person is gone. */
import { asInternal } from "./internal-session.ts"

/** The newest first, at most 1,000. */
export function listReports(
  adminUrl: string,
): Promise<readonly { readonly id: string; readonly at: string }[]> {
  return asInternal(adminUrl, async (session) => {
    const { rows } = await session.query(
      "select id, at from undercroft_state.erasures where report <> '' order by at desc limit 1000",
    )
    return rows.map((row) => ({ id: String(row.id), at: new Date(row.at).toISOString() }))
  })
}

/** A report with its signature; null where nothing was erased under this identifier. */
export function readReport(adminUrl: string, id: string): Promise<string | null> {
  return asInternal(adminUrl, async (session) => {
    const { rows } = await session.query(
      "select report from undercroft_state.erasures where id = $1 and report <> ''",
      [id],
    )
    return rows[0]?.report ?? null
  })
}
