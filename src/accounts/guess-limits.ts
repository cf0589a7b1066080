/**
 * How many attempts are free, and how long the next one waits. Account and network together lock hard. An account alone
 * only slows down, and not for a device or a network from which its owner has signed in: nobody can lock out somebody else.
 */
import { createHmac } from "node:crypto"
import type { GuardedRoute } from "./guarded-routes.ts"

export interface GuessLimit {
  /** Attempts before the first wait. */
  readonly free: number
  /** Seconds after which one attempt is forgiven. */
  readonly forgive: number
  /** Seconds of the first wait; each further attempt doubles it. */
  readonly base: number
  /** Seconds that a wait never exceeds. */
  readonly most: number
}

export type GuessScope = "pair" | "account" | "network"
type Group = GuardedRoute["group"]

const pair: GuessLimit = { free: 5, forgive: 600, base: 30, most: 900 }
const slow: GuessLimit = { free: 20, forgive: 60, base: 1, most: 30 }
const network: GuessLimit = { free: 50, forgive: 20, base: 1, most: 30 }
const crowd: GuessLimit = { free: 100, forgive: 36, base: 1, most: 60 }
/** Each mail that is let through brings its owner a link or code that works: they are not locked out by this either. */
const mailbox: GuessLimit = { free: 5, forgive: 600, base: 60, most: 3600 }

/** A scope that is missing is not counted. */
const guessLimits: Readonly<Record<Group, Readonly<Partial<Record<GuessScope, GuessLimit>>>>> = {
  password: { pair, account: slow, network },
  // Who guesses here knows the password already, and six digits are few.
  factor: { pair, account: { free: 10, forgive: 300, base: 30, most: 900 }, network },
  code: { pair, account: slow, network },
  token: { network },
  // Keys of machines, at the doors of the API.
  key: { network },
  send: { account: mailbox, network: crowd },
  "sign-up": { account: mailbox, network: crowd },
}

/** One counter. */
export interface GuessKey extends GuessLimit {
  readonly key: string
  readonly scope: GuessScope
  /** A key that was counted up at this account's last success; where there is one, this counter is left alone. */
  readonly known?: string
}

/** What an account is called in keys, however it is written. */
export function normalizeAccount(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase()
}

export interface Guesser {
  readonly group: Group
  readonly network: string
  /** Whose accounts the attempt may be about. */
  readonly accounts: readonly GuessedAccount[]
}

export interface GuessedAccount {
  readonly name: string
  /** The number of the device, if it proved itself for this account. */
  readonly device: string | null
}

/** The counters of an attempt. Keys are keyed hashes: the table does not tell whose they are. */
export function guessKeys({ group, accounts, network }: Guesser, secret: string): GuessKey[] {
  const limits = guessLimits[group]
  const keys = new Map<string, GuessKey>()
  const add = (scope: GuessScope, parts: readonly string[], known?: string): void => {
    const limit = limits[scope]
    if (!limit) return
    const key = keyedHash(secret, ["guess", group, scope, ...parts])
    keys.set(key, { ...limit, scope, key, ...(known ? { known } : {}) })
  }
  for (const { name, device } of accounts) {
    add("pair", [name, device === null ? "network" : "device", device ?? network])
    // A device of one's own is counted by itself alone.
    if (device === null || !limits.pair)
      add("account", [name], limits.pair && knownKey(name, network, secret))
  }
  const isKnownDevice = limits.pair && accounts.length > 0 && accounts.every((one) => one.device !== null)
  if (!isKnownDevice) add("network", [network])
  return [...keys.values()]
}

/** Under which it is remembered that an account's owner signed in from a network. */
export function knownKey(account: string, network: string, secret: string): string {
  return keyedHash(secret, ["known", account, network])
}

/** A text that only who has the secret can make from these parts. */
export function keyedHash(secret: string, parts: readonly string[]): string {
  return createHmac("sha256", secret).update(JSON.stringify(parts)).digest("base64url")
}
