/** Checks of people's accounts: what is stored of sessions, passwords and keys, and what the definition asks of a sign-in. */
import type { CheckAnswer, CheckContext, LiveCheck } from "../live-check.ts"

const none: CheckAnswer = { ok: null, says: "The backend has no accounts of its own." }

type AccountCheck =
  | "sessions-hashed"
  | "passwords-hashed"
  | "api-keys-hashed"
  | "sessions-end"
  | "second-factor-required"
  | "account-events-recorded"

export const accountChecks: Readonly<Record<AccountCheck, LiveCheck>> = {
  "sessions-hashed": {
    title: "No session can be taken over with what the database holds",
    run: (context) =>
      stored(context, "session", `token ~ '^[0-9a-f]{64}$'`, {
        good: "as digests, from which the tokens can't be reckoned",
        bad: "not as digests",
        what: "sessions",
      }),
  },
  "passwords-hashed": {
    title: "Passwords are stored as Argon2id hashes, each with a salt of its own",
    run: (context) =>
      stored(
        context,
        "account",
        `password ~ '^[$]argon2id[$]v=19[$]m=(19[4-9][5-9][0-9]|[2-9][0-9]{4,}|[1-9][0-9]{5,}),t=([2-9]|[1-9][0-9]),p='`,
        {
          where: "password is not null",
          good: "by Argon2id with at least 19 MiB and two passes",
          bad: "in another way",
          what: "passwords",
        },
      ),
  },
  "api-keys-hashed": {
    title: "No key of a machine can be taken over with what the database holds",
    run: (context) =>
      stored(context, "apikey", `key ~ '^[A-Za-z0-9_-]{43}$'`, {
        good: "as digests",
        bad: "not as digests",
        what: "keys",
      }),
  },
  "sessions-end": {
    title: "Sessions end when nobody uses them, and after a while in any case",
    run({ definition: { accounts } }) {
      if (!accounts) return none
      const { idleMinutes = 30, hours = 12, roles = {} } = accounts.sessions ?? {}
      const all = [{ idleMinutes, hours }, ...Object.values(roles)]
      const [idle, whole] = [
        Math.max(...all.map((one) => one.idleMinutes ?? idleMinutes)),
        Math.max(...all.map((one) => one.hours ?? hours)),
      ]
      const says = `At the latest after ${idle} minutes without a request, and after ${whole} hours (accounts.sessions).`
      return idle <= 60 && whole <= 24
        ? { ok: true, says }
        : {
            ok: false,
            says: `${says} That is longer than 60 minutes and 24 hours, which we take for the longest.`,
          }
    },
  },
  "second-factor-required": {
    title: "Everybody who signs in proves who they are in two ways",
    run({ definition: { accounts } }) {
      if (!accounts) return none
      const who = accounts.requireTwoFactor
      if (who === true) return { ok: true, says: "The definition requires two factors of everybody." }
      const some =
        who && who.length > 0 ? `only of: ${who.join(", ")}` : "of nobody; whoever switched one on needs it"
      return { ok: null, says: `Two factors are required ${some}. Set accounts.requireTwoFactor to true.` }
    },
  },
  "account-events-recorded": {
    title: "What happens to accounts is written down by the database itself",
    async run({ definition, database }) {
      if (!definition.accounts) return none
      const rows = await database.query(
        `select t.tgenabled = 'A' as on from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'accounts' and t.tgname like 'record %'`,
      )
      const off = rows.filter((row) => row["on"] !== true).length
      if (rows.length === 0)
        return { ok: false, says: "There are no triggers that would write events of accounts." }
      return off > 0
        ? {
            ok: false,
            says: `${off} of ${rows.length} triggers that write events of accounts are switched off.`,
          }
        : { ok: true, says: `${rows.length} triggers write events of accounts, and are always on.` }
    },
  },
}

interface Stored {
  readonly what: string
  readonly good: string
  readonly bad: string
  /** Which rows count. */
  readonly where?: string
}

/** Asks how many rows of a table of accounts look as they should; no value of them is read. */
async function stored(
  { definition, database }: CheckContext,
  table: string,
  fits: string,
  { what, good, bad, where = "true" }: Stored,
): Promise<CheckAnswer> {
  if (!definition.accounts) return none
  const [there] = await database.query("select to_regclass($1) is not null as yes", [`accounts.${table}`])
  if (there?.["yes"] !== true) return { ok: true, says: `No ${what} are stored.` }
  const [row] = await database.query(
    `select count(*)::integer as all, count(*) filter (where (${fits}) is not true)::integer as wrong from accounts.${table} where ${where}`,
  )
  const [all, wrong] = [Number(row?.["all"]), Number(row?.["wrong"])]
  if (wrong > 0) return { ok: false, says: `${wrong} of ${all} ${what} are stored ${bad}.` }
  return {
    ok: true,
    says: all === 0 ? `No ${what} are stored just now.` : `All ${all} ${what} are stored ${good}.`,
  }
}
