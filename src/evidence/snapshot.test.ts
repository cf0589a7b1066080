/** What changes in a backend's data protection is told in words: fields, rules, declarations and software, each broken on purpose. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { buildBackend } from "../build-backend.ts"
import {
  actor,
  anyone,
  type BackendDefinition,
  defineBackend,
  entity,
  ref,
  text,
  userEntity,
} from "../index.ts"
import type { ProcessingRecord } from "../processing.ts"
import { changeText, findChanges, type Snapshot, takeSnapshot } from "./snapshot.ts"

const processing: ProcessingRecord = {
  controller: { name: "Ann", contact: "ann@example.org" },
  purposes: [{ name: "Care", basis: "Art. 9(2)(h)", entities: ["Patient", "User"], retention: "10 years" }],
  recipients: [],
  transfers: [],
  subprocessors: [],
}

/** A backend; `broken` says what is otherwise in it. */
function backend(
  broken: "field" | "plain" | "class" | "rule" | "hidden" | "entity" | "silent" | null = null,
): BackendDefinition {
  const me = actor({})
  const Patient = entity("Patient", {
    fields: {
      user: ref("User"),
      phone:
        broken === "hidden"
          ? text().personal()
          : text()
              .personal()
              .visibleTo(({ me }) => me.has("nurse")),
      illness: broken === "class" ? text().internal() : text().special(),
      ...(broken === "plain" ? { contact: text().internal().optional() } : {}),
      ...(broken === "field" ? { nickname: text().personal().optional() } : {}),
    },
    subject: "user",
    audit: { reads: broken !== "silent" },
  })
  Patient.access(({ row }) => ({ read: broken === "rule" ? anyone : row.user.is(me.id) }))
  const Diary = entity("Diary", { fields: { user: ref("User"), entry: text().special() }, subject: "user" })
  Diary.access(({ row }) => ({ read: row.user.is(me.id) }))
  return defineBackend({
    name: "care",
    model: [userEntity(), Patient, ...(broken === "entity" ? [Diary] : [])],
    accounts: { password: true, twoFactor: true, requireTwoFactor: true },
    processing,
  })
}

let folder: string
let before: Snapshot
const lock = (packages: object): Promise<void> =>
  writeFile(
    join(folder, "package-lock.json"),
    JSON.stringify({ packages: { "": { name: "care" }, ...packages } }),
  )
const one = { "node_modules/a": { version: "1.0.0" }, "node_modules/dev": { version: "2.0.0", dev: true } }
const take = (definition: BackendDefinition): Promise<Snapshot> =>
  takeSnapshot({ definition, policies: buildBackend(definition), folder })
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "undercroft-snapshot-"))
  await lock(one)
  before = await take(backend())
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const changesTo = async (definition: BackendDefinition): Promise<readonly string[]> =>
  findChanges(before, await take(definition)).map(changeText)

test("what is the same has not changed, also when it was written down and read again", async () => {
  expect(await changesTo(backend())).toEqual([])
  expect(findChanges(JSON.parse(JSON.stringify(before)) as Snapshot, before)).toEqual([])
  expect(Object.keys(before.fields)).toEqual([
    "Patient.illness",
    "Patient.phone",
    "Patient.user",
    "User.email",
    "User.name",
    "User.roles",
  ])
})

test.each<[string, Parameters<typeof backend>[0], RegExp]>([
  [
    "a new personal field",
    "field",
    /^Data: the field Patient\.nickname is new: personal; in the clear; for: Care; /,
  ],
  ["a new field of any class", "plain", /^Data: the field Patient\.contact is new: internal\.$/],
  [
    "a kind of row without a purpose",
    "entity",
    /field Diary\.entry is new: special; in the clear; for no purpose that is declared; kept: not declared\.$/,
  ],
  [
    "a field that is no longer special",
    "class",
    /^Data: the field Patient\.illness has changed\. Before: special; .* Now: internal\.$/,
  ],
  [
    "a rule",
    "rule",
    /^Who may do what: Patient, read has changed\. Before: Patients .*[^.]\. Now: Patients .*everyone.*(?<!\.)\.$/,
  ],
  [
    "that reads are no longer on record",
    "silent",
    /^What is declared: reads of Patient has changed\. Before: on record\. Now: not on record\.$/,
  ],
  ["a field that everybody sees", "hidden", /^Who may do what: Patient\.phone, see is gone; it was: /],
])("%s is told", async (_, broken, says) => {
  const changes = await changesTo(backend(broken))
  expect(changes.filter((change) => says.test(change))).toHaveLength(1)
})

test("so is what is declared", async () => {
  const { accounts } = backend()
  const more = { ...processing, transfers: [{ to: "Elsewhere", safeguard: "clauses" }], purposes: [] }
  expect(
    await changesTo({
      ...backend(),
      accounts: { ...accounts!, requireTwoFactor: ["nurse"] },
      processing: more,
    }),
  ).toEqual(
    expect.arrayContaining([
      "What is declared: second factor required of has changed. Before: everybody. Now: nurse.",
      "What is declared: transfer to Elsewhere is new: clauses.",
      "What is declared: purpose Care is gone; it was: Art. 9(2)(h); Patient, User.",
    ]),
  )
})

test("and so is software that runs, not what is for development alone", async () => {
  await lock({
    ...one,
    "node_modules/a": { version: "1.0.1" },
    "node_modules/b": { version: "3.0.0" },
    "node_modules/dev": { version: "2.1.0", dev: true },
  })
  expect(await changesTo(backend())).toEqual([
    "Software of others: a has changed. Before: 1.0.0. Now: 1.0.1.",
    "Software of others: b is new: 3.0.0.",
  ])
  await lock(one)
})
