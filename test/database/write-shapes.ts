/** Shapes of writes, hostile ones among them, and what each must leave behind. */
import type { EntityPolicy } from "../../src/policy/policies.ts"
import type { Row, View } from "./database.ts"

/** What a shape works on: the table's rows, and the eyes of the caller. */
export interface WriteCase {
  readonly policy: EntityPolicy
  readonly view: View
  /** All rows, whoever may see them. */
  readonly rows: readonly Row[]
  /** Rows as the caller sees them. */
  readonly seen: readonly Row[]
  /** What the API writes to, and how it names a field there. */
  readonly r: string
  readonly column: (name: string) => string
}

/** The rows afterwards, or `refused`. */
export type After = readonly Row[] | "refused"

export interface WriteShape {
  readonly name: string
  readonly sql: (of: WriteCase) => string | readonly string[]
  readonly after: (of: WriteCase) => After
  readonly inTransaction?: true
  /** Since this major version of PostgreSQL. */
  readonly since?: number
}

interface Update {
  readonly rows: readonly Row[]
  readonly set: (row: Row) => Row
  /** Whether the statement reads the table, so that what it leaves must be readable too. */
  readonly reads: boolean
}

/** All or nothing, as a statement is. */
function update(of: WriteCase, { rows, set, reads }: Update): After {
  const { policy, view } = of
  const changed = new Map<unknown, Row>()
  for (const old of rows) {
    const row: Row = { ...old, ...set(old), version: (old["version"] ?? 1) + 1 }
    const isSettable = policy.entity.fields.every(
      (field) =>
        row[field.name] === old[field.name] ||
        !policy.fields.get(field.name)?.writableBy ||
        (view.shows(field, old) && view.shows(field, row)),
    )
    if (!isSettable || !view.allows(policy.updateTo, row) || (reads && !view.allows(policy.read, row)))
      return "refused"
    changed.set(old["id"], row)
  }
  return of.rows.map((row) => changed.get(row["id"]) ?? row)
}

function remove(of: WriteCase, rows: readonly Row[]): After {
  const gone = new Set(rows.map((row) => row["id"]))
  const left = of.rows.filter((row) => !gone.has(row["id"]))
  const { policy, view } = of
  const isReferredTo = [...policy.entity.relations.values()]
    .filter((one) => one.many)
    .some((one) => view.world.rowsOf(one.to).some((row) => gone.has(row[one.field.name])))
  return isReferredTo || left.some((row) => gone.has(row["parent"])) ? "refused" : left
}

function insert(of: WriteCase, rows: readonly Row[]): After {
  const { policy, view } = of
  const fits = rows.every(
    (row) =>
      view.allows(policy.create, row) &&
      policy.entity.fields.every(
        (field) =>
          (row[field.name] ?? null) === null ||
          !policy.fields.get(field.name)?.writableBy ||
          view.shows(field, row),
      ) &&
      policy.entity.fields.every(
        (field) =>
          !field.reference ||
          (row[field.name] ?? null) === null ||
          view.sees(field.reference.entity, row[field.name]),
      ),
  )
  return fits ? [...of.rows, ...rows.map((row) => ({ ...row, version: 1 }))] : "refused"
}

const changeable = ({ rows, view, policy }: WriteCase): readonly Row[] =>
  rows.filter((row) => view.allows(policy.updateFrom, row))
const removable = ({ rows, view, policy }: WriteCase): readonly Row[] =>
  rows.filter((row) => view.allows(policy.delete, row))
const seenOf = ({ seen }: WriteCase, row: Row): Row => seen.find((one) => one["id"] === row["id"])!
/** A row that the caller can't see, and one that is seen. */
const invisible = ({ rows, seen }: WriteCase): Row | undefined =>
  rows.find((row) => !seen.some((one) => one["id"] === row["id"]))
const visible = ({ rows, seen }: WriteCase): Row | undefined =>
  rows.find((row) => seen.some((one) => one["id"] === row["id"]))
const literal = (value: unknown): string =>
  value === null || value === undefined ? "null" : `'${String(value).replaceAll("'", "''")}'`
const plainFields = ["id", "title", "owner", "practice", "tenant", "level", "day", "at", "mark", "folded"]
const hiddenFields = ["gated", "quiet", "sum", "deep"]

function insertSql(of: WriteCase, row: Row, fields: readonly string[]): string {
  return `insert into ${of.r} as t (${fields.map(of.column).join(", ")}) values (${fields.map((name) => literal(row[name])).join(", ")})`
}

/** A new row like another one. */
function copyOf(row: Row | undefined, id: string): Row {
  return {
    parent: null,
    gated: null,
    quiet: null,
    sum: null,
    deep: null,
    ...(row && Object.fromEntries(plainFields.map((name) => [name, row[name]]))),
    id,
  }
}

