/** The engine, actions and the check of callers, with what they refuse on record. */
import type { Model } from "../model/model.ts"
import type { Operation } from "../query/operation.ts"
import type { Caller } from "./caller.ts"
import type { Engine } from "./engine.ts"
import type { Refusals, RefusedRequest } from "./refusals.ts"
import type { Step } from "./transact.ts"

/** The engine. */
export function withRefusals(engine: Engine, model: Model, refusals: Refusals): Engine {
  const asked = ({ collection, kind }: Operation, caller: Caller): RefusedRequest => ({
    caller,
    entity: model.byCollection.get(collection),
    verb: kind,
  })
  return {
    ...engine,
    run: (operation, caller) => noting(refusals, asked(operation, caller), engine.run(operation, caller)),
    async stepOf(operation, caller) {
      const request = asked(operation, caller)
      return notingStep(refusals, request, await noting(refusals, request, engine.stepOf(operation, caller)))
    },
    async runTogether(operations, caller) {
      const result = await engine.runTogether(operations, caller)
      if ("error" in result) await refusals.note(result.error, asked(operations[result.failed]!, caller))
      return result
    },
    knows: (caller) => noting(refusals, { caller }, engine.knows(caller)),
  }
}

/** What prepares an action. */
export function withActionRefusals<T extends { readonly name: string; readonly caller: Caller }>(
  prepare: (call: T) => Promise<Step>,
  refusals: Refusals,
): (call: T) => Promise<Step> {
  return async (call) => {
    const request = { caller: call.caller, action: call.name.slice(0, 100) }
    return notingStep(refusals, request, await noting(refusals, request, prepare(call)))
  }
}

/** What tells who calls. */
export function withCallerRefusals<R>(
  authenticate: (request: R) => Caller | Promise<Caller>,
  refusals: Refusals,
): (request: R) => Caller | Promise<Caller> {
  return (request) => {
    try {
      const caller = authenticate(request)
      return caller instanceof Promise ? noting(refusals, { caller: null }, caller) : caller
    } catch (error) {
      return noting(refusals, { caller: null }, Promise.reject(error))
    }
  }
}

function notingStep(refusals: Refusals, request: RefusedRequest, step: Step): Step {
  return { ...step, explain: async (cause) => refusals.note(await step.explain(cause), request) }
}

async function noting<T>(refusals: Refusals, request: RefusedRequest, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw await refusals.note(error, request)
  }
}
