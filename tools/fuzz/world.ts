/** A world is a model, its rows and its callers; a seed makes one, and so does a case that was kept. */

import type { CallerView } from "./caller-view.ts"
import { type DeclaredModel, declareModel } from "./declare-model.ts"
import type { DoorName, OperationDescription, Rows, WorldDescription } from "./description.ts"
import { Oracle } from "./oracle.ts"
import { Random } from "./random.ts"
import { randomModel } from "./random-model.ts"
import { randomRead, randomWrite } from "./random-operation.ts"
import { randomCallers, randomRows } from "./random-rows.ts"
import { ValuePool } from "./random-value.ts"
import type { WriteContext } from "./random-write.ts"
import { type ModelShape, shapeOf } from "./shape.ts"

export interface World {
  readonly description: WorldDescription
  readonly declared: DeclaredModel
  readonly shapes: ModelShape
  readonly oracle: Oracle
}

const mostRows = 9
const callerCount = 7

export function describeWorld(seed: string): WorldDescription {
  const random = new Random(seed)
  const model = randomModel(random.branch("model"))
  const pool = new ValuePool(random.branch("model").branch("values"))
  return {
    seed,
    model,
    rows: randomRows(random.branch("rows"), shapeOf(model), pool, mostRows),
    callers: randomCallers(random.branch("callers"), model, pool, callerCount),
  }
}

/** Throws `ModelError` where the description is no model. */
export function openWorld(description: WorldDescription): World {
  const declared = declareModel(description.model)
  const shapes = shapeOf(description.model)
  return { description, declared, shapes, oracle: new Oracle(declared.policies, shapes) }
}

/** Makes operations for a world, one after the other. */
export class OperationSource {
  private readonly world: World
  private readonly random: Random
  private readonly pool: ValuePool
  /** Apart, so that the questions of a seed are the same whichever doors there are. */
  private readonly doors: Random
  private number = 0

  constructor(world: World, random: Random) {
    this.world = world
    this.random = random
    this.doors = new Random(`${world.description.seed}/doors`)
    this.pool = new ValuePool(new Random(world.description.seed).branch("model").branch("values"))
  }

  pickCaller(): number {
    return this.random.below(this.world.description.callers.length)
  }

  /** Two questions of three are asked through REST. */
  pickDoor(): DoorName {
    const at = this.doors.below(12)
    return at < 3 ? "graphql" : at < 4 ? "action" : "rest"
  }

  /** `wild` asks also what the oracle leaves open. */
  next(view: CallerView, isWrite: boolean, wild = false): OperationDescription {
    const context = this.context(view, wild)
    return isWrite ? randomWrite(context) : randomRead(context)
  }

  private context(view: CallerView, wild: boolean): WriteContext {
    const { shapes, oracle } = this.world
    return {
      random: this.random,
      shapes,
      pool: this.pool,
      wild,
      keys: keysOf(shapes, view.rows),
      exists: (entity, field) => view.exists(entity, field),
      seenValues: (entity, field) => view.readable(entity).map(({ seen }) => seen[field] ?? null),
      rows: (entity) => view.rows[entity] ?? [],
      allows: (operation) => oracle.expect(view, operation).affected > 0,
      nextNumber: () => ++this.number,
    }
  }
}

function keysOf(shapes: ModelShape, rows: Rows): ReadonlyMap<string, readonly unknown[]> {
  return new Map(
    [...shapes.values()]
      .filter((one) => one.view === null && one.key.length === 1)
      .map((one) => [one.name, (rows[one.name] ?? []).map((row) => row[one.key[0] as string])]),
  )
}
