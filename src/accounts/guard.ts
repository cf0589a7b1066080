/**
 * Stands before better-auth's handler: takes an attempt from the counters before anything is tried, so that attempts at the
 * same time are counted, too; gives it back for a success; writes failures down. Where it can't count, nothing is tried.
 */
import type { AccountsDatabase } from "../store/accounts-database.ts"
import { networkOf } from "./client-address.ts"
import { createDeviceCookies } from "./device-cookie.ts"
import { type GuardedRoute, guardedRoute } from "./guarded-routes.ts"
import { type GuessedAccount, type GuessKey, guessKeys, knownKey, normalizeAccount } from "./guess-limits.ts"
import { type AskingPerson, createFindPeople, readMembers, UnreadableBody } from "./read-request.ts"
import { type RequestContext, withRequest } from "./request-context.ts"

type Answer = (request: Request) => Promise<Response>

export interface GuardParts {
  readonly database: AccountsDatabase
  readonly secret: string
  readonly basePath: string
  readonly isSecure: boolean
  /** The names of the cookies of a session and of a sign-in that waits for its second factor. */
  readonly cookies: { readonly session: string; readonly pending: string }
}

/** The header in which better-auth finds the client's address; what a client sends in it is overwritten. */
export const addressHeader = "x-undercroft-address"

/** The same handler, guarded. */
export function guardAccounts(
  answer: Answer,
  { database, secret, basePath, isSecure, cookies }: GuardParts,
): (request: Request, address: string) => Promise<Response> {
  const devices = createDeviceCookies(secret, isSecure)
  const findPeople = createFindPeople(database, cookies)

  return async (asked, address) => {
    const request = new Request(asked)
    request.headers.set(addressHeader, address)
    const path = new URL(request.url).pathname.slice(basePath.length)
    const route = guardedRoute(request.method, path)
    // What is asked for with every page is no attempt, and changes nothing that would be recorded.
    const people = path === "/get-session" ? [] : await findPeople(request.headers)
    const context = contextOf(request, path, address, people[0])
    if (!route) return withRequest(context, () => answer(request))

    let members: Readonly<Record<string, unknown>> = {}
    try {
      if (request.method !== "GET" && typeof route.account === "object") members = await readMembers(request)
    } catch (error) {
      if (!(error instanceof UnreadableBody)) throw error
      return tell(400, "BAD_REQUEST", "The body must be JSON or a form")
    }
    const network = networkOf(address)
    const accounts = accountsOf(route, members, people).map(
      (name): GuessedAccount => ({ name, device: devices.read(request.headers.get("cookie"), name) }),
    )
    const keys = guessKeys({ group: route.group, accounts, network }, secret)
    const about = {
      subject: people[0]?.user,
      email: typeof route.account === "object" ? accounts[0]?.name : undefined,
    }
    const record = (kind: string, result: string, detail: object): Promise<unknown> =>
      database.query("select accounts.record_event($1, $2, $3, $4, $5, $6)", [
        kind,
        JSON.stringify(context),
        about.email ?? null,
        about.email === undefined ? (about.subject ?? null) : null,
        result,
        JSON.stringify(detail),
      ])

    const { wait, locked, taken } = await takeAttempt(database, keys)
    if (wait > 0) return slowDown(wait)
    if (locked) await record("guessing-slowed", "refused", { group: route.group, counted: locked.split(",") })
    if (route.group === "send" && route.event) await record(route.event, "done", {})

    const response = await withRequest(context, () => answer(request))
    const failure = await failureOf(response)
    if (route.group === "send" || route.group === "sign-up") return response
    if (failure && response.status !== 503) {
      if (route.event) await record(route.event, "refused", { status: response.status, code: failure })
      return response
    }
    // Nothing was tried where the server was too busy: that tells nothing of who asks.
    const [one] = failure ? [] : accounts
    const isSignIn = one !== undefined && startsSession(response, cookies.session)
    await giveBack(
      database,
      keys.filter((one) => taken.includes(one.key)),
      isSignIn && accounts.length === 1 ? knownKey(one.name, network, secret) : null,
      !failure,
    )
    if (isSignIn && accounts.length === 1 && one.device === null)
      response.headers.append("set-cookie", devices.make(one.name))
    return response
  }
}

function contextOf(request: Request, path: string, address: string, person?: AskingPerson): RequestContext {
  const userAgent = request.headers.get("user-agent")
  return {
    // Who waits for the second factor is nobody yet.
    ...(person?.session ? { actor: person.onBehalf ?? person.user, session: person.session } : {}),
    address,
    ...(userAgent ? { userAgent: userAgent.slice(0, 300) } : {}),
    // Some paths end in a token.
    route: `${request.method} ${path
      .split("/")
      .slice(0, 3)
      .join("/")
      .replace(/^\/reset-password\/.+/, "/reset-password")
      .slice(0, 100)}`,
  }
}

function accountsOf(
  { account }: GuardedRoute,
  members: Readonly<Record<string, unknown>>,
  people: readonly AskingPerson[],
): readonly string[] {
  if (account === "none") return []
  if (account === "session") return [...new Set(people.map((one) => normalizeAccount(one.email)))]
  const name = members[account.body]
  // What PostgreSQL takes for no text is nobody's name.
  return typeof name === "string" && !name.includes("\0") ? [normalizeAccount(name)] : []
}

interface Attempt {
  /** Seconds until the next one; with any, this one was not taken. */
  readonly wait: number
  /** The scopes that this attempt used up. */
  readonly locked: string | null
  /** The counters that were counted up. */
  readonly taken: readonly string[]
}

/** Counts an attempt up, or says how long to wait. */
export async function takeAttempt(database: AccountsDatabase, keys: readonly GuessKey[]): Promise<Attempt> {
  const [row] = await database.query(
    "select wait, locked, coalesce(taken, '{}') as taken from accounts.take_attempt($1)",
    [JSON.stringify(keys)],
  )
  return row as unknown as Attempt
}

async function giveBack(
  database: AccountsDatabase,
  keys: readonly GuessKey[],
  known: string | null,
  isSuccess: boolean,
): Promise<void> {
  const isReset = (one: GuessKey): boolean => isSuccess && one.scope === "pair"
  const names = (some: readonly GuessKey[]): readonly string[] => some.map((one) => one.key)
  await database.query("select accounts.give_back($1, $2, $3)", [
    names(keys.filter(isReset)),
    names(keys.filter((one) => !isReset(one))),
    known,
  ])
}

/** The code of what went wrong; null for a success. Links answer with a redirection in either case. */
async function failureOf(response: Response): Promise<string | null> {
  if (response.status < 300) return null
  if (response.status < 400) {
    const error = /[?&]error=([\w-]{1,60})/.exec(response.headers.get("location") ?? "")
    return error?.[1] ?? null
  }
  const body = (await response
    .clone()
    .json()
    .catch(() => null)) as { readonly code?: unknown } | null
  return typeof body?.code === "string" ? body.code.slice(0, 60) : String(response.status)
}

function startsSession(response: Response, cookie: string): boolean {
  return response.headers
    .getSetCookie()
    .some((one) => one.startsWith(`${cookie}=`) && !/^[^;]*=;|max-age=0/i.test(one))
}

function slowDown(seconds: number): Response {
  const wait = String(Math.max(1, Math.ceil(seconds)))
  return tell(429, "TOO_MANY_ATTEMPTS", `Too many attempts: try again in ${wait} seconds`, {
    "retry-after": wait,
  })
}

/** An answer in better-auth's way of telling errors. */
function tell(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ code, message }, { status, headers })
}
