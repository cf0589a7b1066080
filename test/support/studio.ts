/** A small model with every kind of relation, for tests of the API: a film studio whose crews see their own projects. */
import {
  actor,
  anyOf,
  anyone,
  bigint,
  boolean,
  choice,
  concat,
  date,
  decimal,
  defineBackend,
  email,
  entity,
  generated,
  instant,
  integer,
  json,
  list,
  many,
  money,
  point,
  range,
  ref,
  text,
  time,
  view,
} from "../../src/index.ts"

export const Studio = entity("Studio", {
  key: "code",
  fields: {
    code: text({ max: 8 }).immutable(),
    name: text({ max: 60 }),
    get films() {
      return many(Film, "studio")
    },
  },
})
Studio.access(() => ({ read: anyone }))

export const Person = entity("Person", {
  collection: "people",
  subject: "id",
  fields: {
    first: text({ max: 40 }).internal(),
    last: text({ max: 40 }).internal(),
    fullName: generated(text().internal(), ({ row }) => concat(row.first, " ", row.last)),
    user: text().internal().optional(),
    email: email()
      .personal()
      .optional()
      .visibleTo(({ me }) => me.has("agent")),
    fee: money("EUR")
      .optional()
      .visibleTo(({ row, me }) => anyOf(row.user.is(me.id), me.has("producer"))),
    get mentor() {
      return ref(Person).optional()
    },
    get pupils() {
      return many(Person, "mentor")
    },
  },
})
Person.access(({ me }) => ({ read: anyone, update: me.has("agent") }))

export const Member = entity("Member", {
  key: ["studio", "person"],
  fields: { studio: ref(Studio), person: ref(Person), role: choice("lead", "crew").default("crew") },
})
Member.access(({ row, me: caller }) => ({
  read: row.studio.in(me.studios),
  create: caller.has("producer"),
  delete: caller.has("producer"),
}))

export const me = actor({
  get studios() {
    return Member.where(({ row, me }) => row.person.user.is(me.id)).pick("studio")
  },
})

export const Film = entity("Film", {
  unique: [["studio", "title"]],
  fields: {
    studio: ref(Studio).immutable(),
    title: text({ min: 1, max: 80 }),
    director: ref(Person).optional(),
    released: date().optional(),
    length: integer({ min: 0 }).default(90),
    rating: decimal({ precision: 3, scale: 1 }).optional(),
    budget: money("EUR").optional(),
    views: bigint().default(0),
    isPublic: boolean().default(false),
    tags: list(text({ max: 20 }), { max: 10 }).default([]),
    facts: json().optional(),
    shooting: range(instant()).optional(),
    place: point().internal().optional(),
    call: time().optional(),
    state: choice("draft", "final").default("draft"),
    get actors() {
      return many(Role, "film")
    },
  },
})
Film.access(({ row }) => ({
  read: anyOf(row.isPublic.is(true), row.studio.in(me.studios)),
  create: row.studio.in(me.studios),
  update: { from: row.studio.in(me.studios), step: row.views.atLeast(0) },
  delete: anyOf(row.director.user.is(me.id)),
}))

export const Role = entity("Role", {
  key: ["film", "person"],
  fields: { film: ref(Film).onDelete("cascade"), person: ref(Person), name: text() },
})
Role.access(({ row }) => ({ read: row.film.visible(), create: row.film.studio.in(me.studios) }))

export const Booking = entity("Booking", {
  reveals: true,
  exclude: [{ same: ["person"], overlapping: "during" }],
  fields: { person: ref(Person), during: range(instant()) },
})
Booking.access(({ row, me: caller }) => ({ read: row.person.user.is(caller.id), create: caller.signedIn }))

export const PublicFilm = view("PublicFilm", Film, {
  key: "id",
  where: ({ row }) => row.isPublic.is(true),
  fields: { id: "id", title: "title", studio: "studio", directorName: (row) => row.director.fullName },
})

const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
export const ids: {
  readonly ada: string
  readonly bo: string
  readonly cy: string
  readonly alpha: string
  readonly beta: string
  readonly gamma: string
} = {
  ada: id(1),
  bo: id(2),
  cy: id(3),
  alpha: id(11),
  beta: id(12),
  gamma: id(13),
}

/** Two studios, three people, three films: Alpha is public, Beta is Amber's own, Gamma is Blue's own. */
export const studioBackend = defineBackend({
  name: "studio",
  model: [Studio, Person, Member, Film, Role, Booking, PublicFilm],
  seed: function* () {
    yield ["Studio", { code: "amber", name: "Amber" }]
    yield ["Studio", { code: "blue", name: "Blue" }]
    yield [
      "Person",
      { id: ids.ada, first: "Ada", last: "Ash", user: "ada", email: "ada@example.org", fee: 100 },
    ]
    yield [
      "Person",
      {
        id: ids.bo,
        first: "Bo",
        last: "Birch",
        user: "bo",
        email: "bo@example.org",
        fee: 200,
        mentor: ids.ada,
      },
    ]
    yield ["Person", { id: ids.cy, first: "Cy", last: "Cedar", user: "cy", fee: 300, mentor: ids.ada }]
    yield ["Member", { studio: "amber", person: ids.ada, role: "lead" }]
    yield ["Member", { studio: "blue", person: ids.bo, role: "lead" }]
    yield [
      "Film",
      {
        id: ids.alpha,
        studio: "amber",
        title: "Alpha",
        isPublic: true,
        director: ids.ada,
        released: "2020-02-29",
        rating: "7.5",
        budget: "9007199254740993",
        tags: ["a", "b c"],
        facts: { camera: { make: "X" } },
        place: { latitude: 52.5, longitude: 13.4 },
      },
    ]
    yield ["Film", { id: ids.beta, studio: "amber", title: "Beta", director: ids.bo, length: 120 }]
    yield ["Film", { id: ids.gamma, studio: "blue", title: "Gamma", director: ids.bo }]
    yield ["Role", { film: ids.alpha, person: ids.cy, name: "Hero" }]
    yield ["Role", { film: ids.beta, person: ids.ada, name: "Cameo" }]
    yield ["Role", { film: ids.gamma, person: ids.cy, name: "Ghost" }]
  },
})
