/** Who calls can't be made up by SQL: the caller is sealed (Rules of the database 1 to 3). */
import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Caller, sealCaller } from "../../src/engine/caller.ts"
import type { SealedCaller } from "../../src/store/flight.ts"
import { type ApiSession, entering, openDatabase, type TestDatabase } from "./database.ts"
import { formCallers, formRows, formsModel } from "./forms-model.ts"

const rows = formRows("2026-06-01")
let database: TestDatabase
let anna: Caller
let ben: Caller
const nobody: Caller = { id: null, roles: [], claims: {}, sealed: null }
const read = "select id, owner, quiet from fields.owned"
const bensRows = (rows["Owned"] ?? []).filter((row) => row["owner"] === "ben").map((row) => String(row["id"]))

beforeAll(async () => {
  database = await openDatabase(formsModel, rows)
  anna = database.seal(formCallers[1]!)
  ben = database.seal(formCallers[2]!)
})
afterAll(() => database?.drop())

const bensClaims = JSON.stringify({ id: "ben", roles: ["keeper", "auditor"], claims: {} })
const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The bound caller of a transaction, as any SQL may read it. */
async function boundValue(session: ApiSession, caller: Caller): Promise<string> {
  const { rows: found } = await session.run(caller, "select current_setting('undercroft.caller') as bound")
  return found[0]?.["bound"] ?? ""
}

/** Values that an injected statement may set; `own` is its own transaction's, where there is one. */
const forgeries: Readonly<Record<string, (own: string, replayed: string, foreign: string) => string>> = {
  "bare claims": () => bensClaims,
  "claims behind zeros": () => "0".repeat(64) + bensClaims,
  "claims behind their own hash": () => createHash("sha256").update(bensClaims).digest("hex") + bensClaims,
  "other claims behind the own hash": (own) => own.slice(0, 64) + bensClaims,
  "the own claims, lengthened": (own) => `${own},{"id":"ben"}`,
  "the own claims, lengthened as a hash allows": (own) => `${own}\u0001${"?".repeat(55)}${bensClaims}`,
  "an id put in front": (own) => `${own.slice(0, 64)}{"id":"ben",${own.slice(65)}`,
  "an earlier transaction's value": (_, replayed) => replayed,
  "another backend's value": (_, __, foreign) => foreign,
  "another backend's value with the own hash": (own, _, foreign) => own.slice(0, 64) + foreign.slice(64),
  "a cut value": (own) => own.slice(0, 70),
  "a short value": () => "x",
  capitals: (own) => own.slice(0, 64).toUpperCase() + own.slice(64),
  nothing: () => "",
  "a null in JSON": () => `${"0".repeat(64)}null`,
}

describe.each(Object.entries(forgeries))(
  "CVE-2026-44457 GHSA-6vg3-hgrw-p5gf: a forged caller (%s)",
  (_, forge) => {
    test.each(["anna", "nobody"])("of %s is no one, or refused", async (name) => {
      const caller = name === "anna" ? anna : nobody
      const [mine, other] = [await database.connect(), await database.connect()]
      const replayed = await boundValue(mine, ben)
      await other.client.query("begin")
      for (const { text, values } of entering(ben)) await other.raw(text, values)
      const foreign =
        (await other.raw("select current_setting('undercroft.caller') as bound")).rows[0]?.["bound"] ?? ""
      expect(foreign).toContain("ben")

      const own = await boundValue(mine, caller)
      const forged = quote(forge(own || "0".repeat(64), replayed, foreign))
      // For this transaction, for the session, through a savepoint, with SET, and within the very statement.
      const ways: readonly (readonly string[])[] = [
        [`select set_config('undercroft.caller', ${forged}, true)`, read],
        [`select set_config('undercroft.caller', ${forged}, false)`, read],
        ["savepoint a", `select set_config('undercroft.caller', ${forged}, true)`, "release a", read],
        [`set local undercroft.caller = ${forged}`, read],
        [`set undercroft.caller = ${forged}`, read],
        [`with x as materialized (select set_config('undercroft.caller', ${forged}, true)) ${read}, x`],
        [
          `select o.id from (select set_config('undercroft.caller', ${forged}, true)) x, lateral (${read} offset 0) o`,
        ],
        [`${read} where set_config('undercroft.caller', ${forged}, true) is not null`],
        [
          `select set_config('undercroft.caller', ${forged}, true) union all select id::text from fields.owned`,
        ],
      ]
      for (const way of ways) {
        const session = await database.connect()
        const outcome = await session.run(caller, way)
        for (const id of bensRows) expect(outcome.said, way.join("; ")).not.toContain(id)
        if (outcome.error) expect(outcome.error).toMatchObject({ code: "28000", message: "forged caller" })
        // What was planted in the session does not become the next caller, nor does it change who enters.
        const next = await session.run(nobody, read)
        expect(next.cells).toEqual([])
        const entered = await session.run(anna, "select count(*) as n from fields.owned")
        expect(entered.rows).toEqual([{ n: "6" }])
        await session.end()
      }
      await other.client.query("rollback")
      await Promise.all([mine.end(), other.end()])
    })
  },
)

