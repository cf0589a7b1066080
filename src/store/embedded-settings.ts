/** The settings an embedded server starts with: for one small machine, and silent about what people store. */
import type { EmbeddedOptions } from "./embedded.ts"

/** How clients reach the server. These settings are ours: a caller's cannot change them. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly listensOnTcp: boolean
}

const common: Readonly<Record<string, string>> = {
  wal_level: "logical", // the change feed
  // A file of the log that is not needed any more goes, with what it holds; used again it would keep values until it is written over.
  wal_recycle: "off",
  max_connections: "100",
  shared_buffers: "128MB",
  jit: "off", // compiling costs more than the short queries of a backend gain
  timezone: "UTC",
  // The log names errors of the server, never what a client sent or a row holds: a client gets its errors
  // itself, and their texts, details and statements quote values.
  log_timezone: "UTC",
  log_destination: "stderr",
  logging_collector: "off",
  log_line_prefix: "%m [%p] ",
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_statement: "none",
  log_min_duration_statement: "-1",
  log_parameter_max_length: "0",
  log_parameter_max_length_on_error: "0",
  log_checkpoints: "off",
}

/** Safe only for data that nobody will miss. */
const ephemeral: Readonly<Record<string, string>> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
}

/** The arguments of `postgres`. The last mention of a setting counts, so ours stand at the end. */
export function settingArguments(options: EmbeddedOptions, data: string, endpoint: Endpoint): string[] {
  const chosen = { ...common, ...(options.ephemeral ? ephemeral : {}), ...options.settings }
  const ours = {
    data_directory: data,
    listen_addresses: endpoint.listensOnTcp ? endpoint.host : "",
    unix_socket_directories: endpoint.listensOnTcp ? "" : endpoint.host,
    port: String(endpoint.port),
  }
  return [...Object.entries(chosen), ...Object.entries(ours)].flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ])
}
