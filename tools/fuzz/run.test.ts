/** The runner on imitations: an honest one passes, each bug of a policy compiler is caught, and a failure becomes small. */
import { expect, test } from "vitest"
import { runCampaign, runPlanted } from "./campaign.ts"
import { readOptions } from "./options.ts"
import { OracleTarget } from "./oracle-target.ts"
import { plantedBugs } from "./planted.ts"
import { checkRules } from "./rule-check.ts"
import { honestLoading } from "./session.ts"
import { shrinkCase } from "./shrink.ts"
import { Replayer, runTrial } from "./trial.ts"
import { describeWorld, openWorld } from "./world.ts"

const size = { requests: 150, writeEvery: 3, twins: 2, twinRequests: 10 }

test("an honest target passes", async () => {
  const options = {
    seed: "honest",
    comparisons: 600,
    requests: 150,
    failures: 1,
    attempts: 150,
    onProgress: () => undefined,
  }
  const result = await runCampaign(new OracleTarget(), options)
  expect(result.failures).toEqual([])
  expect(result.comparisons).toBeGreaterThanOrEqual(600)
  expect(result.interferences).toBeGreaterThan(0)
})

test.each(plantedBugs.filter((bug) => bug.layer === "rule").map((bug) => [bug.name, bug] as const))(
  "%s is caught",
  async (_, bug) => {
    const { caught, comparisons } = await runPlanted(new OracleTarget(), bug, "planted", 5000, 200)
    expect(caught).not.toBeNull()
    expect(comparisons).toBeLessThan(5000)
  },
)

test("a failure shrinks to a case that still fails with the bug, and not without it", async () => {
  const bug = plantedBugs.find((one) => one.name === "read-open")
  if (!bug) throw new Error("there is no such bug")
  const world = openWorld(describeWorld("shrink/1"))
  const loading = bug.plant(honestLoading(world))
  const { failure } = await runTrial(new OracleTarget(), world, size, loading ?? undefined)
  if (!failure) throw new Error("the bug was not caught")
  const replayer = new Replayer(new OracleTarget(), bug.plant)
  const small = await shrinkCase(
    failure.kase,
    async (kase) => (await replayer.run(kase).catch(() => null)) !== null,
    600,
  )
  expect(JSON.stringify(small).length).toBeLessThan(JSON.stringify(failure.kase).length / 10)
  expect(small.steps).toHaveLength(1)
  expect(await replayer.run(small)).not.toBeNull()
  expect(await new Replayer(new OracleTarget()).run(small)).toBeNull()
})

test("rules mean to the predicate what their descriptions say", () => {
  for (let at = 0; at < 10; at++) {
    const { rules, failure } = checkRules(openWorld(describeWorld(`rules/${at}`)))
    expect(failure).toBeNull()
    expect(rules).toBeGreaterThan(100)
  }
})

test("there are bugs enough, each with a name of its own", () => {
  expect(plantedBugs.length).toBeGreaterThanOrEqual(20)
  expect(new Set(plantedBugs.map((bug) => bug.name)).size).toBe(plantedBugs.length)
})

test("options have defaults, and counts must be counts", () => {
  expect(readOptions([])).toMatchObject({ comparisons: 50_000, planted: false, keep: true })
  expect(readOptions(["--seed", "x", "--comparisons", "1_000_000", "--no-keep"])).toMatchObject({
    seed: "x",
    comparisons: 1_000_000,
    keep: false,
  })
  expect(readOptions(["--bug", "read-open"])).toMatchObject({ planted: true, comparisons: 5000 })
  expect(() => readOptions(["--comparisons", "many"])).toThrow("--comparisons")
})
