/** Rules as SQL where PostgreSQL's own reading of them would be another: nulls, time zones, collations, bounds, names. */
import { afterAll, expect, test } from "vitest"
import {
  type AnyEntity,
  actor,
  add,
  allOf,
  anyone,
  bigint,
  concat,
  date,
  entity,
  instant,
  integer,
  lower,
  many,
  multiply,
  not,
  ref,
  signedIn,
  text,
} from "../../src/index.ts"
import { openDatabase, policiesOf, type Row, type TestDatabase, View } from "./database.ts"

const open: TestDatabase[] = []
afterAll(async () => {
  for (const one of open) await one.drop()
})

const me: any = actor({
  get days() {
    return Moment.where(() => anyone).pick("day")
  },
  get moments() {
    return Moment.where(() => anyone).pick("at")
  },
  get words() {
    return Moment.where(() => anyone).pick("word")
  },
  get foldedWords() {
    return Moment.where(() => anyone).pick("folded")
  },
  get none() {
    return Moment.where(({ row }: any) => row.word.is("no such word")).pick("word")
  },
  // Two names that are one in snake case, and one that is longer than PostgreSQL's names.
  get aFact() {
    return Moment.where(({ row }: any) => row.word.is("Ärger")).pick("word")
  },
  get a_fact() {
    return Moment.where(({ row }: any) => row.word.is("plain")).pick("word")
  },
  get anExtraordinarilyLongNameOfAFactThatIsLongerThanPostgreSqlNamesAreA() {
    return Moment.where(({ row }: any) => row.word.is("Ärger")).pick("word")
  },
  get anExtraordinarilyLongNameOfAFactThatIsLongerThanPostgreSqlNamesAreB() {
    return Moment.where(({ row }: any) => row.word.is("plain")).pick("word")
  },
})

/** Its rows are what facts pick from; its own rule is each test's. */
let rule: (row: any) => any = () => anyone
const Moment: any = entity("Moment", {
  fields: {
    day: date(),
    at: instant(),
    word: text().optional(),
    folded: text({ caseInsensitive: true }),
    small: integer(),
    big: bigint(),
  },
})
Moment.access(({ row }: any) => ({ read: rule(row) }))

const rows: readonly Row[] = [
  {
    day: "2026-01-01",
    at: "2026-01-01T00:00:00.000Z",
    word: "Ärger",
    folded: "ÄRGER",
    small: 2_147_483_647,
    big: "9223372036854775807",
  },
  {
    day: "2026-01-02",
    at: "2026-01-01T12:00:00.000Z",
    word: "ärger",
    folded: "ärger",
    small: -2_147_483_648,
    big: "-9223372036854775808",
  },
  { day: "2026-01-03", at: "2026-01-03T11:00:00.000Z", word: "plain", folded: "Plain", small: 3, big: "3" },
  { day: "2026-01-04", at: "2026-01-05T00:00:00.000Z", word: null, folded: "z", small: 0, big: "0" },
].map((row, at) => ({ id: `00000000-0000-7000-8000-00000000000${at}`, ...row }))

const rules: Readonly<Record<string, (row: any) => any>> = {
  "a day before a moment": (row) => row.day.before(row.at),
  "a moment that is a day": (row) => row.at.is(row.day),
  "a day among days": (row) => row.day.in(me.days),
  "a moment not among moments": (row) => not(row.at.in(me.moments)),
  "a product out of bounds": (row) => multiply(row.small, row.small).above(5),
  "a sum out of bounds": (row) => add(row.big, row.big).above(0),
  "a difference in a longer sum": (row) => add(add(row.big, row.big), row.small).below(-5),
  "a null in no list": (row) => not(row.word.in(["plain"])),
  "a null in no fact": (row) => not(row.word.in(me.none)),
  "a null in an empty list": (row) => not(row.word.in([])),
  "folded starts with": (row) => row.folded.startsWith("är"),
  "folded does not contain": (row) => not(row.folded.contains("ÄRG")),
  "a word in lower case": (row) => lower(row.word).is("ärger"),
  "a joined word in its own case": (row) => concat(row.folded, "").is("ÄRGER"),
  "a word beside a folded one": (row) => row.word.is(row.folded),
  "a folded one beside a word": (row) => row.folded.is(row.word),
  "a word among folded ones": (row) => row.word.in(me.foldedWords),
  "a folded one among words": (row) => row.folded.in(me.words),
  "a folded one not among words": (row) => not(row.folded.in(me.words)),
  "the caller among folded ones": () => me.id.in(me.foldedWords),
  "the caller not among folded ones": () => not(me.id.in(me.foldedWords)),
  "words in the order of code points": (row) => row.word.above("Z"),
  "two facts of nearly one name": (row) => allOf(row.word.in(me.aFact), not(row.word.in(me.a_fact))),
  "two facts of one long name": (row) =>
    allOf(
      row.word.in(me.anExtraordinarilyLongNameOfAFactThatIsLongerThanPostgreSqlNamesAreB),
      not(row.word.in(me.anExtraordinarilyLongNameOfAFactThatIsLongerThanPostgreSqlNamesAreA)),
    ),
  "a caller's name that is no number": (row) => allOf(signedIn, row.small.is(me.id)),
}

