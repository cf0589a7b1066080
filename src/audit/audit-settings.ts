/** What a definition says of its record under `audit`: where heads go, whose heads are witnessed, how long entries are kept. */
import { UndercroftError } from "../base/errors.ts"
import type { AlertSettings } from "./alert.ts"
import type { RemoteAnchor } from "./anchor.ts"
import { type BucketAnchorSettings, bucketAnchor } from "./bucket-anchor.ts"
import { parseWitnessKey } from "./cosignature.ts"
import { isWebhookSecret } from "./signed-post.ts"
import type { SyslogSettings } from "./syslog-feed.ts"
import { parseKey } from "./verifier.mts"
import { type WebhookAnchorSettings, webhookAnchor } from "./webhook-anchor.ts"
import type { WitnessSettings } from "./witness.ts"
import { type WitnessAnchorSettings, witnessAnchor } from "./witness-anchor.ts"

/** An anchor across a network, of one of three kinds. */
export type AnchorSettings = BucketAnchorSettings | WebhookAnchorSettings | WitnessAnchorSettings

export interface AuditSettings {
  /** The file outside of the database that keeps the record's heads, from the project's folder on; UNDERCROFT_AUDIT_ANCHOR comes first. */
  readonly anchor?: string | URL
  /** Where heads go beside the file: object stores, webhooks, witnesses. */
  readonly anchors?: readonly AnchorSettings[]
  /** Names of hosts of anchors, webhooks and syslog servers that may be in a private network, and without TLS there; by default none may. */
  readonly privateHosts?: readonly string[]
  /** Makes this backend a witness of other records, at `/witness`. */
  readonly witness?: WitnessSettings
  /** A syslog server that gets every entry once it is sealed, from the first on (RFC 5424). */
  readonly syslog?: SyslogSettings
  /** How long entries are kept; left out: for ever. */
  readonly keep?: { readonly years: number }
  /** How long the record's sealer waits after a look, in milliseconds; 2,000 unless given. */
  readonly sealEveryMs?: number
}

/** Throws UC970. */
export function remoteAnchors({
  anchors = [],
  privateHosts = [],
}: AuditSettings = {}): readonly RemoteAnchor[] {
  const made = anchors.map((one) => makeAnchor(one, privateHosts))
  const twice = made.find(({ name }, at) => made.findIndex((one) => one.name === name) !== at)
  if (twice) refuse(`${twice.name} is there twice`)
  return made
}

function makeAnchor(settings: AnchorSettings, privateHosts: readonly string[]): RemoteAnchor {
  const { everySeconds } = settings
  if (everySeconds !== undefined && !(everySeconds >= 0 && everySeconds <= 86_400))
    refuse("everySeconds is a number of seconds, a day at most")
  if ("bucket" in settings) {
    checkUrl(settings.bucket, privateHosts)
    for (const name of ["region", "accessKeyId", "secretAccessKey"] as const)
      if (!settings[name]) refuse(`a bucket needs ${name}`)
    return bucketAnchor(settings, privateHosts)
  }
  if ("webhook" in settings) {
    checkUrl(settings.webhook, privateHosts)
    checkSecret(settings.secret)
    return webhookAnchor(settings, privateHosts)
  }
  if (!("witness" in settings)) return refuse("an anchor is a bucket, a webhook or a witness")
  checkUrl(settings.witness, privateHosts)
  try {
    parseWitnessKey(settings.key)
  } catch (cause) {
    refuse(`the witness's key: ${(cause as Error).message}`)
  }
  return witnessAnchor(settings, privateHosts)
}

function checkSecret(secret: unknown): void {
  if (!isWebhookSecret(secret)) refuse("a webhook needs a secret: whsec_ and base64 of 24 bytes or more")
}

/** Throws UC970 where a witness, a period, or where entries and alerts go makes no sense. */
export function checkAuditSettings({
  witness,
  keep,
  alerts,
  syslog,
  privateHosts = [],
}: AuditSettings & { readonly alerts?: AlertSettings | false } = {}): void {
  const { webhook } = alerts || {}
  if (webhook) {
    checkUrl(webhook.url, privateHosts)
    checkSecret(webhook.secret)
  }
  if (keep && !(Number.isInteger(keep.years) && keep.years >= 1))
    refuse("keep says whole years, one or more: keep: { years: 10 }")
  if (syslog) checkSyslog(syslog, privateHosts)
  for (const log of witness?.logs ?? []) {
    try {
      parseKey(log)
    } catch (cause) {
      refuse(`a record's key: ${(cause as Error).message}`)
    }
  }
}

function checkSyslog(
  { host, port = 6514, tls, format }: SyslogSettings,
  privateHosts: readonly string[],
): void {
  if (typeof host !== "string" || !/^[\w.:-]+$/.test(host))
    refuse("syslog needs a host, such as logs.example.org")
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    refuse("the port of syslog is a number up to 65535")
  if (tls === false && !privateHosts.includes(host))
    refuse(`syslog to ${host} is without TLS: leave tls out, or name the host in privateHosts`)
  if (![undefined, "cef", "ocsf"].includes(format)) refuse("the format of syslog is cef or ocsf")
}

/** Nothing of the address is told but its host: it may hold a secret. */
function checkUrl(text: string, privateHosts: readonly string[]): void {
  const url = URL.parse(text) ?? refuse("an address is no URL")
  if (url.username !== "" || url.password !== "") refuse(`the address at ${url.host} holds a password`)
  if (url.protocol !== "https:" && !(url.protocol === "http:" && privateHosts.includes(url.hostname)))
    refuse(`the address at ${url.host} is not https`)
}

function refuse(why: string): never {
  throw new UndercroftError("UC970", { why })
}
