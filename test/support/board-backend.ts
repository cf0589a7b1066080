/** A backend of posts with a hook that refuses and completes, and with actions that write them in every way. */
import { sql } from "kysely"
import {
  action,
  actor,
  anyOf,
  beforeWrite,
  bigint,
  choice,
  defineBackend,
  entity,
  fail,
  instant,
  integer,
  json,
  list,
  nobody,
  ref,
  signedIn,
  text,
} from "undercroft"
import { z } from "zod"

export const me = actor({})

export const Board = entity("Board", {
  fields: { name: text(), member: text(), posts: integer().default(0) },
})
Board.access(({ row }) => ({ read: row.member.is(me.id), update: row.member.is(me.id) }))

export const Post = entity("Post", {
  fields: {
    board: ref(Board),
    title: text({ max: 20 }),
    slug: text().unique().reveals().optional(),
    state: choice("draft", "published", "closed").default("draft"),
    views: integer().default(0),
    total: bigint().optional(),
    tags: list(text()).optional(),
    extra: json().optional(),
    at: instant().optional(),
    author: text()
      .immutable()
      .writableBy(() => nobody),
    editor: text()
      .optional()
      .writableBy(() => nobody),
    note: text()
      .optional()
      .visibleTo(({ me }) => me.has("auditor")),
  },
})
Post.access(({ row }) => {
  const own = row.board.member.is(me.id)
  return { read: own, create: own, update: own, delete: own }
})

/** Neither tracked nor to be updated, and without a hook. */
export const Trail = entity("Trail", { tracked: false, fields: { who: text(), what: text() } })
Trail.access(({ row }) => ({ read: row.who.is(me.id), create: row.who.is(me.id) }))

/** May be deleted, and not updated; its hook writes another entity that has one. */
export const Flag = entity("Flag", {
  tracked: false,
  fields: { post: ref(Post).onDelete("cascade"), why: text() },
})
Flag.access(({ row }) => ({
  read: row.post.visible(),
  create: row.post.visible(),
  delete: anyOf(row.post.visible()),
}))

/** What the tests hold a hook up with, and what they see of it. */
export const probe: { seen: unknown[]; meet: (() => Promise<void>) | null } = { seen: [], meet: null }

const postHook = beforeWrite(Post, {
  uses: [Board, Trail, Post],
  async run({ kind, row, before, changes, db, me, now, log }) {
    probe.seen.push(kind === "insert" ? { kind, row } : { kind, before, changes })
    const title = row?.title ?? changes?.title ?? before?.title ?? ""
    await db
      .insertInto("trails")
      .values({ who: me.id ?? "nobody", what: `${kind} ${title}` })
      .execute()
    await probe.meet?.()
    if (title === "refused") fail("UC702", { why: "not this title" })
    if (title === "boom") throw new TypeError("a secret of the server")
    if (title === "database") await sql`select 1 / 0, 'a secret of the database'`.execute(db)
    if (title === "another's") await db.insertInto("trails").values({ who: "bob", what: "x" }).execute()
    if (title === "blind") {
      const boards = await db.selectFrom("boards").select("name").execute()
      log.info("sees", { boards: boards.map((one) => one.name), at: now.toISOString() })
    }
    if (title === "again") await db.updateTable("posts").set({ views: 1 }).execute()
    if (title === "nothing") return { changes: { nothing: 1 } as object }
    if (title === "generated") return { changes: { version: 7 } as object }
    if (title === "too long") return { changes: { title: "x".repeat(21) } }
    if (kind === "delete") {
      if (before.state === "published") fail("UC702", { why: "it is published" })
      return
    }
    if (kind === "update") {
      if (before.state === "closed") fail("UC702", { why: "it is closed" })
      if (changes.views === 100) return
      // The editor of some of the rows of a write alone.
      return {
        changes: {
          ...(before.views === 50 ? {} : { editor: me.id ?? null }),
          ...(title === "stamp" ? { author: "x" } : {}),
        },
      }
    }
    const author = title === "forged" ? {} : { author: me.id ?? "nobody" }
    return { changes: { ...author, title: title.trim(), ...(title === "plain" ? {} : { note: "seen" }) } }
  },
})

