/** A backend with every kind of field, key, relation and hidden field, and rows whose values must never be told. */
import {
  actor,
  anyone,
  type BackendDefinition,
  bigint,
  boolean,
  choice,
  concat,
  date,
  decimal,
  defineBackend,
  duration,
  email,
  entity,
  file,
  generated,
  instant,
  integer,
  json,
  list,
  many,
  money,
  nobody,
  point,
  range,
  ref,
  serial,
  text,
  time,
  url,
  uuid,
  view,
} from "../../src/index.ts"

/** Stands in every row; an error that repeats it has told a row's value. */
export const canary: string = "canary7f3a91"

/** Facts about the caller. */
export const me = actor({
  get ledHomes() {
    return Home.where(({ me, row }) => row.lead.is(me.id)).pick("id")
  },
})

export const Home = entity("Home", {
  fields: {
    name: text({ max: 100 }),
    lead: text({ max: 100 }).optional(),
    get things() {
      return many(Thing, "home")
    },
  },
})
Home.access(() => ({ read: anyone, create: anyone, update: anyone, delete: anyone }))

/** Its key is its own word. */
export const Country = entity("Country", {
  collection: "countries",
  key: "code",
  tracked: false,
  fields: {
    code: text({ min: 2, max: 2, pattern: /[A-Z]{2}/ }),
    label: text({ max: 60 }),
    note: text().optional().unique(),
  },
})
Country.access(() => ({ read: anyone, create: anyone, update: anyone, delete: anyone }))

/** Its key counts itself. */
export const Tag = entity("Tag", {
  key: "number",
  tracked: false,
  fields: { number: serial(), word: text({ max: 40, caseInsensitive: true }).unique() },
})
Tag.access(() => ({ read: anyone, create: anyone, update: anyone, delete: anyone }))

/** Every kind of field. */
export const Thing = entity("Thing", {
  fields: {
    title: text({ min: 1, max: 200 }),
    plain: text().optional(),
    code: text({ max: 12, pattern: /[a-z]+-[0-9]+/ }).optional(),
    folded: text({ max: 60, caseInsensitive: true }).optional(),
    mail: email().optional().internal(),
    site: url().optional(),
    paper: file().optional(),
    mood: choice("calm", "cross", "it's").optional(),
    flag: boolean().optional(),
    small: integer({ min: -1000, max: 1000 }).optional(),
    whole: integer().optional(),
    big: bigint().optional(),
    price: money("EUR").optional(),
    exact: decimal({ precision: 8, scale: 2 }).optional(),
    fine: decimal({ precision: 30, scale: 0 }).optional(),
    day: date().optional(),
    moment: instant().optional(),
    clock: time().optional(),
    span: duration().optional(),
    mark: uuid().optional(),
    place: point().optional().internal(),
    doc: json().optional(),
    texts: list(text({ max: 40 }), { max: 5 }).optional(),
    numbers: list(integer()).optional(),
    bigs: list(bigint()).optional(),
    sums: list(decimal({ precision: 8, scale: 2 })).optional(),
    moments: list(instant()).optional(),
    flags: list(boolean()).optional(),
    marks: list(uuid()).optional(),
    days: range(date()).optional(),
    whiles: range(instant()).optional(),
    span32: range(integer()).optional(),
    span64: range(bigint()).optional(),
    spanDec: range(decimal({ precision: 8, scale: 2 })).optional(),
    both: generated(text(), ({ row }) => concat(row.title, "/", row.plain)),
    home: ref(Home).optional(),
    country: ref(Country).optional(),
    tag: ref(Tag).optional(),
    get parent() {
      return ref(Thing).optional()
    },
    owner: text({ max: 60 }).optional(),
    gated: text({ max: 60 })
      .optional()
      .internal()
      .visibleTo(() => me.has("keeper")),
    rowHidden: text({ max: 60 })
      .optional()
      .internal()
      .visibleTo(({ row }) => row.owner.is(me.id)),
    factHidden: integer()
      .optional()
      .internal()
      .visibleTo(({ row }) => row.home.in(me.ledHomes)),
    steady: text({ max: 60 }).optional().immutable(),
    get children() {
      return many(Thing, "parent")
    },
    get labels() {
      return many(Label, "thing")
    },
  },
})
Thing.access(() => ({ read: anyone, create: anyone, update: anyone, delete: anyone }))

