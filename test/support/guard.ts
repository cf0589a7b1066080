/** Takes the counting of guesses out of the way, for tests of what stands behind it. */
import type { TestBackend } from "./backend.ts"

const counter = "accounts.take_attempt(jsonb)"

/** Does work with nothing counted. */
export async function uncounted<T>({ sql }: TestBackend, work: () => Promise<T>): Promise<T> {
  const [{ definition }] = await sql(`select pg_get_functiondef('${counter}'::regprocedure) as definition`)
  await sql(
    `create or replace function accounts.take_attempt(asked jsonb, out wait double precision, out locked text, out taken text[])
      language sql as $$ select 0::double precision, null::text, '{}'::text[] $$`,
  )
  try {
    return await work()
  } finally {
    await sql(definition)
  }
}
