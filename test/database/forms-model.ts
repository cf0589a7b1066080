/** A model with every form of rule: one entity a form, all with the same fields, hidden ones among them. */
import {
  type AnyEntity,
  actor,
  allOf,
  anyOf,
  anyone,
  choice,
  claim,
  date,
  entity,
  instant,
  integer,
  lower,
  many,
  not,
  now,
  ref,
  signedIn,
  text,
  today,
} from "../../src/index.ts"

import type { Row, Who } from "./database.ts"

type Condition = typeof signedIn
type RowRule = (row: any) => Condition

/** Facts about the caller: looked up, looked up through another one, and brought along. */
export const me: any = actor({
  get practices() {
    return Staff.where(({ me: caller, row }: any) => row.user.is(caller.id)).pick("practice")
  },
  get led() {
    return Staff.where(({ me: caller, row }: any) => allOf(row.user.is(caller.id), row.job.is("lead"))).pick(
      "practice",
    )
  },
  get nearby() {
    return Practice.where(({ row }: any) => row.region.in(me.regions)).pick("id")
  },
  get regions() {
    return Practice.where(({ row }: any) => row.id.in(me.practices)).pick("region")
  },
  tenant: claim(text()),
})

export const Practice: any = entity("Practice", {
  fields: {
    name: text({ max: 60 }),
    region: text({ max: 20 }),
    level: integer(),
    get staff() {
      return many(Staff, "practice")
    },
  },
})
Practice.access(({ row }: any) => ({ read: row.staff.some((one: any) => one.user.is(me.id)) }))

export const Staff: any = entity("Staff", {
  collection: "staff",
  fields: { user: text(), practice: ref(Practice), job: choice("lead", "crew") },
})
Staff.access(({ row }: any) => ({ read: row.user.is(me.id), update: row.user.is(me.id) }))

/** The rule of each form. `shares` are the rows of a to-many relation. */
const forms: Readonly<Record<string, RowRule>> = {
  Open: () => anyone,
  Owned: (row) => row.owner.is(me.id),
  Fact: (row) => row.practice.in(me.practices),
  Both: (row) => anyOf(row.owner.is(me.id), row.practice.in(me.practices)),
  Chained: (row) => row.practice.in(me.nearby),
  Related: (row) => row.practice.region.is("north"),
  Correlated: (row) => row.practice.level.atMost(row.level),
  Seen: (row) => row.practice.visible(),
  Unseen: (row) => allOf(signedIn, not(row.practice.visible())),
  Shared: (row) => row.shares.some((share: any) => share.user.is(me.id)),
  Unshared: (row) => row.shares.none((share: any) => share.word.is(row.title)),
  Parent: (row) => anyOf(row.parent.owner.is(me.id), row.parent.parent.practice.in(me.practices)),
  Dated: (row) => allOf(row.day.before(today), row.at.plus("P1M").after(now), row.day.before(row.at)),
  Texts: (row) => anyOf(row.folded.startsWith("ÄR"), row.title.contains("x_1"), row.title.endsWith("9")),
  Folded: (row) => anyOf(row.folded.is(me.tenant), lower(row.title).is("t-é-4")),
  Listed: (row) => anyOf(row.mark.in(["a", "b'\\"]), row.mark.isNull()),
  Role: (row) => anyOf(me.has("auditor"), row.tenant.is(me.tenant)),
  Negated: (row) =>
    allOf(not(row.owner.is(me.id)), not(row.practice.in(me.practices)), not(row.mark.in(["a"]))),
  Shut: (row) => allOf(row.owner.is(me.id), row.level.above(1000)),
  PlainBoth: (row) => anyOf(row.owner.is(me.id), row.practice.in(me.practices)),
  PlainRelated: (row) => row.practice.region.is("north"),
  PlainUnseen: (row) => allOf(signedIn, not(row.practice.visible())),
}

export const Share: any = entity("Share", {
  fields: {
    user: text(),
    word: text(),
    get shared() {
      return ref(formEntities["Shared"] as AnyEntity).optional()
    },
    get unshared() {
      return ref(formEntities["Unshared"] as AnyEntity).optional()
    },
  },
})
Share.access(() => ({}))

/** Forms whose entities hide no field, so that their tables are reached without a field view. */
const plain: ReadonlySet<string> = new Set(["PlainBoth", "PlainRelated", "PlainUnseen"])

