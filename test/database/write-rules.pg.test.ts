/** What a write may leave behind: rules of fields, steps, references, uniqueness, cascades and versions. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Caller } from "../../src/engine/caller.ts"
import type { ErrorFields, Outcome } from "./ask.ts"
import { type ApiSession, openDatabase, type TestDatabase } from "./database.ts"
import { absent, home, note, task, wardModel, wardRows } from "./ward-model.ts"

let database: TestDatabase
let session: ApiSession
let anna: Caller
let ben: Caller
let lead: Caller

beforeAll(async () => {
  database = await openDatabase(wardModel)
  anna = database.seal({ id: "anna" })
  ben = database.seal({ id: "ben" })
  lead = database.seal({ id: "anna", roles: ["lead"] })
})
afterAll(() => database?.drop())
beforeEach(async () => {
  await database.admin.query(
    "truncate app.homes, app.members, app.tasks, app.badges, app.notes, app.letters, app.extraordinarily_long_named_entities_for_the_test_of",
  )
  for (const [name, rows] of Object.entries(wardRows)) await database.insert(name, rows)
  session = await database.connect()
})
afterEach(() => session.end())

const as = (caller: Caller, text: string | readonly string[]): Promise<Outcome> => session.run(caller, text)
const rowsOf = async (text: string): Promise<any[]> => (await database.admin.query(text)).rows
const taskOf = async (at: number): Promise<any> =>
  (await rowsOf(`select * from app.tasks where id = '${task(at)}'`))[0]
const changed = async (caller: Caller, set: string, at = 1): Promise<Outcome> =>
  as(caller, `update fields.tasks set ${set} where id = '${task(at)}'`)
const refusedBy = (rule: string): Partial<ErrorFields> => ({
  code: "42501",
  constraint: rule,
  message: "refused",
})

describe("a field's rule for writing", () => {
  const fields: readonly (readonly [string, string, string])[] = [
    ["grade", "grade", "4"],
    ["a label's case", "label", "'blue'"],
    ["a label", "label", "'red'"],
    ["a label taken away", "label", "null"],
    ["a span of the same length", "span", "'PT24H'"],
    ["a number in a document written otherwise", "doc", `'{"a": 1.0}'`],
    ["a word's case", "words", "'{a,b}'"],
    ["a range", "during", "'[2026-01-01,2026-02-02)'"],
    ["a hidden place", '"place$write"', "'(1,1)'"],
    ["a hidden place taken away", '"place$write"', "null"],
    ["a hidden secret", '"secret$write"', "'x'"],
    ["a hidden moment", '"seen_at$write"', "now() + '1 day'"],
  ]
  test.each(fields)("refuses %s to who may not, and lets who may", async (_, column, value) => {
    const before = await taskOf(1)
    expect((await changed(anna, `${column} = ${value}`)).error).toMatchObject(refusedBy("writable"))
    expect(await taskOf(1)).toEqual(before)
    expect((await changed(lead, `${column} = ${value}`)).command).toBe("UPDATE 1")
  })

  test.each([
    "grade = 3",
    `label = 'Blue'`,
    "span = 'P1D'",
    `doc = '{"a": 1}'`,
    "words = '{A,b}'",
    `"secret$write" = 'secret-1'`,
  ])("lets the same value be written: %s", async (set) => {
    expect((await changed(anna, set)).command).toBe("UPDATE 1")
  })

  test("of a row is asked before and after", async () => {
    expect((await changed(anna, `"diary$write" = 'x'`)).command).toBe("UPDATE 1")
    expect((await changed(anna, `"diary$write" = 'y', owner = 'ben'`)).error).toMatchObject(
      refusedBy("writable"),
    )
    expect((await changed(ben, `"diary$write" = 'z', owner = 'ben'`)).error).toMatchObject(
      refusedBy("writable"),
    )
    expect((await changed(ben, `"diary$write" = 'z'`)).error).toMatchObject(refusedBy("writable"))
    // Who makes themselves the owner then sees what is written: that is the author's rule about owners.
    expect((await changed(ben, "owner = 'ben'")).command).toBe("UPDATE 1")
  })

  test("leaves defaults to everyone, and only defaults", async () => {
    const insert = (columns: string, values: string): Promise<Outcome> =>
      as(
        anna,
        `insert into fields.tasks (home, owner${columns}) values ('${home(1)}', 'anna'${values}) returning id, secret, grade`,
      )
    expect((await insert("", "")).rows).toMatchObject([{ secret: null, grade: "3" }])
    expect((await insert(", grade", ", 3")).error).toBeNull()
    expect((await insert(", grade", ", 4")).error).toMatchObject(refusedBy("writable"))
    expect((await insert(`, "secret$write"`, ", 'mine'")).error).toMatchObject(refusedBy("writable"))
    expect((await insert(`, "secret$write"`, ", 'unset'")).error).toBeNull()
    expect((await insert(`, "place$write"`, ", '(1,1)'")).error).toMatchObject(refusedBy("writable"))
    expect((await insert(`, "seen_at$write"`, ", '2000-01-01'")).error).toMatchObject(refusedBy("writable"))
    expect((await insert(", words", ", '{x}'")).error).toMatchObject(refusedBy("writable"))
    expect((await insert(`, "diary$write"`, ", 'mine'")).error).toBeNull()
  })

  test.each([
    ["immutable", "code = 'x'"],
    ["an identifier", `id = '${absent}'`],
    ["when it was made", "created_at = now()"],
    ["when it changed", "updated_at = '2000-01-01'"],
    ["its version", "version = 7"],
    ["a computed field", "title = 'x'"],
    ["the reading column of a hidden field", "secret = 'x'"],
  ])("CVE-2025-61928: %s can't be named in an update, an upsert or a merge", async (_, set) => {
    expect((await changed(lead, set)).error?.code).toMatch(/^(42501|428C9|0A000)$/)
    const insert = `insert into fields.tasks (id, home, owner) values ('${task(1)}', '${home(1)}', 'anna')`
    expect((await as(lead, `${insert} on conflict (id) do update set ${set}`)).error?.code).toMatch(
      /^(42501|428C9|0A000)$/,
    )
    expect(
      (
        await as(
          lead,
          `merge into fields.tasks t using (values ('${task(1)}'::uuid)) v (id) on v.id = t.id when matched then update set ${set}`,
        )
      ).error?.code,
    ).toMatch(/^(42501|428C9|0A000)$/)
  })
})

describe("a step", () => {
  const to = (caller: Caller, state: string): Promise<Outcome> => changed(caller, `state = '${state}'`)
  test("goes only where it may", async () => {
    expect((await to(anna, "gone")).error).toMatchObject(refusedBy("step"))
    expect((await to(anna, "done")).command).toBe("UPDATE 1")
    expect((await to(anna, "open")).error).toMatchObject(refusedBy("step"))
    expect((await to(anna, "gone")).error).toMatchObject(refusedBy("step"))
    expect((await to(lead, "gone")).command).toBe("UPDATE 1")
    // From there the rule for the row before lets no one.
    expect((await to(lead, "done")).command).toBe("UPDATE 0")
    expect((await taskOf(1)).title).toBe("code-1:gone")
  })
  test("sees what the database computes", async () => {
    expect((await changed(anna, "owner = 'x'")).command).toBe("UPDATE 1")
  })
  test("into another place goes as the rule for the row after says", async () => {
    expect((await changed(anna, `home = '${home(2)}'`)).error?.code).toBe("23503")
    expect(
      (await as(ben, `update fields.tasks set home = '${home(2)}' where id = '${task(1)}'`)).command,
    ).toBe("UPDATE 1")
    expect((await as(ben, `update fields.tasks set owner = 'archive'`)).error).toBeNull()
  })
  test("is asked of an upsert and a merge as well", async () => {
    const insert = `insert into fields.tasks (id, home, owner) values ('${task(1)}', '${home(1)}', 'anna')`
    expect((await as(anna, `${insert} on conflict (id) do update set state = 'gone'`)).error).toMatchObject(
      refusedBy("step"),
    )
    expect(
      (
        await as(
          anna,
          `merge into fields.tasks t using (values (1)) v (n) on t.id = '${task(1)}' when matched then update set state = 'gone'`,
        )
      ).error,
    ).toMatchObject(refusedBy("step"))
  })
})

describe("Lighthouse-2744: a reference to what can't be seen is refused as one to nothing", () => {
  const sentences: readonly (readonly [string, (key: string) => string])[] = [
    ["insert", (key) => `insert into fields.tasks (home, owner) values ('${key}', 'anna')`],
    ["insert what is selected", (key) => `insert into fields.tasks (home, owner) select '${key}', 'anna'`],
    ["update", (key) => `update fields.tasks set home = '${key}' where id = '${task(1)}'`],
    ["update all", (key) => `update fields.tasks set home = '${key}'`],
    [
      "upsert",
      (key) =>
        `insert into fields.tasks (id, home, owner) values ('${task(1)}', '${home(1)}', 'anna') on conflict (id) do update set home = '${key}'`,
    ],
    [
      "merge",
      (key) =>
        `merge into fields.tasks t using (values (1)) v (n) on false when not matched then insert (home, owner) values ('${key}', 'anna')`,
    ],
    ["in a table", (key) => `insert into app.badges (word, home, slot) values ('new', '${key}', 1)`],
    ["in what may not be read", (key) => `insert into app.letters ("to", text) values ('${key}', 'x')`],
    [
      "by a long name",
      (key) =>
        `insert into app.extraordinarily_long_named_entities_for_the_test_of (a_reference_with_an_extraordinarily_long_name) values ('${key}')`,
    ],
  ]
  test.each(sentences)("%s", async (_, sentence) => {
    const tell = (error: ErrorFields | null): unknown => ({ ...error })
    const [unseen, nothing, seen] = [
      await as(anna, sentence(home(2))),
      await as(anna, sentence(absent)),
      await as(anna, sentence(home(1))),
    ]
    expect(seen.error).toBeNull()
    expect(unseen.error?.code).toBe("23503")
    expect(JSON.stringify(tell(unseen.error))).toBe(JSON.stringify(tell(nothing.error)))
    expect(unseen.error?.constraint).toSatisfy(
      (name: string) => database.ready.constraints.get(name)?.kind === "reference",
    )
    expect(unseen.said).not.toContain(home(2))
  })

  test("to a row of the same table", async () => {
    const sentence = (key: string): string =>
      `update fields.tasks set beside = '${key}' where id = '${task(2)}'`
    const [unseen, nothing] = [await as(anna, sentence(task(4))), await as(anna, sentence(absent))]
    expect(unseen.error?.code).toBe("23503")
    expect(JSON.stringify(unseen.error)).toBe(JSON.stringify(nothing.error))
    expect((await as(anna, sentence(task(3)))).command).toBe("UPDATE 1")
  })

  test("to a row of the same statement, before it in the list", async () => {
    const made = await as(
      anna,
      `insert into fields.tasks (id, home, owner, over_task) values ('${absent}', '${home(1)}', 'anna', null), ('${task(99)}', '${home(1)}', 'anna', '${absent}')`,
    )
    expect(made.error).toBeNull()
  })

  test("and one that stays as it is may stay", async () => {
    await database.admin.query(`update app.tasks set beside = '${task(5)}' where id = '${task(1)}'`)
    expect((await changed(anna, "owner = 'x'")).command).toBe("UPDATE 1")
    expect((await changed(anna, `beside = '${task(5)}', owner = 'y'`)).command).toBe("UPDATE 1")
  })
})

describe("what is unique", () => {
  const badge = (word: string, at: number, slot: number, more = ""): string =>
    `insert into app.badges (word, home, slot, days, note) values ('${word}', '${home(at)}', ${slot}, ${more || "null, null"})`
  test("CVE-2026-25574: tells of an unseen row only by refusing, never its values", async () => {
    for (const sentence of [
      badge("iron", 1, 5),
      badge("new", 1, 2222),
      `update app.badges set slot = 2222`,
      `update app.badges set slot = 2222 where word = 'gold'`,
    ]) {
      const { error, said } = await as(anna, sentence)
      expect(error).toMatchObject({ code: "23505" })
      expect(error?.detail).toBeUndefined()
      expect(said).not.toMatch(/n2|2222|iron/)
    }
  })
  test("within what one sees is nothing new to others", async () => {
    expect((await as(anna, badge("a", 1, 7, "null, 'n2'"))).error).toBeNull()
    expect((await as(anna, badge("b", 1, 8, "null, 'n1'"))).error).toMatchObject({ code: "23505" })
    expect((await as(anna, badge("c", 1, 9, "'[2026-01-15,2026-01-16)', null"))).error).toMatchObject({
      code: "23P01",
    })
    expect((await as(anna, badge("d", 1, 10, "'[2026-03-15,2026-03-16)', null"))).error).toBeNull()
  })
  test("an upsert over an unseen row changes nothing and tells nothing of it", async () => {
    const before = await rowsOf("select * from app.badges order by word")
    const update = await as(
      anna,
      `${badge("iron", 1, 5)} on conflict (word) do update set note = 'mine' returning *`,
    )
    expect(update.error).toMatchObject({ code: "42501" })
    expect(update.said).not.toMatch(/n2|2222/)
    const other = await as(
      anna,
      `${badge("new", 1, 2222)} on conflict (slot) do update set note = badges.note returning note`,
    )
    expect(other.error).toMatchObject({ code: "42501" })
    const nothing = await as(anna, `${badge("iron", 1, 5)} on conflict do nothing returning word`)
    expect(nothing).toMatchObject({ command: "INSERT 0 0", cells: [], error: null })
    expect(await rowsOf("select * from app.badges order by word")).toEqual(before)
  })
  test("a failing check, a missing value or a value too long quotes no row", async () => {
    for (const sentence of [
      `update fields.tasks set state = 'x'`,
      `update fields.tasks set home = null`,
      `update fields.tasks set owner = null where id = '${task(1)}'`,
      `update app.badges set word = repeat('x', 30)`,
    ]) {
      const { error, said } = await as(lead, sentence)
      expect(error?.code).toMatch(/^(23|42501)/)
      expect(error?.detail).toBeUndefined()
      expect(said).not.toMatch(/secret-|diary-|code-|n1/)
    }
  })
})

describe("deleting", () => {
  test("takes what hangs on a row along, seen or not, and counts the versions of what stays", async () => {
    expect((await as(anna, `delete from fields.tasks where id = '${task(1)}'`)).command).toBe("DELETE 1")
    expect(await taskOf(5)).toBeUndefined()
    expect(await taskOf(6)).toMatchObject({ beside: null, version: 2, secret: "secret-6" })
  })
  test("is refused where something unseen must stay, without telling what", async () => {
    const { error, said } = await as(anna, `delete from app.homes where id = '${home(1)}'`)
    expect(error?.code).toMatch(/^(23503|23001)$/)
    expect(error?.detail).toMatch(/^Key is (still )?referenced from table "\w+"\.$/)
    expect(said).not.toMatch(/code-|secret-|[0-9a-f]{8}-0000/)
  })
  test("takes members along when nothing else hangs on a home", async () => {
    await database.admin.query(`delete from app.tasks; delete from app.notes; delete from app.letters`)
    expect((await as(anna, `delete from app.homes where id = '${home(1)}'`)).command).toBe("DELETE 1")
    expect(await rowsOf("select word from app.badges")).toEqual([{ word: "iron" }])
    expect(await rowsOf("select count(*)::int as n from app.members")).toEqual([{ n: 2 }])
  })
})

describe("versions and moments", () => {
  test("are counted by every update, whoever makes it, and can't be set", async () => {
    const first = await taskOf(1)
    expect(first.version).toBe(1)
    await changed(anna, "owner = 'x'")
    await as(
      anna,
      `insert into fields.tasks (id, home, owner) values ('${task(1)}', '${home(1)}', 'anna') on conflict (id) do update set owner = excluded.owner`,
    )
    await database.admin.query(
      `update app.tasks set version = 77, created_at = '2000-01-01', updated_at = '2000-01-01' where id = '${task(1)}'`,
    )
    const last = await taskOf(1)
    expect(last.version).toBe(4)
    expect(last.created_at).toEqual(first.created_at)
    expect(last.updated_at.getTime()).toBeGreaterThan(first.updated_at.getTime())
  })
  test("of a new row are the database's own", async () => {
    for (const column of ["created_at", "updated_at", "version", "title"]) {
      const { error } = await as(
        lead,
        `insert into fields.tasks (home, owner, ${column}) values ('${home(1)}', 'anna', default)`,
      )
      expect(error?.code).toBe("42501")
    }
  })
  test("a refused write counts nothing", async () => {
    await changed(anna, "state = 'gone'")
    expect((await taskOf(1)).version).toBe(1)
  })
})

test("what may be written and not read stays unread", async () => {
  expect((await as(anna, `insert into app.letters ("to", text) values ('${home(1)}', 'x')`)).command).toBe(
    "INSERT 0 1",
  )
  expect(
    (await as(anna, `insert into app.letters ("to", text) values ('${home(1)}', 'x') returning text`)).error
      ?.code,
  ).toBe("42501")
  expect((await as(anna, "select count(*) as n from app.letters")).rows).toEqual([{ n: "0" }])
  expect((await as(anna, "update app.letters set text = 'y' where text = 'draft'")).command).toBe("UPDATE 0")
  expect((await as(anna, "update app.letters set text = 'final' where true")).command).toBe("UPDATE 0")
  expect(await rowsOf("select text from app.letters order by 1")).toEqual([
    { text: "draft" },
    { text: "final" },
    { text: "x" },
  ])
})

test("triggers stand in their order: what counts, what refuses, what asks again, what records", async () => {
  const found = await rowsOf(
    "select t.tgname as name, t.tgenabled as enabled, (t.tgtype & 2) = 2 as before from pg_trigger t where t.tgrelid = 'app.tasks'::regclass and not t.tgisinternal order by t.tgname",
  )
  expect(found).toEqual([
    ...["undercroft_count", "undercroft_guard", "undercroft_moved"].map((name) => ({
      name,
      enabled: "O",
      before: true,
    })),
    { name: "undercroft_record", enabled: "A", before: false },
    // When it is over, the rows that are counted are gone.
    { name: "undercroft_record_truncate", enabled: "A", before: true },
  ])
})

/** Two connections: one holds a row, the other waits for it, and the first moves it out of sight. */
describe("a row that moves out of sight between the snapshot and the lock", () => {
  const races: readonly (readonly [string, string, string])[] = [
    [
      "of the row's own",
      `update app.tasks set home = '${home(2)}' where id = '${task(1)}'`,
      `update fields.tasks set owner = 'mine' where id = '${task(1)}' returning owner, code`,
    ],
    [
      "of the row's own, deleted",
      `update app.tasks set home = '${home(2)}' where id = '${task(1)}'`,
      `delete from fields.tasks where id = '${task(1)}' returning code`,
    ],
    [
      "of the row's own, all",
      `update app.tasks set home = '${home(2)}' where id = '${task(1)}'`,
      `update fields.tasks set grade = 3 where code = 'code-1' returning code`,
    ],
    [
      "of a related row",
      `update app.homes set region = 'south' where id = '${home(1)}'; update app.notes set text = 'new words' where id = '${note(1)}'`,
      `update fields.notes set text = 'mine' where id = '${note(1)}' returning text`,
    ],
    [
      "of a related row, deleted",
      `update app.homes set region = 'south' where id = '${home(1)}'; update app.notes set text = 'new words' where id = '${note(1)}'`,
      `delete from fields.notes where id = '${note(1)}' returning text`,
    ],
    [
      "of a related row, merged",
      `update app.homes set region = 'south' where id = '${home(1)}'; update app.notes set text = 'new words' where id = '${note(1)}'`,
      `merge into fields.notes t using (values ('${note(1)}'::uuid)) v (id) on t.id = v.id when matched then update set text = 'mine'`,
    ],
    [
      "of the caller's facts",
      `delete from app.members where "user" = 'anna'; update app.tasks set owner = 'x' where id = '${task(1)}'`,
      `update fields.tasks set owner = 'mine' where id = '${task(1)}' returning code, owner`,
    ],
    [
      "of the caller's facts, a badge",
      `delete from app.members where "user" = 'anna'; update app.badges set note = 'new words' where word = 'gold'`,
      `update app.badges set note = 'mine' where word = 'gold' returning note`,
    ],
    [
      "of the caller's facts, deleted",
      `delete from app.members where "user" = 'anna'; update app.badges set note = 'new words' where word = 'gold'`,
      "delete from app.badges where word = 'gold' returning note",
    ],
  ]
  test.each(races)("%s", async (_, moving, writing) => {
    await database.admin.query(`begin; ${moving}`)
    const waiting = as(anna, writing)
    await untilWaiting()
    await database.admin.query("commit")
    const { error, cells, said, command } = await waiting
    expect({ error, cells }).toEqual({ error: null, cells: [] })
    expect(command).toMatch(/ 0$/)
    expect(said).not.toContain("new words")
    expect(
      await rowsOf(
        "select 1 from app.tasks where owner = 'mine' union all select 1 from app.notes where text = 'mine' union all select 1 from app.badges where note = 'mine'",
      ),
    ).toEqual([])
  })

  test("and one that stays in sight is changed", async () => {
    await database.admin.query(`begin; update app.notes set text = 'new words' where id = '${note(1)}'`)
    const waiting = as(
      anna,
      `update fields.notes set text = text || ', mine' where id = '${note(1)}' returning text`,
    )
    await untilWaiting()
    await database.admin.query("commit")
    expect((await waiting).rows).toEqual([{ text: "new words, mine" }])
  })

  test("an upsert over a row that came after the snapshot and is not to be seen", async () => {
    await database.admin.query(
      `begin; insert into app.badges (word, home, slot, note) values ('late', '${home(2)}', 4444, 'theirs')`,
    )
    const waiting = as(
      anna,
      `insert into app.badges (word, home, slot) values ('late', '${home(1)}', 1) on conflict (word) do update set note = 'mine' returning note`,
    )
    await untilWaiting()
    await database.admin.query("commit")
    expect((await waiting).error?.code).toBe("42501")
    expect(await rowsOf("select note from app.badges where word = 'late'")).toEqual([{ note: "theirs" }])
  })

  test("in a repeatable read it is a conflict", async () => {
    await database.admin.query(`begin; update app.tasks set home = '${home(2)}' where id = '${task(1)}'`)
    await session.raw("set default_transaction_isolation = 'repeatable read'")
    const waiting = as(anna, `update fields.tasks set owner = 'mine' where id = '${task(1)}'`)
    await untilWaiting()
    await database.admin.query("commit")
    expect((await waiting).error?.code).toBe("40001")
  })

  test("canary: without the trigger that asks again, a related row is looked up as it was", async () => {
    const open = await openDatabase(wardModel, wardRows, {
      rewrite: (all) => all.filter((one) => !one.startsWith("create trigger undercroft_moved")),
    })
    try {
      const connection = await open.connect()
      await open.admin.query(`begin; ${races[3]?.[1]}`)
      const waiting = connection.run(open.seal({ id: "anna" }), races[3]?.[2] ?? "")
      await untilWaiting(open)
      await open.admin.query("commit")
      expect((await waiting).rows).toEqual([{ text: "mine" }])
    } finally {
      await open.drop()
    }
  })

  async function untilWaiting(of: TestDatabase = database): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const [{ waiting }] = (
        await of.admin.query(
          "select exists (select from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())) as waiting",
        )
      ).rows
      if (waiting) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error("no one waits")
  }
})
