/** What `undercroft privacy` tells people: the report of retention, and legal holds. */
import type { ErasureReport } from "../privacy/erase.ts"
import type { LegalHold } from "../store/legal-holds.ts"
import type { RetentionEntry, RetentionReport } from "../store/retention.ts"

/** The report, a paragraph an entity. */
export function retentionText({ at, isDryRun, entities }: RetentionReport): string {
  if (entities.length === 0) return "No entity says `retain`: nothing is ever due."
  const head = `Retention as of ${at}${isDryRun ? ": a dry run, nothing was changed" : ""}`
  return [head, ...entities.map(entryText)].join("\n")
}

function entryText(entry: RetentionEntry): string {
  const { entity, due, deleted, anonymised, held, refused, undated } = entry
  const counts = [
    deleted > 0 ? `${deleted} deleted` : "",
    anonymised > 0 ? `${anonymised} anonymised` : "",
    held > 0 ? `${held} kept by a legal hold` : "",
    ...Object.entries(refused).map(([by, rows]) => `${rows} kept by ${by}`),
  ].filter((one) => one !== "")
  const rest = counts.length === 0 ? "" : `: ${counts.join(", ")}`
  return `${entity}  ${due} due${rest}${undated > 0 ? ` (${undated} without a date, kept)` : ""}`
}

/** One hold, on a line. */
export function holdText(hold: LegalHold): string {
  const end = hold.until === null ? "" : ` until ${hold.until.slice(0, 10)}`
  const since = `held since ${hold.heldAt.slice(0, 10)} by ${hold.heldBy}${end}: ${hold.reason}`
  const released =
    hold.releasedAt === null
      ? ""
      : `; released ${hold.releasedAt.slice(0, 10)} by ${hold.releasedBy}: ${hold.releaseReason}`
  return `${hold.subject}  ${since}${released}`
}

interface PlanOf {
  readonly person: string
  readonly entities: readonly { readonly entity: string; readonly path: string; readonly end: string }[]
}

/** Whose rows are found by which path, and how they end. */
export function planText(plans: readonly PlanOf[]): string {
  if (plans.length === 0) return "No entity says `subject`: the model knows of nobody's data."
  return plans
    .flatMap(({ person, entities }) => [
      `${person}`,
      ...entities.map(({ entity, path, end }) => `  ${entity}  ${end}  (${path})`),
    ])
    .join("\n")
}

/** What was erased, what was kept, and why. */
export function erasureText(report: ErasureReport): string {
  const { entities, account, holds, recordValues, copies, keys, isDryRun, subject, remains } = report
  const lines = entities.map(({ entity, deleted, anonymised, kept }) => {
    const parts = [
      deleted > 0 ? `${deleted} deleted` : "",
      anonymised > 0 ? `${anonymised} anonymised` : "",
      ...Object.entries(kept).map(([why, rows]) => `${rows} kept (${why})`),
    ].filter((one) => one !== "")
    return `${entity}  ${parts.join(", ") || "nothing"}`
  })
  return [
    `Erasure of ${subject}${isDryRun ? ": a rehearsal, nothing was changed" : ""}`,
    ...lines,
    `Account: ${account}. Entries of the record without values now: ${recordValues}. Copies: ${copies}. Keys destroyed: ${keys}.`,
    ...holds.map((one) => `Kept by a legal hold: ${one.subject} (${one.reason})`),
    ...(isDryRun ? [] : remains),
  ].join("\n")
}

/** What became of a file of persons. */
export function manyErasedText(done: {
  readonly erased: number
  readonly nothing: number
  readonly told: readonly { readonly subject: string; readonly why: string }[]
  readonly isDryRun: boolean
}): string {
  const { erased, nothing, told, isDryRun } = done
  return [
    `${erased} ${isDryRun ? "would be erased" : "erased"}; of ${nothing} there was nothing; ${told.length} could not be erased.`,
    ...told.map(({ subject, why }) => `${subject}  ${why}`),
  ].join("\n")
}