function formEntity(name: string, rule: RowRule): AnyEntity {
  const via = name === "Shared" ? "shared" : name === "Unshared" ? "unshared" : null
  const hide = (field: any, rule: (scope: any) => Condition): any =>
    plain.has(name) ? field : field.visibleTo(rule)
  const fields = {
    title: text({ max: 60 }),
    owner: text({ max: 60 }),
    practice: ref(Practice).optional(),
    tenant: text({ max: 20 }).optional(),
    level: integer(),
    day: date(),
    at: instant(),
    mark: text({ max: 20 }).optional(),
    folded: text({ max: 60, caseInsensitive: true }).optional(),
    // For callers with a role; for the row's owner; for who leads its practice; for who may see the practice itself.
    gated: hide(text({ max: 60 }).optional(), () => me.has("keeper")),
    quiet: hide(text({ max: 60 }).optional(), ({ row }) => row.owner.is(me.id)),
    sum: hide(integer().optional(), ({ row }) => row.practice.in(me.led)),
    deep: hide(text({ max: 60 }).optional(), ({ row }) => row.practice.visible()),
    get parent(): any {
      return ref(formEntities[name] as AnyEntity).optional()
    },
    ...(via === null ? {} : { shares: many(Share, via) }),
  }
  const made: any = entity(name, { collection: name.toLowerCase(), fields })
  made.access(({ row }: any) => ({
    read: rule(row),
    create: rule(row),
    update: { from: rule(row), to: anyOf(rule(row), row.level.is(0)) },
    delete: rule(row),
  }))
  return made
}

/** One entity for each form of rule. */
export const formEntities: Readonly<Record<string, AnyEntity>> = {}
for (const [name, rule] of Object.entries(forms)) {
  ;(formEntities as Record<string, AnyEntity>)[name] = formEntity(name, rule)
}

export const formsModel: readonly AnyEntity[] = [Practice, Staff, Share, ...Object.values(formEntities)]

const practices = ["p1", "p2", "p3"].map((_, at) => `00000000-0000-7000-8000-00000000000${at + 1}`)

/** Rows of every entity. Each row's words carry its own mark, so that a trace of it can be found in any answer. */
export function formRows(todayIso: string): Readonly<Record<string, readonly Row[]>> {
  const rows: Record<string, Row[]> = {
    Practice: practices.map((id, at) => ({
      id,
      name: `practice-${at}`,
      region: at < 2 ? "north" : "south",
      level: at * 10,
    })),
    Staff: [
      ["anna", 0, "lead"],
      ["anna", 1, "crew"],
      ["ben", 1, "lead"],
      ["cleo", 2, "crew"],
    ].map(([user, practice, job], at) => ({
      id: `00000000-0000-7000-8000-0000000001${String(at).padStart(2, "0")}`,
      user,
      practice: practices[practice as number],
      job,
    })),
  }
  const day = (offset: number): string =>
    new Date(Date.parse(`${todayIso}T00:00:00Z`) + offset * 86_400_000).toISOString().slice(0, 10)
  const owners = ["anna", "ben", "cleo", "dora"]
  Object.keys(forms).forEach((name, form) => {
    const id = (at: number): string =>
      `00000000-0000-7000-8${String(form).padStart(3, "0")}-${String(at).padStart(12, "0")}`
    rows[name] = Array.from({ length: 24 }, (_, at) => {
      const mark = `${name.toLowerCase()}${String(at).padStart(2, "0")}`
      return {
        id: id(at),
        title: at % 6 === 4 ? "T-É-4" : at % 6 === 5 ? `${mark}x_1` : `title-${mark}z`,
        owner: owners[at % 4],
        practice: at % 5 === 4 ? null : practices[at % 3],
        tenant: at % 3 === 0 ? null : `tenant${at % 3}`,
        level: 3 * (at % 10),
        day: day((at % 9) - 6),
        // Around the midnights of the day before and after, and of a month before.
        at: `${day((at % 9) - 7 + (at % 3) - (at % 4 === 0 ? 30 : 0))}T${String(at).padStart(2, "0")}:30:00.000Z`,
        mark: at % 4 === 0 ? null : at % 4 === 1 ? "a" : at % 4 === 2 ? "b'\\" : "c",
        folded: at % 4 === 0 ? null : at % 4 === 1 ? `är-${mark}` : at % 4 === 2 ? "TENANT1" : `Ärn-${mark}`,
        gated: `gated-${mark}z`,
        quiet: `quiet-${mark}z`,
        sum: 7_000_000 + form * 1000 + at,
        deep: at % 8 === 7 ? null : `deep-${mark}z`,
        parent: at === 0 ? null : id(Math.floor(at / 2)),
      }
    })
  })
  rows["Share"] = ["Shared", "Unshared"].flatMap((name, form) =>
    (rows[name] ?? []).flatMap((row, at) =>
      at % 3 === 2
        ? []
        : [0, 1].map((part) => ({
            id: `00000000-0000-7000-9${String(form).padStart(3, "0")}-${String(at * 2 + part).padStart(12, "0")}`,
            user: owners[(at + part) % 4],
            word: part === 0 && at % 2 === 0 ? row["title"] : `word-${at}`,
            shared: form === 0 ? row["id"] : null,
            unshared: form === 1 ? row["id"] : null,
          })),
    ),
  )
  return rows
}

export const formCallers: readonly Who[] = [
  { id: null, roles: [], claims: {} },
  { id: "anna", roles: ["keeper"], claims: { tenant: "tenant1" } },
  { id: "ben", roles: [], claims: { tenant: "Tenant1" } },
  { id: "cleo", roles: ["auditor"], claims: {} },
  { id: "dora", roles: ["keeper", "auditor"], claims: { tenant: "tenant2" } },
]
