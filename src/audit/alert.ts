/** What an alert is, who is told of it, and when there is one: thresholds that a definition may set. */

/** Something in the record that somebody should look at. It names nobody: its entry does, for those who may read that. */
export interface Alert {
  readonly rule: "denials" | "massReads" | "outsideHours" | "override" | "failedVerification"
  /** The entry of kind `alert` that tells more. */
  readonly entry: string
  readonly at: Date
  /** How often it happened. */
  readonly count: number
}

/** Where alerts go. */
export interface AlertChannel {
  readonly name: string
  /** Throws where it could not be told. */
  tell(alert: Alert): Promise<void>
}

/** So many within a time, such as `PT5M`. */
export interface AlertThreshold {
  readonly count: number
  /** ISO 8601, up to a day. */
  readonly within: string
}

/** Rules over the record. What is left out has its default; `false` switches a rule off. */
export interface AlertSettings {
  /** Refusals of one caller, and of one address where nobody is named; by default 20 within five minutes. */
  readonly denials?: AlertThreshold | false
  /** Rows of entities with recorded reads that one caller reads; by default 1,000 within ten minutes. */
  readonly massReads?: AlertThreshold | false
  /** Reads of people outside of these hours; off unless given. */
  readonly outsideHours?: {
    /** `07:00` */
    readonly from: string
    readonly to: string
    /** Monday is 1; by default 1 to 5. */
    readonly days?: readonly number[]
    /** `Europe/Berlin`; UTC unless given. */
    readonly timeZone?: string
  }
  /** Each emergency override; on unless switched off. */
  readonly override?: boolean
  /** The daily verification finds a change; on unless switched off. */
  readonly failedVerification?: boolean
  /** Addresses that a mail goes to. */
  readonly mail?: readonly string[]
  /** Takes each alert as JSON: `{ type: "audit.alert", timestamp, data: { product, rule, says, entry, at, count } }`. */
  readonly webhook?: AlertWebhookSettings
  readonly channels?: readonly AlertChannel[]
}

export interface AlertWebhookSettings {
  /** A host in a private network has to be among `audit.privateHosts`. */
  readonly url: string
  /** What signs requests (Standard Webhooks), `whsec_` and base64 of 24 bytes or more; the receiver has it, too. */
  readonly secret: string
}

export const alertDefaults: { readonly denials: AlertThreshold; readonly massReads: AlertThreshold } = {
  denials: { count: 20, within: "PT5M" },
  massReads: { count: 1000, within: "PT10M" },
}

/** In words, for whoever is told. */
export const alertTexts: Readonly<Record<Alert["rule"], string>> = {
  denials: "one caller was refused many times",
  massReads: "one caller read many rows",
  outsideHours: "somebody read data outside of the working hours",
  override: "an emergency override was used",
  failedVerification: "the record is not as it was sealed",
}
