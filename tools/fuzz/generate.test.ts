/** Generators: the same seed gives the same world, models build, rows obey, and every request is in the grammar. */
import { expect, test } from "vitest"
import { defaultGrammarLimits, parseQuery } from "../../src/rest/parse-query.ts"
import { repairRows } from "./constraints.ts"
import { Random } from "./random.ts"
import { toRequest } from "./rest-request.ts"
import { entityOf } from "./shape.ts"
import { describeWorld, OperationSource, openWorld, type World } from "./world.ts"

const worlds: readonly World[] = Array.from({ length: 12 }, (_, at) => openWorld(describeWorld(`test/${at}`)))

test("a seed makes one world", () => {
  expect(describeWorld("test/3")).toEqual(worlds[3]?.description)
  expect(describeWorld("test/4")).not.toEqual(worlds[3]?.description)
})

test("a world survives being written down", () => {
  for (const { description } of worlds) expect(JSON.parse(JSON.stringify(description))).toEqual(description)
})

test("models have at least ten entities, and what the issue names is among them", () => {
  for (const { description } of worlds) expect(description.model.entities.length).toBeGreaterThanOrEqual(10)
  const all = worlds.flatMap(({ description }) => description.model.entities)
  const refers = (one: (typeof all)[number], target: string): boolean =>
    one.fields.some(({ kind }) => kind.type === "ref" && kind.target === target)
  expect(all.some((one) => (one.key?.length ?? 1) > 1)).toBe(true)
  expect(all.some((one) => refers(one, one.name))).toBe(true)
  expect(all.some((one) => one.fields.some((field) => field.visibleTo))).toBe(true)
  expect(all.some((one) => one.access.updateParts?.step)).toBe(true)
  const text = JSON.stringify(worlds.map(({ description }) => description.model))
  for (const word of [
    "some",
    "none",
    "visible",
    "fact",
    "claim",
    "clock",
    "shift",
    "startsWith",
    "isNull",
    "not",
  ])
    expect(text).toContain(`"${word}"`)
})

test("rows obey their constraints", () => {
  for (const { description, shapes } of worlds)
    expect(repairRows(shapes, description.rows)).toEqual(description.rows)
})

test("callers see some rows and not others", () => {
  let [seen, all] = [0, 0]
  for (const { description, oracle, shapes } of worlds) {
    for (const caller of description.callers) {
      const view = oracle.view(description.rows, caller)
      for (const shape of shapes.values()) {
        seen += view.readable(shape.name).length
        all += description.rows[shape.view?.from ?? shape.name]?.length ?? 0
      }
    }
  }
  expect(seen / all).toBeGreaterThan(0.2)
  expect(seen / all).toBeLessThan(0.8)
})

test("requests are in the grammar, and enough of them give or change something", () => {
  let [fruitful, count] = [0, 0]
  for (const world of worlds) {
    const source = new OperationSource(world, new Random("requests"))
    for (let at = 0; at < 80; at++) {
      const caller = world.description.callers[source.pickCaller()]
      if (!caller) continue
      const view = world.oracle.view(world.description.rows, caller)
      const operation = source.next(view, at % 3 === 0)
      const { url } = toRequest(operation, entityOf(world.shapes, operation.entity).collection)
      parseQuery(url.split("?")[1] ?? "", defaultGrammarLimits)
      const { answer, affected } = world.oracle.expect(view, operation)
      count++
      if (affected > 0 || (Array.isArray(answer?.body) && answer.body.length > 0)) fruitful++
    }
  }
  expect(fruitful / count).toBeGreaterThan(0.3)
})
