/**
 * The routes of accounts know a session only while it is good: the same that the database asks of it in every other
 * request, so that no route of a plugin can forget it (GHSA-xg6x-h9c9-2m83).
 */
import { createHash } from "node:crypto"
import type { DBAdapter, DBTransactionAdapter } from "@better-auth/core/db/adapter"
import { currentRoute } from "./request-context.ts"
import type { NeedsTwoFactors } from "./settings.ts"

/** What an administrator may do at this door while they act for somebody. Nobody adds a passkey, a password or a key for another. */
const actingRoutes: RegExp = /^(GET .*|POST \/(sign-out|admin\/stop-impersonating|organization\/.*))$/

/** What somebody may do who needs two factors and has proved one: get the second. */
const enrollingRoutes: ReadonlySet<string> = new Set([
  "GET /get-session",
  "GET /passkey/generate-register-options",
  "POST /passkey/verify-registration",
  "POST /send-verification-email",
  "POST /sign-out",
  "POST /two-factor/enable",
  "POST /two-factor/verify-totp",
])

type Row = Readonly<Record<string, unknown>>

/** The same adapter, for which a session that is not good is none. */
export function usableSessions(adapter: DBAdapter, needsTwo: NeedsTwoFactors): DBAdapter {
  return {
    ...wrap(adapter, needsTwo),
    transaction: (work) => adapter.transaction((inner) => work(wrap(inner, needsTwo))),
  }
}

function wrap<A extends DBTransactionAdapter>(adapter: A, needsTwo: NeedsTwoFactors): A {
  return {
    ...adapter,
    create: (options) => adapter.create({ ...options, data: withUuid(options.model, options.data) as never }),
    async findOne(options) {
      const { model, where, join } = options
      const asked = model === "verification" ? where.map((one) => ({ ...one, ...uuidOf(one) })) : where
      const found = await adapter.findOne<Row>({ ...options, where: asked })
      const isLookUp = model === "session" && join?.["user"] !== undefined
      return (isLookUp && found !== null && !isUsable(found, needsTwo) ? null : found) as never
    },
  }
}

function isUsable(row: Row, needsTwo: NeedsTwoFactors): boolean {
  const user = row["user"] as Row | null | undefined
  if (!user) return false
  const now = Date.now()
  const time = (value: unknown): number => (value == null ? Number.NaN : new Date(value as Date).getTime())
  const isBanned = user["banned"] === true && !(time(user["banExpires"]) <= now)
  const isIdle = !(time(row["seenAt"]) + Number(row["idleSeconds"]) * 1000 > now)
  const isOne = row["assurance"] !== "two-factor"
  const isHalf = isOne && user["twoFactorEnabled"] === true
  const roles = String(user["role"] ?? "").split(",")
  const isBare = isOne && needsTwo(roles) && !enrollingRoutes.has(currentRoute() ?? "")
  const isActing = row["impersonatedBy"] != null && !actingRoutes.test(currentRoute() ?? "")
  return !isBanned && !isIdle && !isHalf && !isBare && !isActing
}

// better-auth keys what may happen once by a digest; our keys are UUIDs.
function withUuid(model: string, data: Row): Row {
  return model === "verification" && data["id"] !== undefined ? { ...data, id: toUuid(data["id"]) } : data
}

function uuidOf({ field, value }: { readonly field: string; readonly value: unknown }): { value?: string } {
  return field === "id" && typeof value === "string" ? { value: toUuid(value) } : {}
}

function toUuid(id: unknown): string {
  const text = String(id)
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text
  const digest = createHash("sha256").update(text).digest("hex")
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}
