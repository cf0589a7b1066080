/** That a statement which reads and leaves no entry is refused: the canary of the check that each compiled statement passes. */
import { expect, test } from "vitest"
import { Named, Note, Person, Research, Sheet, Stay } from "../../test/support/ward-backend.ts"
import { buildModel } from "../model/build.ts"
import type { EntityInfo } from "../model/model.ts"
import { buildPolicies } from "../policy/policies.ts"
import { relationOf } from "./machinery.ts"
import { checkRecorded, type RecordedRelation, recordedRelations } from "./unrecorded.ts"

const entity = { name: "Card" } as EntityInfo
const relations: readonly RecordedRelation[] = [
  { entity, relation: '"app"."cards"', records: 'undercroft."recorded_cards"(' },
]

test.each<readonly [string, string]>([
  ["a read", 'select row_to_json(r) from "app"."cards" t1'],
  [
    "an embed",
    'select 1 from "app"."others" t1 left join lateral (select 1 from "app"."cards" t2) e on true',
  ],
  ["a count", 'select count(*) from "app"."cards"'],
  [
    "another entity's entry",
    `select 1 from "app"."cards" t1 where undercroft."recorded_others"('{}', '{}', '{}', null, null)`,
  ],
])("TR-03161-3 Arch_11: what reads and leaves no entry is no statement: %s", (_, text) => {
  expect(() => checkRecorded(text, relations)).toThrow("a statement reads Card and leaves no entry")
})

test.each<readonly [string, string, EntityInfo | null]>([
  ["it leaves one", `select 1 from "app"."cards" t where undercroft."recorded_cards"(null)`, null],
  ["it writes its rows", 'insert into "app"."cards" (n) values (1)', entity],
  ["it reads others", 'select 1 from "app"."cards_kept" t1 join "app"."decks" d on true', null],
  ["another schema", 'select 1 from "app"."cards"', null],
])("what may be sent: %s", (name, text, written) => {
  const kept = name === "another schema" ? [{ ...relations[0]!, relation: '"fields"."cards"' }] : relations
  expect(() => checkRecorded(text, kept, written)).not.toThrow()
})

test("tables, field views and views whose rows are on record are found as the compiler names them", () => {
  const policies = buildPolicies(buildModel([Person, Stay, Note, Research, Sheet, Named]))
  const found = [...policies.of.values()].filter((policy) => {
    try {
      checkRecorded(`select 1 from ${relationOf(policy)} t1`, recordedRelations(policies))
      return false
    } catch {
      return true
    }
  })
  expect(found.map(({ entity: { name } }) => name)).toEqual(["Person", "Note", "Research", "Named"])
})
