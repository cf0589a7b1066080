/** The steps of `undercroft privacy` that do what a person has a right to (GDPR Art. 15 to 20). */
import { readFile } from "node:fs/promises"
import { userInfo } from "node:os"
import { UndercroftError } from "../base/errors.ts"
import { writeWhole } from "../base/whole-file.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Model } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import { type Erasing, erasePerson, reapplyLedger } from "../privacy/erase.ts"
import { erasePersons, type PersonErased } from "../privacy/erase-many.ts"
import { exportArchive } from "../privacy/export-archive.ts"
import { importArchive } from "../privacy/import-archive.ts"
import { personsOf, planErasure } from "../sql/subject-rows.ts"
import { atOneMoment } from "../store/export-rows.ts"
import { findSubject } from "../store/find-subject.ts"
import { liftRestriction, restrictPerson } from "../store/restrictions.ts"
import { scrubDatabase } from "../store/scrub.ts"
import { everySecond } from "./every-second.ts"
import { erasureText, manyErasedText, planText } from "./privacy-text.ts"
import type { Project } from "./project.ts"
import { auditPlaces } from "./project-audit.ts"
import { withCiphers } from "./project-ciphers.ts"
import { openProjectDatabase } from "./project-database.ts"
import { erasuresOf } from "./project-erasures.ts"
import { databaseUrl } from "./serve.ts"
import { stderr, stdout } from "./terminal.ts"

/** Their names. */
export const rightsSteps: readonly string[] = [
  "plan",
  "export",
  "import",
  "erase",
  "reapply",
  "scrub",
  "restrict",
  "lift",
]

interface Arguments {
  readonly subject?: string | undefined
  /** Of erase: a file with a person a line. */
  readonly subjects?: string | undefined
  readonly reason?: string | undefined
  readonly out?: string | undefined
  readonly full?: boolean | undefined
  readonly json?: boolean | undefined
  readonly isDryRun: boolean
  /** Of import. */
  readonly file: string | undefined
}

/** Does one of them. Throws UC906, UC910 and what the step throws. */
export async function rights(
  step: string,
  project: Project,
  policies: Policies,
  args: Arguments,
): Promise<void> {
  const tell = (found: object, text: string): void => stdout.line(args.json ? JSON.stringify(found) : text)
  const { model } = policies
  if (step === "plan") {
    const plans = personsOf(model).map((person) => {
      const entities = planErasure(model, person).map(({ entity, path, end }) => ({
        entity: entity.name,
        path,
        end,
      }))
      return { person: person.name, entities }
    })
    return tell(plans, planText(plans))
  }
  const database = await openProjectDatabase(project, policies)
  try {
    const { adminUrl } = database
    if (!database.isCurrent) throw new UndercroftError("UC910")
    if (step === "scrub") {
      const done = await scrubDatabase(adminUrl, { isFull: args.full === true })
      const large =
        done.vacuumed.length > 0 ? `; too large, and only vacuumed: ${done.vacuumed.join(", ")}` : ""
      return tell(
        done,
        `${done.rewritten} tables rewritten${large}.${done.isLogEnded ? "" : " The login may not end the write-ahead log's file."}`,
      )
    }
    if (step === "restrict" || step === "lift") {
      const subject = args.subject ?? misused(`${step} needs --subject.`)
      const reason = args.reason?.trim() || misused(`${step} needs --reason.`)
      const change = step === "restrict" ? restrictPerson : liftRestriction
      const done = await change(adminUrl, model, { said: subject, by: author(), reason })
      return tell(done, `${done.join(", ")}: ${step === "restrict" ? "restricted" : "no longer restricted"}.`)
    }
    await withCiphers(project, policies, adminUrl, (ciphers) =>
      rightsWithKeys(step, { project, adminUrl, model, ciphers, tell }, args),
    )
  } finally {
    await database.close()
  }
}

interface OpenProject {
  readonly project: Project
  readonly adminUrl: string
  readonly model: Model
  readonly ciphers: FieldCiphers | null
  readonly tell: (found: object, text: string) => void
}

/** Those that give, take or end what may be encrypted. */
async function rightsWithKeys(step: string, parts: OpenProject, args: Arguments): Promise<void> {
  const { project, tell, ...open } = parts
  const { adminUrl, model } = open
  const ledger = erasuresOf(auditPlaces(project, databaseUrl())) ?? { ledger: null, sign: null }
  const erasing: Erasing = { ...open, ...ledger }
  if (step === "reapply") {
    if (!erasing.ledger) throw new UndercroftError("UC990")
    const again = await reapplyLedger(erasing)
    return tell({ again }, `${again} erased again.`)
  }
  if (step === "import") {
    const path = args.file ?? misused("Import which file?")
    const done = await importArchive(open, await readFile(path))
    const lines = Object.entries(done.rows).map(([entity, rows]) => `${entity}  ${rows} rows`)
    return tell(done, lines.join("\n"))
  }
  if (step === "erase" && args.subjects !== undefined) return eraseMany(erasing, parts, args)
  const subject = args.subject ?? misused(`${step} needs --subject.`)
  if (step === "export") {
    const out = args.out ?? misused("export needs --out.")
    await atOneMoment(adminUrl, async (session) => {
      const whom = await findSubject(session, model, subject)
      const { name, processing = null } = project.definition
      const bytes = exportArchive({ session, name, model, whom, ciphers: open.ciphers, processing })
      await writeWhole(out, bytes)
    })
    return tell({ out }, `Written to ${out}. It is for the person alone: hand it over safely, and delete it.`)
  }
  const { report, note } = await erasePerson(erasing, subject, { by: author(), isDryRun: args.isDryRun })
  if (note === null && !args.isDryRun) throw new UndercroftError("UC992", { subject: report.subject })
  if (note !== null && args.out) await writeWhole(args.out, [Buffer.from(note)])
  tell(note === null ? { report } : { report, note }, erasureText(report))
}

/** One after the other; whoever can't be erased is told at the end, and stops nobody else's. */
async function eraseMany(erasing: Erasing, { tell }: OpenProject, args: Arguments): Promise<void> {
  const text = await readFile(args.subjects!, "utf8").catch(() =>
    misused("the file of --subjects can't be read."),
  )
  const lines = text.split("\n").map((one) => one.trim())
  const subjects = [...new Set(lines.filter((one) => one !== ""))]
  if (subjects.length === 0) misused("the file of --subjects names nobody.")
  const failed: PersonErased[] = []
  let [erased, nothing] = [0, 0]
  let ended: unknown = null
  const tellProgress = everySecond((done) => stderr.line(`erased: ${done} of ${subjects.length}`))
  const notes = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const one of erasePersons(erasing, subjects, { by: author(), isDryRun: args.isDryRun })) {
        if (one.error) failed.push(one)
        else if (one.note === null && !args.isDryRun) nothing++
        else erased++
        tellProgress(erased)
        if (one.note !== null && !args.isDryRun) yield Buffer.from(`${one.note}\n`)
      }
    } catch (cause) {
      // Whoever was erased until then has a report, which is kept.
      ended = cause
    }
  }
  if (args.out) await writeWhole(args.out, notes())
  else for await (const _ of notes());
  const told = failed.map(({ subject, error }) => ({ subject, why: error!.message }))
  tell({ erased, nothing, failed: told }, manyErasedText({ erased, nothing, told, isDryRun: args.isDryRun }))
  if (ended) throw ended
  if (failed.length > 0) process.exitCode = 1
}

function author(): string {
  return `cli:${userInfo().username}`
}

function misused(what: string): never {
  throw new UndercroftError("UC906", { what, command: "privacy" })
}