const newId = "00000000-0000-7000-8fff-00000000000"
const merged = (row: Row | undefined): string => `(values ('${row?.["id"] ?? `${newId}9`}'::uuid)) v (id)`

const updates: readonly WriteShape[] = [
  {
    name: "update all",
    sql: (of) => `update ${of.r} set tenant = 'zz'`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ tenant: "zz" }), reads: false }),
  },
  {
    name: "update where",
    sql: (of) => `update ${of.r} set tenant = 'zz' where level >= 0`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ tenant: "zz" }), reads: true }),
  },
  {
    name: "update into the way out",
    sql: (of) => `update ${of.r} set level = 0`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ level: 0 }), reads: false }),
  },
  {
    name: "update where, into the way out",
    sql: (of) => `update ${of.r} set level = 0 where title <> ''`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ level: 0 }), reads: true }),
  },
  {
    name: "update out of sight",
    sql: (of) => `update ${of.r} set owner = 'dora', practice = null`,
    after: (of) =>
      update(of, { rows: changeable(of), set: () => ({ owner: "dora", practice: null }), reads: false }),
  },
  {
    name: "update out of sight and level",
    sql: (of) => `update ${of.r} set owner = 'nobody', level = 0`,
    after: (of) =>
      update(of, { rows: changeable(of), set: () => ({ owner: "nobody", level: 0 }), reads: false }),
  },
  {
    name: "update from a join",
    sql: (of) => `update ${of.r} a set tenant = 'zz' from ${of.r} b where b.id = a.parent`,
    after: (of) =>
      update(of, {
        rows: changeable(of).filter((row) => of.seen.some((one) => one["id"] === row["parent"])),
        set: () => ({ tenant: "zz" }),
        reads: true,
      }),
  },
  {
    name: "update by a hidden field",
    sql: (of) => `update ${of.r} set tenant = 'zz' where gated is not null`,
    after: (of) =>
      update(of, {
        rows: changeable(of).filter((row) => seenOf(of, row)["gated"] !== null),
        set: () => ({ tenant: "zz" }),
        reads: true,
      }),
  },
  {
    name: "update with a hidden field",
    sql: (of) => `update ${of.r} set tenant = left(coalesce(quiet, 'none'), 4) where true`,
    after: (of) =>
      update(of, {
        rows: changeable(of),
        set: (row) => ({ tenant: seenOf(of, row)["quiet"] === null ? "none" : "quie" }),
        reads: true,
      }),
  },
  ...hiddenFields.map(
    (name): WriteShape => ({
      name: `update ${name}`,
      sql: (of) => `update ${of.r} set ${of.column(name)} = ${name === "sum" ? "1" : "'zz'"}`,
      after: (of) =>
        update(of, {
          rows: changeable(of),
          set: () => ({ [name]: name === "sum" ? 1 : "zz" }),
          reads: false,
        }),
    }),
  ),
  {
    name: "update a hidden field where it is seen",
    sql: (of) => `update ${of.r} set ${of.column("quiet")} = null where quiet is not null`,
    after: (of) =>
      update(of, {
        rows: changeable(of).filter((row) => seenOf(of, row)["quiet"] !== null),
        set: () => ({ quiet: null }),
        reads: true,
      }),
  },
  {
    name: "update an owner and what the owner sees",
    sql: (of) => `update ${of.r} set owner = 'anna', ${of.column("quiet")} = 'zz'`,
    after: (of) =>
      update(of, { rows: changeable(of), set: () => ({ owner: "anna", quiet: "zz" }), reads: false }),
  },
  {
    name: "update in an expression",
    sql: (of) => `with x as (update ${of.r} set tenant = 'zz' returning id, gated) select count(*) from x`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ tenant: "zz" }), reads: true }),
  },
  {
    name: "update told before and after",
    since: 18,
    sql: (of) =>
      `update ${of.r} set tenant = 'zz' returning old.quiet, new.gated, old.sum, new.deep, old.title`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ tenant: "zz" }), reads: true }),
  },
  {
    name: "update a stranger by key",
    sql: (of) =>
      `update ${of.r} set tenant = 'zz' where id = '${invisible(of)?.["id"] ?? `${newId}9`}' returning id`,
    after: (of) => of.rows,
  },
  {
    name: "update at a cursor",
    inTransaction: true,
    sql: (of) => [
      `declare c cursor for select id from ${of.r} order by id for update`,
      "fetch next from c",
      `update ${of.r} set tenant = 'zz' where id = '${visible(of)?.["id"] ?? `${newId}9`}'`,
    ],
    after: (of) =>
      update(of, {
        rows: changeable(of).filter((row) => row["id"] === visible(of)?.["id"]),
        set: () => ({ tenant: "zz" }),
        reads: true,
      }),
  },
  {
    name: "update by a leaking condition",
    sql: (of) => `update ${of.r} set tenant = 'zz' where title::integer > 0`,
    after: (of) => (of.seen.length > 0 ? "refused" : of.rows),
  },
  { name: "update counted columns", sql: (of) => `update ${of.r} set version = 1`, after: () => "refused" },
  {
    name: "update when it was made",
    sql: (of) => `update ${of.r} set created_at = now()`,
    after: () => "refused",
  },
  { name: "update the key", sql: (of) => `update ${of.r} set id = '${newId}0'`, after: () => "refused" },
]

