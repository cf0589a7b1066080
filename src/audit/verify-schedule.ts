/** Verifies the record once a day, in one of the processes, and has a finding raise an alert. */
import { UndercroftError } from "../base/errors.ts"
import { isVerified, recordVerification } from "../sql/audit-alerts.ts"
import { type AuditDatabase, readAudit } from "../store/audit-database.ts"
import type { Alerts } from "./alerts.ts"
import type { AnchoredHead } from "./anchored-heads.ts"
import { verifyConnections, verifyRecord } from "./verify-record.ts"

export interface VerifyScheduleOptions {
  readonly adminUrl: string
  /** Its own, and closed with it. */
  readonly database: AuditDatabase
  /** The heads that are kept outside, where they can be read. */
  readonly openAnchor: (() => Promise<AsyncIterable<AnchoredHead>>) | null
  readonly alerts: Alerts
  readonly tell: (error: UndercroftError) => void
}

export interface VerifySchedule {
  /** Verifies now, unless that was done within the last day. */
  run(): Promise<void>
  /** Waits for what is running. */
  stop(): Promise<void>
}

const hourMs = 3_600_000

/** Looks every hour whether a day is over. */
export function scheduleVerification(options: VerifyScheduleOptions): VerifySchedule {
  const { database } = options
  let running: Promise<void> = Promise.resolve()
  const run = (): Promise<void> => {
    running = running.then(() => verify(options))
    return running
  }
  const timer = setInterval(() => void run(), hourMs).unref()
  return {
    run,
    async stop() {
      clearInterval(timer)
      await running
      await database.close()
    },
  }
}

async function verify({
  adminUrl,
  database,
  openAnchor,
  alerts,
  tell,
}: VerifyScheduleOptions): Promise<void> {
  try {
    const [state] = await database.transaction((query) => query(isVerified))
    if (state?.["verified"] === true) return
    // Before the database is looked at: what is sealed meanwhile is no finding.
    const anchored = (await openAnchor?.()) ?? null
    const reader = await readAudit(adminUrl, verifyConnections)
    try {
      const lock = "select pg_try_advisory_xact_lock(hashtextextended('undercroft verify', 0)) as mine"
      if ((await reader.query(lock))[0]?.["mine"] !== true) return
      const { intact, bad, size } = await verifyRecord({ reader, anchored, keys: [] })
      if (intact) await database.transaction((query) => query(recordVerification, [size]))
      else {
        tell(new UndercroftError("UC979", { why: `the first bad entry is ${bad?.position}` }))
        await alerts.raiseVerification(bad?.position ?? 0)
      }
    } finally {
      await reader.close()
    }
  } catch (cause) {
    tell(new UndercroftError("UC979", { why: "it could not be looked through" }, { cause }))
  }
}