const flagHook = beforeWrite(Flag, {
  uses: [Post, Flag],
  async run({ kind, before, row, db }) {
    probe.seen.push({ kind, why: row?.why ?? before?.why })
    if (before?.why === "kept") fail("UC702", { why: "this one stays" })
    if (row?.why === "turn")
      await db
        .updateTable("posts")
        .set({ title: "turned" })
        .where("id", "=", row.post ?? "")
        .execute()
  },
})

const uses = [Board, Post, Flag, Trail] as const
const anything = { input: z.looseObject({}), output: z.unknown(), access: () => signedIn, uses }

export const boardBackend = defineBackend({
  name: "board",
  model: [Board, Post, Trail, Flag],
  hooks: [postHook, flagHook],
  limits: { writtenRows: 20, actionTimeoutMs: 4000 },
  actions: {
    post: action({
      ...anything,
      input: z.object({ rows: z.array(z.any()) }),
      run: ({ input, db }) => db.insertInto("posts").values(input.rows).returningAll().execute(),
    }),
    change: action({
      ...anything,
      input: z.object({ title: z.string(), set: z.any() }),
      async run({ input, db }) {
        const done = await db
          .updateTable("posts as p")
          .set(input.set)
          .where("p.title", "=", input.title)
          .returning(["p.title", "p.editor", "p.views as seen"])
          .execute()
        return done
      },
    }),
    reckon: action({
      ...anything,
      async run({ db }) {
        const { numUpdatedRows } = await db
          .updateTable("posts")
          .set(({ eb }) => ({ views: eb("views", "+", 3), title: eb.fn<string>("upper", ["title"]) }))
          .executeTakeFirst()
        return Number(numUpdatedRows)
      },
    }),
    remove: action({
      ...anything,
      input: z.object({ title: z.string() }),
      async run({ input, db }) {
        const { numDeletedRows } = await db
          .deleteFrom("posts")
          .where("title", "=", input.title)
          .executeTakeFirst()
        return Number(numDeletedRows)
      },
    }),
    unflag: action({
      ...anything,
      run: ({ db }) => db.deleteFrom("flags").returning("why").execute(),
    }),
    around: action({
      ...anything,
      input: z.object({ how: z.string(), board: z.string() }),
      async run({ input: { how, board }, db }) {
        const one = { board, title: how, author: "x" }
        if (how === "raw") await sql`update fields.posts set views = 1`.execute(db)
        if (how === "raw view") await sql`delete from fields.posts`.execute(db)
        if (how === "with")
          await db
            .with("x", (inner) => inner.insertInto("posts").values(one).returning("id"))
            .selectFrom("x")
            .selectAll()
            .execute()
        if (how === "select")
          await db
            .insertInto("posts")
            .columns(["board", "title", "author"])
            .expression((eb) => eb.selectFrom("posts").select(["board", "title", "author"]))
            .execute()
        if (how === "conflict")
          await db
            .insertInto("posts")
            .values(one)
            .onConflict((on) => on.column("id").doUpdateSet({ title: "x" }))
            .execute()
        if (how === "from")
          await db
            .updateTable("posts")
            .from("boards")
            .set({ title: "x" })
            .whereRef("boards.id", "=", "posts.board")
            .execute()
        if (how === "merge")
          await db
            .mergeInto("posts")
            .using("boards", "boards.id", "posts.board")
            .whenMatched()
            .thenUpdateSet({ title: "x" })
            .execute()
        if (how === "expression")
          await db
            .insertInto("posts")
            .values({ ...one, title: sql<string>`lower('X')` })
            .execute()
        if (how === "permit")
          await sql`select set_config('undercroft.permit', repeat('0', 64) || 'permit posts', true)`.execute(
            db,
          )
        if (how === "permit") await sql`update fields.posts set views = 1`.execute(db)
        if (how === "permit call")
          await sql`select undercroft.permit('permit posts', repeat('0', 64))`.execute(db)
        return null
      },
    }),
  },
})