const deletes: readonly WriteShape[] = [
  { name: "delete all", sql: (of) => `delete from ${of.r}`, after: (of) => remove(of, removable(of)) },
  {
    name: "delete where",
    sql: (of) => `delete from ${of.r} where level >= 0`,
    after: (of) => remove(of, removable(of)),
  },
  {
    name: "delete leaves",
    sql: (of) => `delete from ${of.r} where title like '%1_z' or title like '%2_z'`,
    after: (of) =>
      remove(
        of,
        removable(of).filter((row) => /[12].z$/.test(row["title"])),
      ),
  },
  {
    name: "delete by a hidden field",
    sql: (of) => `delete from ${of.r} where sum > 6999999 returning id, quiet`,
    after: (of) =>
      remove(
        of,
        removable(of).filter((row) => seenOf(of, row)["sum"] !== null),
      ),
  },
  {
    name: "delete using",
    sql: (of) => `delete from ${of.r} a using ${of.r} b where b.id = a.parent and a.level > 20`,
    after: (of) =>
      remove(
        of,
        removable(of).filter(
          (row) => row["level"] > 20 && of.seen.some((one) => one["id"] === row["parent"]),
        ),
      ),
  },
  {
    name: "delete a stranger by key",
    sql: (of) => `delete from ${of.r} where id = '${invisible(of)?.["id"] ?? `${newId}9`}' returning id`,
    after: (of) => of.rows,
  },
  { name: "truncate", sql: (of) => `truncate ${of.r.replace("fields", "app")}`, after: () => "refused" },
]

const inserts: readonly WriteShape[] = [
  ...["anna", "ben", "dora"].flatMap((owner) =>
    [null, 0, 2].map(
      (at): WriteShape => ({
        name: `insert for ${owner} at ${at ?? "no practice"}`,
        sql: (of) =>
          insertSql(
            of,
            {
              ...copyOf(of.rows[1], `${newId}1`),
              owner,
              practice: at === null ? null : of.rows[at]!["practice"],
            },
            plainFields,
          ),
        after: (of) =>
          insert(of, [
            {
              ...copyOf(of.rows[1], `${newId}1`),
              owner,
              practice: at === null ? null : of.rows[at]!["practice"],
            },
          ]),
      }),
    ),
  ),
  ...hiddenFields.map((name): WriteShape => {
    const row = (of: WriteCase): Row => ({
      ...copyOf(visible(of) ?? of.rows[0], `${newId}2`),
      practice: null,
      [name]: name === "sum" ? 3 : "mine",
    })
    return {
      name: `insert with ${name}`,
      sql: (of) => insertSql(of, row(of), [...plainFields, name]),
      after: (of) => insert(of, [row(of)]),
    }
  }),
  {
    name: "insert what is selected",
    sql: (of) =>
      `insert into ${of.r} (id, title, owner, level, day, at, practice, mark, folded, tenant) select ('${newId.slice(0, 24)}' || right(id::text, 12))::uuid, title, owner, level, day, at, null, mark, folded, tenant from ${of.r} on conflict do nothing`,
    after: (of) =>
      insert(
        of,
        of.seen.map((row) => ({
          ...copyOf(row, `${newId.slice(0, 24)}${row["id"].slice(-12)}`),
          practice: null,
        })),
      ),
  },
  {
    name: "insert a forged past",
    sql: (of) =>
      `insert into ${of.r} (title, owner, level, day, at, created_at) values ('a', 'anna', 1, now(), now(), '2000-01-01')`,
    after: () => "refused",
  },
  {
    name: "insert a forged version",
    sql: (of) =>
      `insert into ${of.r} (title, owner, level, day, at, version) values ('a', 'anna', 1, now(), now(), 7)`,
    after: () => "refused",
  },
  {
    name: "insert over a stranger, or nothing",
    sql: (of) =>
      `${insertSql(of, copyOf(visible(of) ?? of.rows[0], invisible(of)?.["id"] ?? `${newId}3`), plainFields)} on conflict (id) do nothing`,
    after: (of) => {
      const made = insert(of, [copyOf(visible(of) ?? of.rows[0], invisible(of)?.["id"] ?? `${newId}3`)])
      return made === "refused" || invisible(of) === undefined ? made : of.rows
    },
  },
  {
    name: "insert over a stranger, or update",
    sql: (of) =>
      `${insertSql(of, copyOf(visible(of) ?? of.rows[0], invisible(of)?.["id"] ?? `${newId}4`), plainFields)} on conflict (id) do update set tenant = 'zz'`,
    after: (of) => (invisible(of) ? "refused" : insert(of, [copyOf(visible(of) ?? of.rows[0], `${newId}4`)])),
  },
  {
    name: "insert over one's own, or update",
    sql: (of) =>
      `${insertSql(of, copyOf(visible(of) ?? of.rows[0], visible(of)?.["id"] ?? `${newId}5`), plainFields)} on conflict (id) do update set tenant = left(excluded.title, 9)`,
    after: (of) => {
      const row = visible(of)
      const made = insert(of, [copyOf(row ?? of.rows[0], row?.["id"] ?? `${newId}5`)])
      return row === undefined || made === "refused"
        ? made
        : update(of, { rows: [row], set: () => ({ tenant: row["title"].slice(0, 9) }), reads: true })
    },
  },
  {
    name: "insert, and read what is hidden of the conflicting row",
    sql: (of) =>
      `${insertSql(of, copyOf(visible(of) ?? of.rows[0], visible(of)?.["id"] ?? `${newId}6`), plainFields)} on conflict (id) do update set tenant = excluded.owner where t.quiet is null returning gated`,
    after: (of) => {
      const row = visible(of)
      const made = insert(of, [copyOf(row ?? of.rows[0], row?.["id"] ?? `${newId}6`)])
      if (row === undefined || made === "refused") return made
      return seenOf(of, row)["quiet"] === null
        ? update(of, { rows: [row], set: () => ({ tenant: row["owner"] }), reads: true })
        : of.rows
    },
  },
]

