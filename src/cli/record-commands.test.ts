/** The lines that the start screen shows to change the record, and to see that it is noticed. */
import { join } from "node:path"
import { expect, test } from "vitest"
import { programName, recordCommands } from "./record-commands.ts"

const root = join(process.cwd(), "our clinic")
const place = { root, directory: join(root, ".undercroft"), program: "npx undercroft" }

test("with an embedded database they name its socket and the file of its password, never the password", () => {
  const embeddedUrl = `postgresql://postgres:s3cret@${encodeURIComponent("/tmp/our socket")}/postgres`
  const lines = recordCommands({ ...place, embeddedUrl }).map(({ line }) => line)
  expect(lines).toEqual([
    "npx undercroft audit verify --project 'our clinic'",
    `PGPASSWORD=$(cat 'our clinic/.undercroft/postgres.password') psql -h '/tmp/our socket' -U postgres -c "update audit.entry set result = 'Done' where position = 3"; npx undercroft audit verify --project 'our clinic'`,
  ])
})

test("with one's own PostgreSQL they name the variable, and in the project's folder no folder", () => {
  const [, change] = recordCommands({ ...place, root: process.cwd(), embeddedUrl: null })
  expect(change?.line).toMatch(/^psql "\$DATABASE_URL" -c .*; npx undercroft audit verify$/)
})

test("the repository's own start has the command by npm", () => {
  expect(programName({ npm_package_name: "undercroft" })).toBe("npm run -s undercroft --")
  expect(programName({})).toBe("npx undercroft")
})