test.each(Object.keys(rules))("GHSA-7r7f-9xpj-jmr7: %s", async (name) => {
  rule = rules[name] as typeof rule
  const database = await openDatabase([Moment as AnyEntity], { Moment: rows })
  open.push(database)
  for (const id of ["3", "anna", "pLAIN", null]) {
    const caller = database.seal({ id })
    const due = new View(database.policies, { Moment: rows }, caller, new Date().toISOString()).rows(
      database.entity("Moment"),
    )
    const session = await database.connect()
    for (const zone of ["UTC", "Pacific/Niue", "Pacific/Kiritimati"]) {
      await session.raw(`set timezone = '${zone}'`)
      const { cells, error } = await session.run(
        caller,
        "select id from app.moments order by id",
        "pipelined",
      )
      expect({ zone, error, ids: cells.flat() }).toEqual({
        zone,
        error: null,
        ids: due.map((row) => row["id"]),
      })
    }
    await session.end()
  }
})

test.each([
  ["a day among moments", (row: any) => row.day.in(me.moments)],
  ["a moment among days", (row: any) => not(row.at.in(me.days))],
])("%s is no rule: time zones would decide", (_, mixed) => {
  rule = mixed
  expect(() => policiesOf([Moment as AnyEntity])).toThrow(
    /UC206 Moment.read: has a rule that looks for \w+ among \w+s/,
  )
})

test("a rule that compares two rows looks related rows up by the key as it is, beside a field without regard to case", async () => {
  const Rack: any = entity("Rack", {
    key: "code",
    fields: {
      code: text(),
      label: text({ caseInsensitive: true }),
      get books() {
        return many(Book, "rack")
      },
    },
  })
  Rack.access(({ row }: any) => ({ read: row.books.some((book: any) => book.mark.is(row.label)) }))
  const Book: any = entity("Book", { fields: { rack: ref(Rack), mark: text({ caseInsensitive: true }) } })
  Book.access(() => ({ read: anyone }))
  const database = await openDatabase([Rack, Book] as AnyEntity[], {
    Rack: [
      { code: "a", label: "x" },
      { code: "A", label: "x" },
    ],
    Book: [{ id: "00000000-0000-7000-8000-000000000001", rack: "a", mark: "X" }],
  })
  open.push(database)
  const session = await database.connect()
  const { cells, error } = await session.run(
    database.seal({ id: "anna" }),
    "select code from app.racks order by code",
    "pipelined",
  )
  await session.end()
  expect({ error, cells }).toEqual({ error: null, cells: [["a"]] })
})

test("a rule that visible() brings along may name its rows as the rule around it does", async () => {
  const Team: any = entity("Team", {
    fields: {
      get members() {
        return many(Member, "team")
      },
      get tasks() {
        return many(Task, "team")
      },
    },
  })
  Team.access(({ row }: any) => ({ read: row.members.some((one: any) => one.user.is(me.id)) }))
  const Member: any = entity("Member", {
    fields: {
      user: text(),
      team: ref(Team),
      get tasks() {
        return many(Task, "owner")
      },
    },
  })
  Member.access(() => ({ read: anyone }))
  const Task: any = entity("Task", { fields: { team: ref(Team), owner: ref(Member) } })
  // The owner's team is asked from within the tasks.
  Task.access(({ row }: any) => ({
    read: row.team.members.some((one: any) => one.tasks.some(() => one.team.visible())),
  }))
  const key = (at: number): string => `00000000-0000-7000-8000-00000000000${at}`
  const database = await openDatabase([Team, Member, Task] as AnyEntity[], {
    Team: [{ id: key(1) }, { id: key(2) }],
    Member: [
      { id: key(3), user: "anna", team: key(1) },
      { id: key(4), user: "bob", team: key(2) },
    ],
    Task: [
      { id: key(5), team: key(1), owner: key(3) },
      { id: key(6), team: key(2), owner: key(4) },
    ],
  })
  open.push(database)
  const session = await database.connect()
  const { cells, error } = await session.run(
    database.seal({ id: "anna" }),
    "select id from app.tasks",
    "pipelined",
  )
  await session.end()
  expect({ error, cells }).toEqual({ error: null, cells: [[key(5)]] })
})
