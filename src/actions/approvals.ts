/** Four eyes: calls that wait until a second person approves them. Their input is kept encrypted, and is neither logged nor recorded. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import { explainLookupError } from "../engine/database-error.ts"
import { approvalText } from "../sql/approvals.ts"
import { sealedText } from "../sql/circumstances.ts"
import { type FlightPool, isDatabaseError } from "../store/pool.ts"
import type { Transaction } from "../store/transactions.ts"
import type { AnyAction } from "./action.ts"

/** A call that waits, or was decided, as those concerned see it. */
export interface ShownApproval {
  readonly id: string
  readonly action: string
  readonly requester: string
  readonly status: string
  readonly input: unknown
  readonly askedAt: string
  readonly expiresAt: string
  /** Why it was rejected. */
  readonly reason: string | null
}

export type Verdict =
  | { readonly status: "approved" }
  | { readonly status: "rejected"; readonly reason: string }

/** What becomes of calls that must be approved. */
export interface Approvals {
  /** The approval of a call; throws UC989 while it waits, UC387 where it was rejected, 42501 for who may not call. */
  ask(call: { name: string; input: unknown; caller: Caller; seconds: number }): Promise<string>
  /** Takes it, in the action's transaction. Throws UC385 where it is used already. */
  use(transaction: Transaction, id: string): Promise<void>
  /** The caller's own, and those that wait for them; at most 100. */
  list(caller: Caller): Promise<readonly ShownApproval[]>
  /** Throws UC384, UC385 and UC386. */
  decide(
    caller: Caller,
    id: string,
    verdict: Verdict,
  ): Promise<{ readonly id: string; readonly status: string }>
}

export interface ApprovalParts {
  readonly actions: Readonly<Record<string, AnyAction>>
  readonly pool: FlightPool
  /** What the process and the database share. */
  readonly processKey: Buffer
  /** Encrypts inputs; the database does not have it. */
  readonly secret: string | undefined
}

const refusals = { own: "UC384", over: "UC385", absent: "UC386" } as const
interface Done {
  readonly id: string
  readonly status: string
  readonly refused?: keyof typeof refusals
}

/** Null where no action waits for anybody. Throws UC987 without a secret. */
export function createApprovals({ actions, pool, processKey, secret = "" }: ApprovalParts): Approvals | null {
  const [named] = Object.entries(actions).find(([, one]) => one.definition.approval) ?? []
  if (named === undefined) return null
  if (Buffer.byteLength(secret) < 32) throw new UndercroftError("UC987", { action: named })
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync("sha256", secret, "", `undercroft approvals ${use}`, 32))
  const [digestKey, inputKey] = [derive("digest"), derive("input")]

  const send = async <T>(told: object, caller: Caller): Promise<T> => {
    const values = sealedText("approval.", JSON.stringify(told), processKey)
    try {
      const row = await pool.send({
        name: "undercroft_approval",
        text: approvalText,
        values,
        caller: caller.sealed,
        isRecorded: true,
      })
      return JSON.parse(row?.[0] ?? "null") as T
    } catch (cause) {
      if (!isDatabaseError(cause) || cause.code !== "42501") throw explainLookupError(cause)
      const code = caller.id === null ? "PG:42501/anonymous" : "PG:42501"
      throw new UndercroftError(code, { what: "call what waits for approval" }, { cause })
    }
  }
  const settled = (done: Done): Done => {
    if (done.refused) throw new UndercroftError(refusals[done.refused])
    return done
  }

  return {
    async ask({ name, input, caller, seconds }) {
      const text = canonical(input)
      const digest = createHmac("sha256", digestKey)
        .update(JSON.stringify([name, text]))
        .digest("hex")
      const sealed = encrypt(inputKey, text, `${name}.${caller.id}.${digest}`)
      const { id, status } = await send<Done>(
        { do: "ask", action: name, digest, input: sealed, seconds },
        caller,
      )
      if (status === "rejected") throw new UndercroftError("UC387", { id })
      if (status !== "approved") throw new UndercroftError("UC989", { id })
      return id
    },
    async use(transaction, id) {
      const values = sealedText("approval.", JSON.stringify({ do: "use", id }), processKey)
      const { rows } = await transaction.query(approvalText, [...values])
      settled(JSON.parse(String(rows[0]?.["done"])) as Done)
    },
    async list(caller) {
      const rows = await send<readonly (ShownApproval & { digest: string; input: string | null })[]>(
        { do: "list" },
        caller,
      )
      return rows.map(({ digest, input, ...one }) => ({
        ...one,
        input:
          input === null
            ? null
            : JSON.parse(decrypt(inputKey, input, `${one.action}.${one.requester}.${digest}`)),
      }))
    },
    async decide(caller, id, verdict) {
      return settled(await send<Done>({ do: "decide", id, ...verdict }, caller))
    },
  }
}

/** The same text for the same input, in whatever order its fields were sent. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    one !== null && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}

function encrypt(key: Buffer, text: string, about: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(about))
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64")
}

/** Throws where the text was changed, or stands with another call than its own. */
function decrypt(key: Buffer, sealed: string, about: string): string {
  const bytes = Buffer.from(sealed, "base64")
  const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(Buffer.from(about))
  cipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString("utf8")
}
