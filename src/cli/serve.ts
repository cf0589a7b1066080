/** Runs a server from its start to its orderly end, for the commands that serve. */
import { type App, startApp } from "../app.ts"
import type { AppOptions } from "../app-options.ts"
import { openAnchorFile } from "../audit/anchored-heads.ts"
import { fileAnchor } from "../audit/file-anchor.ts"
import type { AuditOptions } from "../audit/keep-record.ts"
import { UndercroftError } from "../base/errors.ts"
import { buildProject, toProjectError } from "./build-project.ts"
import { readDevelopmentKey } from "./development-key.ts"
import { checkAddress, type ListenAddress, toListenError } from "./listen-address.ts"
import { logJson, logLine } from "./log-line.ts"
import { isProduction } from "./production.ts"
import { createProgress, silentProgress } from "./progress.ts"
import type { Project } from "./project.ts"
import { auditPlaces, witnessKey } from "./project-audit.ts"
import { erasuresOf } from "./project-erasures.ts"
import { readKeys } from "./project-keys.ts"
import { listenForStop } from "./stop-signal.ts"
import { stderr } from "./terminal.ts"

export interface ServeOptions
  extends Pick<
    AppOptions,
    "issuers" | "seed" | "allowsOrigin" | "allowsRollback" | "keepsMail" | "readyPeople" | "introspects"
  > {
  readonly project: Project
  readonly address: ListenAddress
  readonly quiet: boolean
  /** What actions log is written as JSON. */
  readonly json: boolean
  /** Tells an error of the server to whoever runs it. */
  readonly onError: (error: UndercroftError) => void
  onReady(app: App, tookMs: number): void
}

const stopMsMax = 10_000

/** Returns when the server has stopped. Throws what kept it from starting. */
export async function serve(options: ServeOptions): Promise<void> {
  const { project, address } = options
  const stop = listenForStop()
  const started = Date.now()
  // What can be found out is found out before a database is started.
  buildProject(project)
  await checkAddress(address)
  const progress = options.quiet ? silentProgress : createProgress(stderr)
  const audit = auditPlaces(project, databaseUrl())
  const witness = await witnessKey(project, databaseUrl())
  let app: App
  try {
    app = await startApp(project.definition, {
      ...address,
      directory: project.directory,
      databaseUrl: databaseUrl(),
      secret: await readSecret(project),
      keys: await readKeys(project),
      mail: { from: process.env.UNDERCROFT_MAIL_FROM ?? "", smtp: process.env.UNDERCROFT_SMTP_URL ?? "" },
      audit: { ...audit, ...anchorOf(audit.anchorPath), witness },
      erasures: erasuresOf(audit),
      introspects: options.introspects ?? true,
      keepsMail: options.keepsMail ?? false,
      readyPeople: options.readyPeople ?? [],
      issuers: options.issuers ?? [],
      seed: options.seed ?? false,
      allowsRollback: options.allowsRollback ?? false,
      ...(options.allowsOrigin ? { allowsOrigin: options.allowsOrigin } : {}),
      onProgress: progress.step,
      onError: options.onError,
      onLog: (entry) =>
        stderr.line(options.json ? logJson(entry, new Date()) : logLine(entry, new Date(), stderr)),
    })
    progress.done()
  } catch (cause) {
    progress.fail()
    throw toProjectError(toListenError(cause, address), project)
  }
  if (!stop.isRequested()) options.onReady(app, Date.now() - started)
  await stop.requested
  const late = setTimeout(() => {
    stderr.line("Requests are still under way after ten seconds; they are cut off.")
    process.exit(0)
  }, stopMsMax)
  await app.stop()
  clearTimeout(late)
}

function anchorOf(path: string | null): Pick<AuditOptions, "anchors" | "openAnchor"> {
  if (path === null) return { anchors: [] }
  return { anchors: [fileAnchor(path)], openAnchor: () => openAnchorFile(path) }
}

/** From the environment; in development a project has one of its own. */
export async function readSecret({ definition, directory }: Project): Promise<string | undefined> {
  if (!definition.accounts) return undefined
  const given = process.env.UNDERCROFT_SECRET
  return given || isProduction() ? given : readDevelopmentKey(directory)
}

/** Your own PostgreSQL, where there is one. Throws UC906. */
export function databaseUrl(): string | undefined {
  const text = process.env.DATABASE_URL
  if (!text) return undefined
  if (/^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? "")) return text
  throw new UndercroftError("UC520", {
    why: "DATABASE_URL is not a URL such as postgresql://user:password@host:5432/database",
  })
}

/** Where the data is, in words and without a password. */
export function dataPlace(directory: string): string {
  const url = URL.parse(databaseUrl() ?? "")
  return url
    ? `${url.pathname.slice(1) || "postgres"} on ${decodeURIComponent(url.host) || "this machine"} (DATABASE_URL)`
    : directory
}
