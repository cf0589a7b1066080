/** A model of every rule about writing, for tests of what a write may leave behind. */
import {
  type AnyEntity,
  actor,
  allOf,
  anyOf,
  anyone,
  choice,
  concat,
  date,
  duration,
  entity,
  generated,
  instant,
  integer,
  json,
  list,
  many,
  nobody,
  not,
  now,
  point,
  range,
  ref,
  serial,
  text,
} from "../../src/index.ts"

export const me: any = actor({
  get homes() {
    return Member.where(({ me: caller, row }: any) => row.user.is(caller.id)).pick("home")
  },
})

export const Home: any = entity("Home", {
  fields: {
    name: text({ max: 40 }),
    region: text({ max: 20 }).default("north"),
    get tasks() {
      return many(Task, "home")
    },
  },
})
Home.access(({ row }: any) => ({
  read: row.id.in(me.homes),
  update: row.id.in(me.homes),
  delete: row.id.in(me.homes),
}))

export const Member: any = entity("Member", { fields: { user: text(), home: ref(Home).onDelete("cascade") } })
Member.access(({ row }: any) => ({ read: row.user.is(me.id) }))

const lead = (): any => me.has("lead")

export const Task: any = entity("Task", {
  fields: {
    home: ref(Home),
    owner: text(),
    code: text({ max: 20 }).optional().immutable(),
    number: serial(),
    state: choice("open", "done", "gone").default("open"),
    grade: integer().default(3).writableBy(lead),
    label: text({ caseInsensitive: true }).optional().writableBy(lead),
    span: duration().optional().writableBy(lead),
    doc: json().optional().writableBy(lead),
    words: list(text()).default([]).writableBy(lead),
    during: range(date()).optional().writableBy(lead),
    place: point().internal().optional().visibleTo(lead),
    secret: text().internal().default("unset").visibleTo(lead),
    seenAt: instant().default(now).visibleTo(lead),
    diary: text()
      .optional()
      .visibleTo(({ row }) => row.owner.is(me.id)),
    title: generated(text(), ({ row }) => concat(row.code, ":", row.state)),
    get overTask() {
      return ref(Task).optional().onDelete("cascade")
    },
    get beside() {
      return ref(Task).optional().onDelete("set null")
    },
  },
})
Task.access(({ row, before }: any) => ({
  read: row.home.in(me.homes),
  create: row.home.in(me.homes),
  update: {
    from: allOf(row.home.in(me.homes), row.state.isNot("gone")),
    to: anyOf(row.home.in(me.homes), row.owner.is("archive")),
    // By small steps, and the computed title says what the state is.
    step: allOf(
      anyOf(
        row.state.is(before.state),
        allOf(before.state.is("open"), row.state.is("done")),
        allOf(before.state.is("done"), row.state.is("gone"), lead()),
      ),
      anyOf(row.title.endsWith(":open"), row.title.endsWith(":done"), row.title.endsWith(":gone")),
    ),
  },
  delete: allOf(row.home.in(me.homes), row.owner.is(me.id)),
}))

/** Without hidden fields, with a key of its own and a name that everyone shares. */
export const Badge: any = entity("Badge", {
  key: "word",
  fields: {
    word: text({ max: 20 }),
    home: ref(Home).onDelete("cascade"),
    slot: integer().unique().reveals(),
    days: range(date()).optional(),
    note: text().optional(),
  },
  unique: [["home", "note"]],
  exclude: [{ same: ["home"], overlapping: "days" }],
})
Badge.access(({ row }: any) => ({
  read: row.home.in(me.homes),
  create: row.home.in(me.homes),
  update: row.home.in(me.homes),
  delete: row.home.in(me.homes),
}))

/** Rules that look at the rows around. */
export const Note: any = entity("Note", {
  fields: {
    home: ref(Home),
    text: text(),
    hidden: text()
      .optional()
      .visibleTo(() => me.has("lead")),
  },
})
Note.access(({ row }: any) => ({
  read: row.home.region.is("north"),
  create: anyone,
  update: row.home.region.is("north"),
  delete: row.home.region.is("north"),
}))

/** What may be put in and never be seen. */
export const Letter: any = entity("Letter", { tracked: false, fields: { to: ref(Home), text: text() } })
Letter.access(({ row }: any) => ({
  create: row.to.visible(),
  read: nobody,
  update: not(row.text.is("final")),
}))

/** A name that is longer than PostgreSQL's names. */
export const Extraordinarily: any = entity("ExtraordinarilyLongNamedEntityForTheTestOfNames", {
  collection: "extraordinarilyLongNamedEntitiesForTheTestOf",
  fields: {
    aReferenceWithAnExtraordinarilyLongName: ref(Home).optional(),
    owner: text().writableBy(lead).optional(),
  },
})
Extraordinarily.access(() => ({ read: anyone, create: anyone, update: anyone }))

export const wardModel: readonly AnyEntity[] = [Home, Member, Task, Badge, Note, Letter, Extraordinarily]

const id = (kind: number, at: number): string =>
  `00000000-0000-7000-8${String(kind).padStart(3, "0")}-${String(at).padStart(12, "0")}`
export const home = (at: number): string => id(1, at)
export const task = (at: number): string => id(2, at)
export const note = (at: number): string => id(3, at)
export const absent: string = id(9, 999)

/** Two homes: anna and ben are in the first, ben and cleo in the second. */
export const wardRows = {
  Home: [1, 2].map((at) => ({ id: home(at), name: `home-${at}`, region: "north" })),
  Member: [
    ["anna", 1],
    ["ben", 1],
    ["ben", 2],
    ["cleo", 2],
  ].map(([user, at]) => ({ user, home: home(at as number) })),
  Task: [1, 2, 3, 4, 5, 6].map((at) => ({
    id: task(at),
    home: home(at < 4 ? 1 : 2),
    owner: at % 2 === 0 ? "ben" : "anna",
    code: `code-${at}`,
    state: "open",
    label: "Blue",
    span: "P1D",
    doc: { a: 1 },
    words: "{A,b}",
    secret: `secret-${at}`,
    diary: `diary-${at}`,
    place: "(13.4,52.5)",
    during: "[2026-01-01,2026-02-01)",
    grade: 3,
    overTask: at === 5 ? task(1) : null,
    beside: at === 6 ? task(1) : null,
  })),
  Badge: [
    { word: "gold", home: home(1), slot: 1111, days: "[2026-01-01,2026-02-01)", note: "n1" },
    { word: "iron", home: home(2), slot: 2222, days: "[2026-01-01,2026-02-01)", note: "n2" },
  ],
  Note: [1, 2].map((at) => ({ id: note(at), home: home(at), text: `text-${at}`, hidden: `hidden-${at}` })),
  Letter: [
    { to: home(1), text: "final" },
    { to: home(2), text: "draft" },
  ],
} as const
