/** `GET /auth/events`: what was written down about oneself, newest first; administrators read about all. */
import type { BetterAuthPlugin } from "better-auth"
import { APIError, createAuthEndpoint, sessionMiddleware } from "better-auth/api"
import type { AccountsDatabase } from "../store/accounts-database.ts"

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

interface Page {
  readonly limit: number
  /** The last event of the page before. */
  readonly before: string | null
  /** For administrators: whose events alone. */
  readonly user: string | null
}

/** Null for what is no such question. */
function parsePage({ limit = "50", before, user, ...rest }: Readonly<Record<string, unknown>>): Page | null {
  const count = typeof limit === "string" && /^\d{1,3}$/.test(limit) ? Number(limit) : 0
  const isUuid = (one: unknown): boolean => one === undefined || (typeof one === "string" && uuid.test(one))
  if (count < 1 || count > 200 || !isUuid(before) || !isUuid(user) || Object.keys(rest).length > 0)
    return null
  return { limit: count, before: (before as string) ?? null, user: (user as string) ?? null }
}

/** That the session is still good is asked again here: better-auth knows nothing of idle times and missing factors. */
const statement: string = `with asking as (
  select u.id::text as id, 'admin' = any(string_to_array(coalesce(u.role, ''), ',')) as "isAdmin" from session s join "user" u on u.id = s."userId"
    where s.id = $1 and s."expiresAt" > clock_timestamp() and s."seenAt" + make_interval(secs => s."idleSeconds") > clock_timestamp()
      and not coalesce(u.banned and coalesce(u."banExpires" > clock_timestamp(), true), false)
      and (s.assurance = 'two-factor' or not coalesce(u."twoFactorEnabled", false))
)
select a.id as asking, page.events from asking a left join lateral (
  -- Where somebody else was when they acted is told to administrators alone.
  select jsonb_agg(to_jsonb(one) - 'place' - case when a."isAdmin" or one.actor is null or one.actor = a.id then '{}' else '{address,userAgent,session}'::text[] end
      order by one.place desc) as events from (
    select e.* from event e where (e.subject = a.id or a."isAdmin")
      and ($2::text is null or e.subject = $2) and ($3::uuid is null or e.place < (select b.place from event b where b.id = $3))
      order by e.place desc limit $4
  ) one
) page on true`

/** The route as better-auth takes it. */
export function eventsPlugin(database: AccountsDatabase): BetterAuthPlugin {
  return {
    id: "undercroft-events",
    endpoints: {
      listEvents: createAuthEndpoint(
        "/events",
        { method: "GET", use: [sessionMiddleware] },
        async (context) => {
          const page = parsePage(context.query ?? {})
          if (!page)
            throw new APIError("BAD_REQUEST", {
              code: "BAD_REQUEST",
              message: "Ask with limit (1 to 200), before and user, each once",
            })
          const { id } = context.context.session.session
          const [row] = await database.query(statement, [id, page.user, page.before, page.limit])
          if (!row)
            throw new APIError("UNAUTHORIZED", {
              code: "UNAUTHORIZED",
              message: "The session has ended: sign in again",
            })
          return context.json({ events: row["events"] ?? [] })
        },
      ),
    },
  }
}
