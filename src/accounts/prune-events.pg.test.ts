/** The record of accounts is kept for as long as the definition says, and not longer. */
import { expect, test } from "vitest"
import { createDatabase, runSql } from "../../test/support/backend.ts"
import { startApp } from "../app.ts"
import { defineBackend, entity, text } from "../index.ts"
import { loginUrl } from "../store/api-login.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({}))

const start = (databaseUrl: string, keepDays?: number) =>
  startApp(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: { password: true, ...(keepDays === undefined ? {} : { events: { keepDays } }) },
    }),
    {
      host: "127.0.0.1",
      port: 0,
      directory: "",
      databaseUrl,
      secret: "a secret of at least thirty-two bytes",
    },
  )

test("TR-03161-3 Data_7: events go when their time is over, by batches, and whoever has the accounts' role can't hasten it", async () => {
  const { url, drop } = await createDatabase()
  const ages = async (): Promise<readonly number[]> =>
    (
      await runSql(
        url,
        "select extract(day from now() - at)::int as days, count(*)::int as count from accounts.event group by 1 order by 1",
      )
    ).flatMap(({ days, count }) => [days, count])
  try {
    await (await start(url)).stop()
    // More than two batches of what is too old by default, and some that is not.
    await runSql(
      url,
      `insert into accounts.event (kind, at) select 'signed-in', now() - make_interval(days => d, hours => 1)
        from unnest(array[400, 366, 364, 40, 0]) d, generate_series(1, case when d = 400 then 2500 else 2 end)`,
    )
    const app = await start(url)
    await expect.poll(ages).toEqual([0, 2, 40, 2, 364, 2])
    await app.stop()
    const other = await start(url, 30)
    await expect.poll(ages).toEqual([0, 2])
    await other.stop()
    const { pathname } = new URL(url)
    const own = loginUrl(url, pathname.slice(1), `${pathname.slice(1)}_accounts`)
    await runSql(own, "select accounts.prune_events(1000)")
    expect(await ages()).toEqual([0, 2])
    await expect(runSql(own, "delete from accounts.event")).rejects.toThrow(/permission denied/)
    await expect(
      runSql(
        own,
        "create or replace function accounts.prune_events(most integer) returns integer language sql as 'select 1'",
      ),
    ).rejects.toThrow(/permission denied/)
  } finally {
    await drop()
  }
})

test.each([0, -1, 1.5, Number.NaN, 40_000])(
  "%s days are refused before anything starts",
  async (keepDays) => {
    await expect(start("postgres://nobody@127.0.0.1:1/none", keepDays)).rejects.toMatchObject({
      code: "UC916",
    })
  },
)