const merges: readonly WriteShape[] = [
  {
    name: "merge an update",
    since: 17,
    sql: (of) =>
      `merge into ${of.r} t using ${of.r} s on s.id = t.id when matched then update set tenant = 'zz'`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ tenant: "zz" }), reads: true }),
  },
  {
    name: "merge over a stranger",
    since: 17,
    sql: (of) =>
      `merge into ${of.r} t using ${merged(invisible(of))} on t.id = v.id when matched then update set tenant = 'zz' when not matched then do nothing`,
    after: (of) => of.rows,
  },
  {
    name: "merge a deletion",
    since: 17,
    sql: (of) =>
      `merge into ${of.r} t using ${of.r} s on s.id = t.id and s.level > 20 when matched then delete`,
    after: (of) =>
      remove(
        of,
        removable(of).filter((row) => row["level"] > 20),
      ),
  },
  {
    name: "merge what the source lacks",
    since: 17,
    sql: (of) =>
      `merge into ${of.r} t using ${merged(undefined)} on t.id = v.id when not matched by source and t.level > 20 then delete`,
    after: (of) =>
      remove(
        of,
        removable(of).filter((row) => row["level"] > 20),
      ),
  },
  {
    name: "merge, told",
    since: 18,
    sql: (of) =>
      `merge into ${of.r} t using ${of.r} s on s.id = t.id when matched then update set tenant = 'zz' returning merge_action(), old.quiet, new.sum, s.deep`,
    after: (of) => update(of, { rows: changeable(of), set: () => ({ tenant: "zz" }), reads: true }),
  },
]

const throughWritingColumns: readonly WriteShape[] = [
  "returning",
  "where",
  "set",
  "excluded",
  "conflict",
].map((part) => ({
  name: `the writing column in ${part}`,
  sql: (of) => {
    if (of.column("gated") === "gated") return "select 1 / 0"
    switch (part) {
      case "returning":
        return `update ${of.r} set tenant = 'zz' returning "gated$write"`
      case "where":
        return `update ${of.r} set tenant = 'zz' where "quiet$write" = 'x'`
      case "set":
        return `update ${of.r} set tenant = "deep$write"`
      case "excluded":
        return `${insertSql(of, copyOf(of.rows[0], of.rows[0]!["id"]), plainFields)} on conflict (id) do update set tenant = excluded."gated$write"`
      default:
        return `${insertSql(of, copyOf(of.rows[0], of.rows[0]!["id"]), plainFields)} on conflict ("sum$write") do nothing`
    }
  },
  after: () => "refused",
}))

export const writeShapes: readonly WriteShape[] = [
  ...updates,
  ...deletes,
  ...inserts,
  ...merges,
  ...throughWritingColumns,
]
