/** Lines to paste that show what the record is worth: verify it, change a byte as the superuser, and verify it again. */
import { join } from "node:path"
import { shortPath } from "./short-path.ts"
import type { CurlCommand } from "./try-out.ts"

export interface RecordPlace {
  /** The project's folder, and that of its data. */
  readonly root: string
  readonly directory: string
  /** The superuser's address of the embedded database; null where PostgreSQL is one's own (DATABASE_URL). */
  readonly embeddedUrl: string | null
  /** What begins a line with a command of ours. */
  readonly program: string
}

/** `npm start` of the repository has no `undercroft` in the path. */
export function programName(environment: NodeJS.ProcessEnv): string {
  return environment["npm_package_name"] === "undercroft" ? "npm run -s undercroft --" : "npx undercroft"
}

export function recordCommands({
  root,
  directory,
  embeddedUrl,
  program,
}: RecordPlace): readonly CurlCommand[] {
  const at = shortPath(root)
  const verify = `${program} audit verify${at === "." ? "" : ` --project ${quote(at)}`}`
  const change = `update audit.entry set result = 'Done' where position = 3`
  return [
    { what: "whether anybody changed it: intact", line: verify },
    {
      what: "change a byte of an entry, as the superuser ('done' puts it back), and verify again: entry 3 is named",
      line: `${psqlOf(directory, embeddedUrl)} -c "${change}"; ${verify}`,
    },
  ]
}

function psqlOf(directory: string, embeddedUrl: string | null): string {
  if (embeddedUrl === null) return 'psql "$DATABASE_URL"'
  const { hostname, port } = new URL(embeddedUrl)
  const password = quote(shortPath(join(directory, "postgres.password")))
  return `PGPASSWORD=$(cat ${password}) psql -h ${quote(decodeURIComponent(hostname))}${port ? ` -p ${port}` : ""} -U postgres`
}

function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
