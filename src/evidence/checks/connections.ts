/** Checks of the database server, and of connections to it and to others. */
import { DEFAULT_MIN_VERSION } from "node:tls"
import { checkServerVersion } from "../../store/database.ts"
import { type LiveCheck, listed } from "../live-check.ts"
import { outsideAddresses } from "../outside-addresses.ts"

type ConnectionCheck =
  | "database-version"
  | "database-connection"
  | "database-checksums"
  | "database-logs"
  | "certificates-verified"
  | "addresses-encrypted"

export const connectionChecks: Readonly<Record<ConnectionCheck, LiveCheck>> = {
  "database-version": {
    title: "The database server has no known hole in its row-level security",
    async run({ database }) {
      const [row] = await database.query(
        "select current_setting('server_version_num')::integer as number, split_part(version(), ' ', 2) as name",
      )
      try {
        checkServerVersion(Number(row?.["number"]))
        return { ok: true, says: `PostgreSQL ${row?.["name"]}.` }
      } catch {
        return {
          ok: false,
          says: `PostgreSQL ${row?.["name"]} is too old: install its newest minor version.`,
        }
      }
    },
  },
  "database-connection": {
    title: "Nobody can listen to what goes between backend and database",
    async run({ database, databaseUrl }) {
      if (isHere(database.host))
        return { ok: true, says: "The database is on this very machine; nothing goes over a network." }
      const [row] = await database.query("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
      if (row?.["ssl"] !== true)
        return {
          ok: false,
          says: "The connection to the database is not encrypted: add sslmode=verify-full to DATABASE_URL.",
        }
      const mode = new URL(databaseUrl).searchParams.get("sslmode")
      return mode === "verify-full"
        ? { ok: true, says: `Encrypted (${row["version"]}), and the server's certificate is verified.` }
        : {
            ok: false,
            says: "The connection is encrypted, and DATABASE_URL does not say sslmode=verify-full: the server's certificate may go unverified.",
          }
    },
  },
  "database-checksums": {
    title: "Data that decays on the disk is noticed",
    async run({ database }) {
      const [row] = await database.query(
        "select current_setting('data_checksums') as sums, current_setting('fsync') as synced, current_setting('full_page_writes') as whole",
      )
      const off = Object.entries({
        data_checksums: row?.["sums"],
        fsync: row?.["synced"],
        full_page_writes: row?.["whole"],
      })
        .filter(([, value]) => value !== "on")
        .map(([name]) => name)
      return off.length > 0
        ? { ok: false, says: `PostgreSQL runs without ${off.join(", ")}.` }
        : {
            ok: true,
            says: "Every page of the data has a checksum, and what is acknowledged is on the disk.",
          }
    },
  },
  "database-logs": {
    title: "The database's own log holds no values of rows or requests",
    async run({ database }) {
      const rows = await database.query(
        `select name, setting from pg_settings where name in ('log_statement', 'log_min_duration_statement', 'log_min_error_statement', 'log_error_verbosity', 'log_parameter_max_length_on_error')`,
      )
      const is = Object.fromEntries(rows.map((row) => [row["name"], row["setting"]]))
      const wrong = [
        is["log_statement"] !== "none" && "log_statement is not none",
        is["log_min_duration_statement"] !== "-1" && "log_min_duration_statement is not -1",
        is["log_min_error_statement"] !== "panic" && "log_min_error_statement is not panic",
        is["log_error_verbosity"] !== "terse" && "log_error_verbosity is not terse",
        is["log_parameter_max_length_on_error"] !== "0" && "log_parameter_max_length_on_error is not 0",
      ].filter(Boolean)
      return wrong.length > 0
        ? { ok: false, says: `PostgreSQL's log may quote values: ${wrong.join(", ")}.` }
        : {
            ok: true,
            says: "PostgreSQL logs errors of the server without statements, parameters and details.",
          }
    },
  },
  "certificates-verified": {
    title: "As a client, the process verifies certificates, with TLS 1.2 or later",
    run() {
      const isOff = process.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0"
      if (isOff)
        return {
          ok: false,
          says: "NODE_TLS_REJECT_UNAUTHORIZED=0 switches the verification off: take it away.",
        }
      return DEFAULT_MIN_VERSION === "TLSv1.2" || DEFAULT_MIN_VERSION === "TLSv1.3"
        ? { ok: true, says: `In the environment of this command: verified, at least ${DEFAULT_MIN_VERSION}.` }
        : { ok: false, says: `This process allows ${DEFAULT_MIN_VERSION}.` }
    },
  },
  "addresses-encrypted": {
    title: "Every address that the definition names is an encrypted one",
    run({ definition }) {
      const all = outsideAddresses(definition)
      const plain = all.filter(({ url }) => !isEncrypted(url)).map(({ what }) => what)
      if (plain.length > 0) return { ok: false, says: `Not encrypted: ${listed(plain)}.` }
      return {
        ok: true,
        says:
          all.length === 0
            ? "The definition names no address outside."
            : `${all.length} addresses, all https.`,
      }
    },
  },
}

function isHere(host: string | null): boolean {
  return host === null || /^(localhost|127(\.\d+){3}|::1|\[::1\])$/.test(host)
}

function isEncrypted(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "https:" || url.protocol === "smtps:" || isHere(url.hostname))
}