/** Joins two entities under a key of two references. */
export const Label = entity("Label", {
  key: ["thing", "tag"],
  tracked: false,
  fields: {
    thing: ref(Thing).onDelete("cascade"),
    tag: ref(Tag).onDelete("cascade"),
    weight: integer().default(1),
  },
})
Label.access(() => ({ read: anyone, create: anyone, update: anyone, delete: anyone }))

/** No two in one room at one time. */
export const Booking = entity("Booking", {
  fields: { room: text({ max: 20 }), during: range(instant()) },
  exclude: [{ same: ["room"], overlapping: "during" }],
  reveals: true,
})
Booking.access(() => ({ read: anyone, create: anyone, update: anyone, delete: anyone }))

/** Its rows belong to their owner, and nobody deletes them. */
export const Vault = entity("Vault", {
  fields: { owner: text({ max: 60 }), word: text({ max: 60 }) },
  check: { notNothing: ({ row }) => row.word.isNot("nothing") },
})
Vault.access(({ row }) => ({
  read: row.owner.is(me.id),
  create: row.owner.is(me.id),
  update: row.owner.is(me.id),
  delete: nobody,
}))

export const ThingView = view("ThingView", Thing, {
  key: "id",
  fields: { id: "id", title: "title", home: "home", homeName: (row) => row.home.name, whiles: "whiles" },
})

/** The identifiers of the rows that are there at the start. */
export const ids = {
  home: "00000000-0000-7000-8000-000000000001",
  thing: "00000000-0000-7000-8000-000000000002",
  other: "00000000-0000-7000-8000-000000000003",
  booking: "00000000-0000-7000-8000-000000000004",
  vault: "00000000-0000-7000-8000-000000000005",
} as const

/** Callers: the owner of the rows, and everyone else. */
export const keeper = { id: "keeper", roles: ["keeper"] } as const
export const stranger = { id: "stranger", roles: [] } as const

export const hostileBackend: BackendDefinition = defineBackend({
  name: "hostile",
  model: [Home, Country, Tag, Thing, Label, Booking, Vault, ThingView],
  seed: () => [
    ["Home", { id: ids.home, name: canary, lead: "keeper" }],
    ["Country", { code: "DE", label: canary }],
    ["Tag", { number: 1, word: canary }],
    [
      "Thing",
      {
        id: ids.thing,
        title: canary,
        plain: canary,
        code: "abc-1",
        folded: canary,
        mail: `${canary}@example.org`,
        site: `https://example.org/${canary}`,
        paper: canary,
        mood: "it's",
        flag: true,
        small: 5,
        whole: 7,
        big: "9007199254740993",
        price: 1250,
        exact: "12.50",
        fine: "123456789012345678901234567890",
        day: "2026-02-28",
        moment: "2026-02-28T08:30:00Z",
        clock: "08:30",
        span: "PT45M",
        mark: ids.home,
        place: { latitude: 52.5, longitude: 13.4 },
        doc: { word: canary, list: [1, "a", null], deep: { er: true } },
        texts: [canary],
        numbers: [1, 2],
        bigs: [1],
        sums: ["1.50"],
        moments: ["2026-02-28T08:30:00Z"],
        flags: [true, false],
        marks: [ids.home],
        days: "[2026-01-01,2026-02-01)",
        whiles: "[2026-01-01T00:00:00Z,)",
        span32: "[1,10)",
        span64: "[,5)",
        spanDec: "[1.00,2.00)",
        home: ids.home,
        country: "DE",
        tag: 1,
        owner: "keeper",
        gated: canary,
        rowHidden: canary,
        factHidden: 4711,
        steady: canary,
      },
    ],
    [
      "Thing",
      {
        id: ids.other,
        title: `${canary}2`,
        parent: ids.thing,
        owner: "other",
        rowHidden: canary,
        home: ids.home,
      },
    ],
    ["Label", { thing: ids.thing, tag: 1, weight: 2 }],
    ["Booking", { id: ids.booking, room: canary, during: "[2026-01-01T00:00:00Z,2026-01-02T00:00:00Z)" }],
    ["Vault", { id: ids.vault, owner: "keeper", word: canary }],
  ],
})
