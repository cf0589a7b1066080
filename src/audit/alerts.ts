/** Asks the rules after each sealing, puts what they find on record, and tells the channels. */
import { UndercroftError } from "../base/errors.ts"
import {
  raiseDenials,
  raiseMassReads,
  raiseOutsideHours,
  raiseOverrides,
  raiseVerification,
} from "../sql/audit-alerts.ts"
import type { AuditDatabase } from "../store/audit-database.ts"
import { type Alert, type AlertChannel, type AlertSettings, alertDefaults } from "./alert.ts"

export interface AlertsOptions {
  readonly database: AuditDatabase
  readonly settings: AlertSettings
  readonly channels: readonly AlertChannel[]
  readonly tell: (error: UndercroftError) => void
}

export interface Alerts {
  /** For each look of the sealer, with how many entries it sealed. What fails is told, and not thrown. */
  evaluate(sealed: number): Promise<void>
  /** The verification found that an entry is not as it was sealed. */
  raiseVerification(position: number): Promise<void>
}

interface Question {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Where rules take longer than this they are asked less often, so that they take a tenth of the time. */
const quickMs = 100

/** Throws UC916 for rules that can't be asked. */
export function createAlerts({ database, settings, channels, tell }: AlertsOptions): Alerts {
  const questions = questionsOf(settings)
  let isDue = false
  let next = 0

  async function ask(question: Question): Promise<void> {
    const rows = await database.transaction((query) => query(question.text, question.values))
    for (const { id, at, detail } of rows) {
      const { rule, count } = detail as { readonly rule: Alert["rule"]; readonly count: number }
      const alert: Alert = { rule, entry: String(id), at: at as Date, count }
      // It is on record whoever can be told.
      for (const channel of channels)
        await channel.tell(alert).catch((cause: unknown) => {
          tell(
            new UndercroftError(
              "UC978",
              { what: `The channel ${channel.name} did not take an alert` },
              { cause },
            ),
          )
        })
    }
  }

  async function all(asked: readonly Question[]): Promise<void> {
    try {
      for (const one of asked) await ask(one)
    } catch (cause) {
      tell(new UndercroftError("UC978", { what: "The rules over the record could not be asked" }, { cause }))
    }
  }

  return {
    async evaluate(sealed) {
      isDue ||= sealed > 0
      const began = Date.now()
      if (!isDue || began < next) return
      isDue = false
      await all(questions)
      const tookMs = Date.now() - began
      if (tookMs > quickMs) next = Date.now() + 9 * tookMs
    },
    async raiseVerification(position) {
      if (settings.failedVerification !== false)
        await all([{ text: raiseVerification, values: ["P1D", position] }])
    },
  }
}

function questionsOf(settings: AlertSettings): readonly Question[] {
  const refuse = (rule: string, why: string): never => {
    throw new UndercroftError("UC916", { setting: `audit.alerts.${rule}`, why })
  }
  const threshold = (rule: "denials" | "massReads", text: string): readonly Question[] => {
    const said = settings[rule] ?? alertDefaults[rule]
    if (said === false) return []
    const { count, within } = said
    if (!Number.isSafeInteger(count) || count < 1) refuse(rule, "count is a number from 1 on")
    if (!/^(PT([1-9]\d{0,4}S|[1-9]\d{0,3}M|([1-9]|1\d|2[0-4])H)|P1D)$/.test(within))
      refuse(rule, "within is a time up to a day, such as PT5M")
    return [{ text, values: [within, count] }]
  }
  const hours = (): readonly Question[] => {
    if (!settings.outsideHours) return []
    const { from, to, days = [1, 2, 3, 4, 5], timeZone = "UTC" } = settings.outsideHours
    const isTime = (time: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(time)
    if (!isTime(from) || !(isTime(to) || to === "24:00") || from >= to)
      refuse("outsideHours", "from and to are times of one day, such as 07:00 and 19:00")
    if (!days.every((day) => Number.isInteger(day) && day >= 1 && day <= 7))
      refuse("outsideHours", "days are numbers from 1, Monday, to 7")
    if (!isTimeZone(timeZone)) refuse("outsideHours", `${timeZone} is no time zone`)
    return [{ text: raiseOutsideHours, values: ["PT1H", from, to, days, timeZone] }]
  }
  return [
    ...threshold("denials", raiseDenials),
    ...threshold("massReads", raiseMassReads),
    ...hours(),
    ...(settings.override === false ? [] : [{ text: raiseOverrides, values: ["P1D"] }]),
  ]
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions()
    return true
  } catch {
    return false
  }
}
