/** Plants words that stand nowhere else through every door that takes something of a person, as a person and those around them would. */
import { randomBytes } from "node:crypto"
import type { TestBackend } from "../../test/support/backend.ts"
import { Person } from "../../test/support/people.ts"
import { practice } from "./people.ts"

const nurse = { id: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["nurse"] }

export interface Planted {
  readonly account: string
  readonly patient: string
  /** Words by their door. */
  readonly words: ReadonlyMap<string, string>
  /** Those that an export must hold: what is kept of the person. */
  readonly kept: readonly string[]
}

/** A person with words in every place. */
export async function plant(backend: TestBackend): Promise<Planted> {
  const words = new Map<string, string>()
  const kept: string[] = []
  const word = (door: string, isKept = true): string => {
    const made = `canary-${door}-${randomBytes(6).toString("hex")}`
    words.set(door, made)
    if (isKept) kept.push(door)
    return made
  }
  const ask = async (method: string, path: string, body?: unknown, headers: object = {}): Promise<any> => {
    const all = { prefer: "return=representation", ...headers }
    return backend.request(nurse, method, path, { body, headers: all })
  }
  const must = async (status: number, ...asked: Parameters<typeof ask>): Promise<any> => {
    const answer = await ask(...asked)
    if (answer.status !== status) throw new Error(`${asked[0]} ${asked[1]}: ${answer.status} ${answer.text}`)
    return answer.json
  }
  const post = (path: string, body: unknown, headers: object = {}): Promise<any> =>
    must(201, "POST", `/rest/${path}`, body, headers)

  const visitor = new Person(backend, `${word("mail")}@example.org`)
  visitor.headers["user-agent"] = word("agent", false)
  await visitor.post("/sign-up/email", {
    email: visitor.email,
    name: word("account"),
    password: "correct horse battery",
  })
  await visitor.signIn()
  const [{ id: account }] = await backend.sql(`select id from accounts."user" where email = $1`, [
    visitor.email,
  ])
  await visitor.post("/sign-in/email", { email: visitor.email, password: word("wrong-password", false) })

  await backend.sql("insert into app.practices (id, name) values ($1, 'North') on conflict do nothing", [
    practice,
  ])
  const row = {
    practice,
    user: account,
    name: word("row"),
    number: word("findable"),
    history: word("encrypted"),
  }
  const [{ id: patient }] = await post("patients", row, { "idempotency-key": "planted" })
  // A repeat is given the answer that was kept.
  await ask("POST", "/rest/patients", row, { "idempotency-key": "planted" })
  const [visit] = await post("visits", { patient, remark: word("child") })
  await post("bills", { visit: visit.id, payer: word("grandchild"), cents: 100 })
  await must(
    200,
    "POST",
    "/rest/visits",
    { id: visit.id, patient, remark: word("upsert") },
    { prefer: "return=representation,resolution=merge-duplicates" },
  )
  await ask(
    "POST",
    "/rest/rpc/file",
    { patient, remark: word("action"), fails: false },
    { "idempotency-key": "filed" },
  )
  await ask("POST", "/rest/rpc/file", { patient, remark: word("failed-action", false), fails: true })
  // What PostgreSQL itself refuses, with a text, a detail or a context that quotes it.
  await ask("POST", "/rest/patients", { practice, name: word("failed-row", false), cents: "tall" })
  await ask("POST", "/rest/visits", { id: visit.id, patient, remark: word("failed-unique", false) })
  await ask("POST", "/rest/bills", { visit: patient, payer: word("failed-reference", false), cents: 1 })
  await ask("GET", `/rest/bills?cents=eq.${word("failed-cast", false)}`)
  await ask("GET", `/rest/patients?id=eq.${word("failed-key", false)}`)
  await ask("POST", "/graphql", {
    query:
      "mutation ($remark: String!, $patient: UUID!) { insertIntoVisitCollection(objects: [{ patientId: $patient, remark: $remark }]) { affectedCount } }",
    variables: { patient, remark: word("graphql-variable") },
  })
  await ask("POST", "/graphql", {
    query: `{ patientCollection(filter: { name: { eq: "${word("graphql-filter", false)}" } }) { edges { node { id } } } }`,
  })
  await ask("GET", `/rest/patients?name=eq.${word("asked", false)}&select=id`)
  await ask("GET", `/rest/patients?number=eq.${word("asked-findable", false)}&select=id`)
  await must(200, "PATCH", `/rest/patients?id=eq.${patient}`, {
    name: word("later"),
    history: word("later-encrypted"),
  })
  await visitor.ask("POST", "/rest/consents", { person: patient, purpose: "news", version: 1 })
  const visitorIs = { id: account }
  const asked = await backend.request(visitorIs, "POST", "/rest/rpc/rename", {
    body: { patient, name: word("approval-input", false) },
  })
  const approval = /[0-9a-f-]{36}/.exec(asked.json?.message ?? "")?.[0]
  await ask("POST", `/rest/rpc/approvals/${approval}/reject`, { reason: words.get("row") })
  await backend.app.sealer?.sealNow()
  // This one waits to be sealed.
  await must(200, "PATCH", `/rest/visits?id=eq.${visit.id}`, { remark: word("waiting") })
  // What was written over since is in the record, and not in a row.
  const over = new Set(["row", "encrypted", "child", "upsert"])
  return { account, patient, words, kept: kept.filter((door) => !over.has(door)) }
}
