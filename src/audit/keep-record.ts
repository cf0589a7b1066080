/** All that is done with the record in the background: sealing, alerts, heads on their way to anchors, pruning, verification. */
import type { UndercroftError } from "../base/errors.ts"
import { openAudit } from "../store/audit-database.ts"
import type { AlertChannel, AlertSettings } from "./alert.ts"
import { alertWebhook } from "./alert-webhook.ts"
import { createAlerts } from "./alerts.ts"
import type { Anchor, RemoteAnchor } from "./anchor.ts"
import type { AnchoredHead } from "./anchored-heads.ts"
import type { AuditSettings } from "./audit-settings.ts"
import { type Courier, startCourier } from "./courier.ts"
import { type Feed, type Feeder, startFeeds } from "./feed.ts"
import { schedulePruning } from "./prune-schedule.ts"
import { type Sealer, startSealer } from "./sealer.ts"
import type { KeyHolder, SigningKey } from "./signing-key.ts"
import { syslogFeed } from "./syslog-feed.ts"
import { scheduleVerification, type VerifySchedule } from "./verify-schedule.ts"

/** What the sealer of the record needs. */
export interface AuditOptions {
  readonly keys: KeyHolder
  /** Where heads go, beside the definition's anchors. */
  readonly anchors: readonly Anchor[]
  /** What heads of other records are cosigned with, where the definition declares a witness. */
  readonly witness?: SigningKey | undefined
  /** Reads the heads of the anchor that the daily verification compares with. */
  readonly openAnchor?: (() => Promise<AsyncIterable<AnchoredHead>>) | null
}

export interface RecordParts {
  /** The backend's name. */
  readonly product: string
  readonly options: AuditOptions
  readonly settings: AuditSettings & { readonly alerts?: AlertSettings | false }
  readonly remotes: readonly RemoteAnchor[]
  /** Who is told of alerts, beside the definition's channels. */
  readonly channels: readonly AlertChannel[]
  readonly adminUrl: string
  /** Logs in as the role of the record. */
  readonly auditUrl: string
  readonly tell: (error: UndercroftError) => void
}

export interface RecordKeeper {
  readonly sealer: Sealer
  readonly courier: Courier | null
  readonly feeder: Feeder | null
  readonly verification: VerifySchedule | null
  stop(): Promise<void>
}

/** Checks what was declared, and gives what starts the work. Throws UC916. */
export function prepareRecord(parts: RecordParts): () => RecordKeeper {
  const { options, settings, remotes, adminUrl, tell } = parts
  const { alerts: rules = {}, sealEveryMs: everyMs, keep } = settings
  const { feeds, channels } = outlets(parts)
  const open = (): ReturnType<typeof openAudit> => openAudit(parts.auditUrl)
  const database = open()
  const alerts = rules
    ? createAlerts({
        database,
        settings: rules,
        channels: [...(rules.channels ?? []), ...parts.channels, ...channels],
        tell,
      })
    : null
  return () => {
    const sealer = startSealer({ ...options, database, everyMs, tell, onSealed: alerts?.evaluate })
    const pruning = schedulePruning({ adminUrl, years: keep?.years, seal: sealer.sealNow, tell })
    const courier =
      remotes.length > 0 ? startCourier({ database: open(), anchors: remotes, everyMs, tell }) : null
    const feeder = feeds.length > 0 ? startFeeds({ database: open(), feeds, everyMs, tell }) : null
    const verification = alerts
      ? scheduleVerification({
          adminUrl,
          database: open(),
          openAnchor: options.openAnchor ?? null,
          alerts,
          tell,
        })
      : null
    return {
      sealer,
      courier,
      feeder,
      verification,
      async stop() {
        await verification?.stop()
        await pruning?.stop()
        await sealer.stop()
        await courier?.stop()
        await feeder?.stop()
      },
    }
  }
}

/** What takes entries as they are sealed, beside anchors. */
function outlets({ product, settings }: RecordParts): {
  readonly feeds: readonly Feed[]
  readonly channels: readonly AlertChannel[]
} {
  const { alerts, syslog, privateHosts = [] } = settings
  const { webhook } = alerts || {}
  const told = webhook ? [alertWebhook(webhook, { product, privateHosts })] : []
  const handed = syslog ? [syslogFeed(syslog, { product, privateHosts })] : []
  return {
    feeds: [...told.map(({ feed }) => feed), ...handed],
    channels: told.map(({ channel }) => channel),
  }
}
