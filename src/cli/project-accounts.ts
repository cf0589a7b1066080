/** A project's accounts for commands that manage them: over its database, whether a server runs or not. */
import type { AccountManager } from "../accounts/manage.ts"
import { createPeople } from "../accounts/people.ts"
import { UndercroftError } from "../base/errors.ts"
import { openAccounts } from "../store/accounts-database.ts"
import { buildProject } from "./build-project.ts"
import { loadProject } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"
import { readSecret } from "./serve.ts"

/** Does work with the accounts of a project. Throws UC906 where its definition has none, UC909 where there is no database yet. */
export async function withAccounts<T>(
  option: string | undefined,
  command: string,
  work: (manage: AccountManager) => Promise<T>,
): Promise<T> {
  const project = await loadProject(option)
  const { accounts, name } = project.definition
  if (!accounts)
    throw new UndercroftError("UC906", {
      what: `${name} has no accounts: its definition does not say any.`,
      command,
    })
  const database = await openProjectDatabase(project, buildProject(project))
  const pool = openAccounts(database.accountsUrl)
  try {
    const secret = (await readSecret(project)) ?? ""
    const people = createPeople({
      name,
      settings: accounts,
      secret,
      origins: [],
      // Nothing is mailed from here.
      keepsMail: true,
      tell: () => undefined,
    })
    return await work(people.open(pool, "http://127.0.0.1"))
  } finally {
    await pool.close()
    await database.close()
  }
}
