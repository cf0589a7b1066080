/** Facts about the caller are found once a statement, are never stale, and never lead round in a circle. */

import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Caller } from "../../src/engine/caller.ts"
import { actor, allOf, anyOf, entity, many, ref, text } from "../../src/index.ts"
import { relationOf } from "../../src/sql/machinery.ts"
import { enterStatement } from "../../src/store/flight.ts"
import { type ApiSession, openDatabase, type TestDatabase } from "./database.ts"
import { formCallers, formEntities, formRows, formsModel } from "./forms-model.ts"

describe("once a statement", () => {
  let database: TestDatabase
  let session: ApiSession
  let anna: Caller
  const rows = formRows("2026-06-01")
  beforeAll(async () => {
    database = await openDatabase(formsModel, rows)
    await database.admin.query(`alter role "${database.ready.roles.api}" set track_functions = 'all'`)
    // Enough rows that a call a row would be seen.
    for (const name of ["Fact", "Both", "Chained", "Related", "Seen", "Unseen", "Role", "Owned", "Shared"]) {
      await database.admin.query(
        `insert into app.${name.toLowerCase()} (title, owner, practice, level, day, at) select 'more', 'dora', (select id from app.practices limit 1), 1, now(), now() from generate_series(1, 3000)`,
      )
    }
    await database.admin.query("analyze")
    session = await database.connect()
    anna = database.seal(formCallers[1]!)
  })
  afterAll(() => database?.drop())

  /** Calls of functions that look something up, by one statement. */
  async function callsOf(text: string): Promise<Readonly<Record<string, number>>> {
    const found = await session.run(anna, [text, "select 1"])
    expect(found.error).toBeNull()
    await session.raw("select pg_stat_force_next_flush()")
    await session.raw("select 1")
    const { rows: calls } = await database.admin.query(
      "select funcname as name, calls::int as calls from pg_stat_user_functions where schemaname = 'undercroft_rules'",
    )
    await database.admin.query("select pg_stat_reset()")
    return Object.fromEntries(calls.map(({ name, calls: count }) => [name, count]))
  }

  test.each(["Fact", "Both", "Chained", "Related", "Seen", "Unseen", "Role", "Owned", "Shared"])(
    "over %s",
    async (name) => {
      const relation = relationOf(database.entity(name))
      await callsOf(`select count(*) from ${relation}`)
      for (const text of [
        `select id, gated, quiet, sum, deep from ${relation}`,
        `select count(*), count(sum), count(deep) from ${relation} where title <> ''`,
      ]) {
        const calls = Object.entries(await callsOf(text))
        // A fact that other facts are looked up by is called by each of them.
        for (const [called, count] of calls)
          expect(count, `${called} in ${text}`).toBeLessThanOrEqual(name === "Chained" ? 3 : 2)
      }
    },
  )

  test("without a policy that asks of every row: each is a set found before, or a value found before", async () => {
    for (const name of Object.keys(formEntities)) {
      const plan = (
        await session.run(
          anna,
          `explain (verbose, costs off) select id, gated, quiet, sum, deep from ${relationOf(database.entity(name))}`,
        )
      ).said
      // Where the inner rule compares with the outer row, a function is asked of each row; else never.
      if (/Correlated|Unshared/.test(name)) expect(plan).toMatch(/undercroft_rules\.test_\w+\(/)
      else expect(plan, name).not.toMatch(/undercroft_rules\.test_\w+\(/)
      for (const [, what = ""] of plan.matchAll(/\(?(SubPlan \d+|hashed SubPlan \d+)\)?/g))
        expect(plan).toContain(`hashed ${what.replace("hashed ", "")}`)
      if (/^(Fact|Both|Chained|Owned|Role)$/.test(name)) expect(plan).toContain("InitPlan")
    }
  })

  test("a row by its key is found by its key", async () => {
    for (const name of ["Fact", "Both", "Related", "Seen"]) {
      const plan = (
        await session.run(anna, [
          `set local enable_seqscan = off`,
          `explain (costs off) select id from ${relationOf(database.entity(name))} where id = '${rows[name]![3]!["id"]}'`,
        ])
      ).said
      expect(plan).toMatch(/Index (Only )?Scan using \w+_pkey/)
    }
  })

  test("a fact of the row's own table is an index's condition", async () => {
    const plan = (
      await session.run(anna, [
        "set local enable_seqscan = off",
        "explain (costs off) select id from fields.fact",
      ])
    ).said
    expect(plan).toMatch(/Index Cond: \(practice = ANY/)
  })
})

/** Rules that lead back to where they begin. */
const me: any = actor({
  get teams() {
    return Member.where(({ row, me: caller }: any) => row.user.is(caller.id)).pick("team")
  },
  get mates() {
    return Member.where(({ row }: any) => row.team.in(me.teams)).pick("user")
  },
})
const Team: any = entity("Team", {
  fields: {
    name: text(),
    get members() {
      return many(Member, "team")
    },
    get inner() {
      return ref(Team).optional()
    },
  },
})
const Member: any = entity("Member", { fields: { user: text(), team: ref(Team) } })
Member.access(({ row }: any) => ({
  read: anyOf(row.team.in(me.teams), row.user.in(me.mates)),
  create: row.team.visible(),
  delete: row.user.is(me.id),
}))
Team.access(({ row }: any) => ({
  read: anyOf(
    row.members.some((one: any) => one.user.is(me.id)),
    allOf(
      row.inner.isPresent(),
      row.inner.members.some((one: any) => one.user.in(me.mates)),
    ),
  ),
}))

describe("never stale, never in a circle", () => {
  let database: TestDatabase
  const team = (at: number): string => `00000000-0000-7000-8000-00000000000${at}`
  beforeAll(async () => {
    database = await openDatabase([Team, Member], {
      Team: [1, 2, 3].map((at) => ({ id: team(at), name: `team-${at}`, inner: at === 3 ? team(1) : null })),
      Member: [
        ["anna", 1],
        ["ben", 1],
        ["ben", 2],
      ].map(([user, at]) => ({ user, team: team(at as number) })),
    })
  })
  afterAll(() => database?.drop())
  const names = "select string_agg(name, ' ' order by name) as names from app.teams"

  test("rules over a table that looks itself up give rows", async () => {
    const session = await database.connect()
    expect((await session.run(database.seal({ id: "anna" }), names)).rows).toEqual([
      { names: "team-1 team-3" },
    ])
    expect((await session.run(database.seal({ id: "ben" }), names)).rows).toEqual([
      { names: "team-1 team-2 team-3" },
    ])
    expect(
      (await session.run(database.seal({ id: "anna" }), "select count(*) as n from app.members")).rows,
    ).toEqual([{ n: "3" }])
    expect((await session.run(database.seal({ id: "eve" }), names)).rows).toEqual([{ names: null }])
  })

  test.each(["pipelined", "transaction"] as const)(
    "CVE-2026-22706: between statements (%s), with the same prepared statement",
    async (how) => {
      const session = await database.connect()
      const eve = database.seal({ id: "eve" })
      const ask = async (): Promise<unknown> =>
        (how === "pipelined" ? await session.runNamed(eve, "kept", names, []) : await session.run(eve, names))
          .rows[0]?.["names"]
      for (let round = 0; round < 8; round++) {
        expect(await ask()).toBeNull()
        await database.admin.query(`insert into app.members ("user", team) values ('eve', '${team(2)}')`)
        expect(await ask()).toBe("team-2 team-3")
        await database.admin.query(`delete from app.members where "user" = 'eve'`)
      }
      expect(await ask()).toBeNull()
    },
  )

  test("within one transaction, from one statement to the next", async () => {
    const session = await database.connect()
    const { sealed } = database.seal({ id: "eve" })
    await session.client.query("begin")
    const enter = enterStatement(sealed!)
    await session.raw(enter.text, enter.values)
    await session.raw("declare early cursor for select name from app.teams")
    await database.admin.query(`insert into app.members ("user", team) values ('eve', '${team(2)}')`)
    expect((await session.raw(names)).rows).toEqual([{ names: "team-2 team-3" }])
    await database.admin.query(`delete from app.members where "user" = 'eve'`)
    expect((await session.raw(names)).rows).toEqual([{ names: null }])
    // A cursor sees what its own moment saw.
    expect((await session.raw("fetch all from early")).cells).toEqual([])
    await session.client.query("commit")
  })

  test("by the caller's own write in the same transaction", async () => {
    const session = await database.connect()
    const anna = database.seal({ id: "anna" })
    const made = await session.run(anna, [
      `insert into app.members ("user", team) values ('anna', '${team(3)}')`,
      "select count(*) as n from app.members",
      names,
    ])
    expect(made.rows).toEqual([{ names: "team-1 team-3" }])
    const left = await session.run(anna, ["delete from app.members where \"user\" = 'anna'", names])
    expect(left.rows).toEqual([{ names: null }])
  })

  test("GHSA-6vg3-hgrw-p5gf: one prepared statement, alternating callers, in every plan mode", async () => {
    await database.admin.query(`insert into app.members ("user", team) values ('anna', '${team(1)}')`)
    for (const mode of ["auto", "force_generic_plan", "force_custom_plan"]) {
      const session = await database.connect()
      await session.raw(`set plan_cache_mode = ${mode}`)
      const nobody: Caller = { id: null, roles: [], claims: {}, sealed: null }
      for (let round = 0; round < 12; round++) {
        expect((await session.runNamed(database.seal({ id: "anna" }), "kept", names, [])).rows).toEqual([
          { names: "team-1 team-3" },
        ])
        expect((await session.runNamed(nobody, "kept", names, [])).rows).toEqual([{ names: null }])
        expect((await session.runNamed(database.seal({ id: "ben" }), "kept", names, [])).rows).toEqual([
          { names: "team-1 team-2 team-3" },
        ])
        expect((await session.raw("execute kept")).rows).toEqual([{ names: null }])
      }
      await session.end()
    }
  })
})
