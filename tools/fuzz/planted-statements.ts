/** Planted bugs of the DDL: each edits the statements that make policies, views, functions and grants. */

export interface StatementBug {
  readonly name: string
  readonly about: string
  /** The statement as the bug has it; null leaves it out. */
  readonly edit: (statement: string) => string | null
}

/** Edits the statements that begin so. */
function within(
  name: string,
  about: string,
  start: RegExp,
  edit: (statement: string) => string | null,
): StatementBug {
  return { name, about, edit: (statement) => (start.test(statement) ? edit(statement) : statement) }
}

const readPolicy = /^create policy read on /
const updatePolicy = /^create policy update on /
const fieldView = /^create view "fields"\./
const guard = /^create function \S+"guard_/

export const statementBugs: readonly StatementBug[] = [
  within("index-shown", "by its index a hidden encrypted value can be found", fieldView, (sql) =>
    sql.replaceAll(/ then ("[^"]+\$index") end as \1/g, " then $1 else $1 end as $1"),
  ),
  within(
    "force-missing",
    "row-level security is not forced on the owner",
    /force row level security$/,
    () => null,
  ),
  within("enable-missing", "row-level security is not enabled", /enable row level security$/, () => null),
  within("read-policy-missing", "no policy lets read", readPolicy, () => null),
  within("read-using-true", "the policy for reading lets everything through", readPolicy, (sql) =>
    sql.replace(/ using \([\s\S]*$/, " using (true)"),
  ),
  within(
    "create-check-true",
    "the policy for creating checks nothing",
    /^create policy "create" on /,
    (sql) => sql.replace(/ with check \([\s\S]*$/, " with check (true)"),
  ),
  within("update-check-true", "the row after an update is not checked", updatePolicy, (sql) =>
    sql.replace(/ with check \([\s\S]*$/, " with check (true)"),
  ),
  within("update-using-true", "the row before an update is not checked", updatePolicy, (sql) =>
    sql.replace(/ using \([\s\S]*?\) with check \(/, " using (true) with check ("),
  ),
  within(
    "delete-using-true",
    "the policy for deleting lets everything through",
    /^create policy delete on /,
    (sql) => sql.replace(/ using \([\s\S]*$/, " using (true)"),
  ),
  within(
    "internal-for-all",
    "the policy of the internal role holds for every role",
    /^create policy internal on /,
    (sql) => sql.replace(/ to "[^"]+"/, " to public"),
  ),
  within("field-view-raw", "a field view shows the column itself", fieldView, (sql) =>
    sql.replace(/case when [\s\S]*? then ("[^"]+") end as \1/g, "$1"),
  ),
  within(
    "field-view-owner",
    "a field view runs as a role that reads all rows",
    /^alter view "fields"\.\S+ owner to /,
    (sql) => sql.replace(/_fields"$/, '_internal"'),
  ),
  within("invoker-missing", "a view runs as its owner and not as its caller", /^create view "app"\./, (sql) =>
    sql.replace(" with (security_invoker = true)", ""),
  ),
  within("grant-past-view", "the table behind a field view may be read", /^revoke all on "app"\./, (sql) =>
    sql.replace(/^revoke all on ("app"\.\S+) from public, ("[^"]+"), .*$/, "grant select on $1 to $2"),
  ),
  within(
    "sees-everything",
    "a reference to a row that the caller can't see is let in",
    /^create function \S+"sees_/,
    (sql) => sql.replace(/ = \$1 and [\s\S]*\); end \$undercroft\$$/, " = $1); end $undercroft$"),
  ),
  within("gate-open", "a hidden field exists for everyone", /^create function \S+"gate_/, (sql) =>
    sql.replace(/begin return [\s\S]*; end \$undercroft\$$/, "begin return true; end $undercroft$"),
  ),
  within("guard-step-missing", "the step of an update is not checked", guard, (sql) =>
    sql.replace(
      /if not coalesce\((?:(?!then raise)[\s\S])*then raise exception using errcode = '42501'[^;]*constraint = 'step'[^;]*; end if;/g,
      "",
    ),
  ),
  within(
    "guard-missing",
    "what a policy can't see is not checked at all",
    /^create trigger undercroft_guard /,
    () => null,
  ),
  within(
    "definer-missing",
    "functions of policies run as the caller, and so find nothing",
    /^create function \S+"(set|test|fact)_/,
    (sql) => sql.replace(" security definer", ""),
  ),
  within("me-unsealed", "the caller's seal is not looked at", /^create function undercroft\.enter\(/, (sql) =>
    sql.replace(/ and seal = [^;]*;/, ";"),
  ),
]