test("a bound caller does not outlive its transaction", async () => {
  const session = await database.connect()
  await session.client.query("begin")
  for (const { text, values } of entering(ben)) await session.raw(text, values)
  expect((await session.raw("select count(*) as n from fields.owned")).rows).toEqual([{ n: "6" }])
  await session.client.query("commit and chain")
  expect((await session.raw("select count(*) as n from fields.owned")).rows).toEqual([{ n: "0" }])
  await session.client.query("commit")
  // Several transactions in one message begin at one moment, by PostgreSQL's clock for it.
  const [{ claims, expires, seal }] = [ben.sealed as SealedCaller]
  const result: any = await session.client.query(
    `begin; select undercroft.enter(${quote(claims)}, ${expires}, ${quote(seal)}); commit; begin; select count(*) as n from fields.owned; commit`,
  )
  expect(result.at(-2).rows).toEqual([{ n: "0" }])
})

test("a savepoint that is rolled back takes the caller with it", async () => {
  const session = await database.connect()
  await session.client.query("begin")
  await session.client.query("savepoint a")
  for (const { text, values } of entering(ben)) await session.raw(text, values)
  await session.client.query("rollback to a")
  expect((await session.raw("select count(*) as n from fields.owned")).rows).toEqual([{ n: "0" }])
  await session.client.query("rollback")
})

describe("enter refuses", () => {
  const sealed = (): SealedCaller => ben.sealed as SealedCaller
  const seal = (claims: string, expires: number | string, key: Buffer): string =>
    createHash("sha256")
      .update(key)
      .update(createHash("sha256").update(key).update(`${expires}.${claims}`).digest())
      .digest("hex")
  const key = (): Buffer => database.ready.processKey
  const cases: Readonly<Record<string, () => readonly [string | null, string | null, string | null]>> = {
    "a wrong seal": () => [sealed().claims, String(sealed().expires), "0".repeat(64)],
    "an empty seal": () => [sealed().claims, String(sealed().expires), ""],
    "no seal": () => [sealed().claims, String(sealed().expires), null],
    "no expiry": () => [sealed().claims, null, sealed().seal],
    "no claims": () => [null, String(sealed().expires), sealed().seal],
    "a seal in capitals": () => [sealed().claims, String(sealed().expires), sealed().seal.toUpperCase()],
    "changed claims": () => [sealed().claims.replace("ben", "bob"), String(sealed().expires), sealed().seal],
    "claims with a space": () => [`${sealed().claims} `, String(sealed().expires), sealed().seal],
    "a later expiry": () => [sealed().claims, String(sealed().expires + 1), sealed().seal],
    "an expiry that takes a digit of the claims": () => [
      "1{}",
      "1000000000",
      seal("{}", "10000000001", key()),
    ],
    "an expired seal": () => [bensClaims, "1000000000", seal(bensClaims, 1_000_000_000, key())],
    "a seal with another key": () => [
      bensClaims,
      String(sealed().expires),
      seal(bensClaims, sealed().expires, Buffer.alloc(32)),
    ],
    "a seal of one hash": () => [
      bensClaims,
      String(sealed().expires),
      createHash("sha256").update(key()).update(`${sealed().expires}.${bensClaims}`).digest("hex"),
    ],
    "the bound value of a transaction": () => [bensClaims, String(sealed().expires), "bound"],
  }
  test.each(Object.entries(cases))("%s", async (name, make) => {
    const session = await database.connect()
    const values = [...make()]
    if (name.startsWith("the bound")) values[2] = (await boundValue(session, ben)).slice(0, 64)
    await session.client.query("begin")
    const outcome = await session.raw("select undercroft.enter($1, $2, $3)", values)
    expect(outcome.error).toMatchObject({ code: "28000", message: "unknown caller" })
    await session.client.query("rollback")
  })

  test("and what follows in the pipeline is not run", async () => {
    const session = await database.connect()
    const forged: Caller = { ...ben, sealed: { ...sealed(), seal: "0".repeat(64) } }
    const outcome = await session.run(forged, "select count(*) from fields.open", "pipelined")
    expect(outcome.error?.code).toBe("28000")
    expect(outcome.cells).toEqual([])
  })

  test("no caller of a key that is not the database's", async () => {
    const session = await database.connect()
    const strange = sealCaller({ id: "ben", roles: [], claims: {} }, sealed().expires, Buffer.alloc(32, 7))
    expect((await session.run(strange, read, "pipelined")).error?.code).toBe("28000")
  })
})

test("two transactions of one caller are bound differently, and two callers of one moment too", async () => {
  const session = await database.connect()
  const bound = [
    await boundValue(session, ben),
    await boundValue(session, ben),
    await boundValue(session, anna),
  ]
  expect(new Set(bound.map((one) => one.slice(0, 64))).size).toBe(3)
})

describe("the keys", () => {
  const numbers = (key: Buffer): string => [...key].map((one) => (one > 127 ? one - 256 : one)).join(" ")
  test("are told by no message of PostgreSQL, however talkative a caller makes it", async () => {
    const [keys] = (await database.admin.query("select * from undercroft_state.keys")).rows
    for (const plans of ["force_custom_plan", "force_generic_plan", "auto"]) {
      const session = await database.connect()
      const settings = [
        "client_min_messages=debug5",
        "debug_print_parse=on",
        "debug_print_rewritten=on",
        "debug_print_plan=on",
        "debug_pretty_print=off",
        "log_parameter_max_length_on_error=-1",
        "plpgsql.print_strict_params=on",
        "plpgsql.extra_warnings=all",
        `plan_cache_mode=${plans}`,
      ]
      for (const setting of settings) await session.raw(`set ${setting.replace("=", " = '")}'`)
      let said = ""
      for (const how of ["pipelined", "transaction", "pipelined"] as const) {
        said += (
          await session.run(
            ben,
            "select undercroft.me_id(), undercroft.me_has('x'), count(*) from fields.both",
            how,
          )
        ).said
        said += (await session.raw("select undercroft.enter('{}', 99999999999, 'x')")).said
        said += (
          await session.run(ben, [
            "select set_config('undercroft.caller', 'x', true)",
            "select undercroft.me_id()",
          ])
        ).said
      }
      expect(said).toContain("PLANNEDSTMT")
      const flat = said.replaceAll(/(\\n|\s)+/g, " ")
      for (const name of ["process_key", "transaction_key"]) {
        expect(flat).not.toContain(numbers(keys[name]))
        expect(flat).not.toContain(keys[name].toString("hex"))
      }
      await session.end()
    }
  })

  test.each([
    "select * from undercroft_state.keys",
    "select process_key from undercroft_state.keys",
    "table undercroft_state.schema",
    "copy undercroft_state.keys to stdout",
    "select count(*) from undercroft_state.keys",
    "update undercroft_state.keys set process_key = ''",
    "lock table undercroft_state.keys",
    "delete from undercroft_state.schema",
    "explain select * from undercroft_state.keys",
    "select undercroft.bind('{}')",
    "select undercroft.me()",
    "select 'undercroft.bind(text)'::regprocedure::oid, undercroft.bind('x')",
  ])("can't be reached by: %s", async (text) => {
    const session = await database.connect()
    expect((await session.run(ben, text)).error?.code).toBe("42501")
  })
})

describe("the functions of rules", () => {
  test("can't be named, though policies call them", async () => {
    const session = await database.connect()
    const { rows: functions } = await database.admin.query(
      "select p.oid::int, p.proname as name, p.pronargs as count from pg_proc p where p.pronamespace = 'undercroft_rules'::regnamespace",
    )
    expect(functions.length).toBeGreaterThan(20)
    for (const { name, count } of functions) {
      const nulls = Array.from({ length: count }, () => "null").join(", ")
      for (const text of [
        `select undercroft_rules."${name}"(${nulls})`,
        `select * from undercroft_rules."${name}"(${nulls})`,
      ]) {
        expect((await session.run(ben, text)).error, text).toMatchObject({
          code: "42501",
          message: "permission denied for schema undercroft_rules",
        })
      }
    }
  })

  test("can't be called by number over the protocol", async () => {
    const { rows: functions } = await database.admin.query(
      `select p.oid::int, p.pronargs = 0 and p.prorettype <> 'trigger'::regtype as plain from pg_proc p
      where p.pronamespace = 'undercroft_rules'::regnamespace and p.pronargs = 0`,
    )
    // Those that return sets can't be called in this way by anyone.
    const codes = await Promise.all(functions.map(({ oid }) => callByNumber(oid)))
    expect(new Set(codes)).toEqual(new Set(["C42501", "C0A000"]))
  })

  test("what the API may call is what it needs", async () => {
    const { rows: functions } = await database.admin.query(
      `select p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where has_schema_privilege($1, n.oid, 'USAGE') and has_function_privilege($1, p.oid, 'EXECUTE')
        and n.nspname not in ('pg_catalog', 'information_schema') and p.proname !~ '^gate_' order by 1`,
      [database.ready.roles.api],
    )
    expect(functions.map((one) => one.name)).toEqual([
      "ask",
      "at_most",
      "bounded",
      "enter",
      "exactly",
      "keep_once",
      "me_bigint",
      "me_claim",
      "me_has",
      "me_id",
      "me_uuid",
      "permit",
      "recall_once",
      "record",
      "record_steps",
      "run_as_system",
    ])
  })
})

/** Sends FunctionCall, and gives the SQLSTATE of the answer as `C…`. */
async function callByNumber(oid: number): Promise<string> {
  const { client, end } = await database.connect()
  const stream = (client as unknown as { connection: { stream: import("node:net").Socket } }).connection
    .stream
  stream.removeAllListeners("data")
  const message = Buffer.alloc(15)
  message.write("F")
  message.writeInt32BE(14, 1)
  message.writeInt32BE(oid, 5)
  const answer = await new Promise<Buffer>((resolve) => {
    stream.once("data", resolve)
    stream.write(message)
  })
  stream.destroy()
  void end
  return (
    answer
      .toString("latin1")
      .split("\0")
      .find((part) => /^C[0-9A-Z]{5}$/.test(part)) ?? answer.toString("latin1")
  )
}
