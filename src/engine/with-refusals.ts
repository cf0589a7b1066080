/** The engine and the check of callers, with what they refuse on record. */
import type { UndercroftError } from "../base/errors.ts"
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

interface Deciding<A extends unknown[], T> {
  list(caller: Caller): Promise<unknown>
  decide(caller: Caller, ...what: A): Promise<T>
}

/** What shows and decides calls that wait for approval: that there is none for the caller is a refusal, too. */
export function withApprovalRefusals<A extends unknown[], T>(
  approvals: Deciding<A, T>,
  refusals: Refusals,
): Deciding<A, T> {
  return {
    list: (caller) => noting(refusals, { caller, verb: "list" }, approvals.list(caller)),
    async decide(caller, ...what) {
      try {
        return await approvals.decide(caller, ...what)
      } catch (error) {
        // Of whoever would decide what is their own the database tells.
        const isTold = (error as Partial<UndercroftError>).code === "UC384"
        const isDenied = ["UC385", "UC386"].includes(String((error as Partial<UndercroftError>).code))
        throw isTold ? error : await refusals.note(error, { caller, verb: "decide", isDenied })
      }
    },
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

/** A step whose errors are noted. */
export function notingStep(refusals: Refusals, request: RefusedRequest, step: Step): Step {
  return { ...step, explain: async (cause) => refusals.note(await step.explain(cause), request) }
}

/** Work whose errors are noted. */
export async function noting<T>(refusals: Refusals, request: RefusedRequest, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw await refusals.note(error, request)
  }
}
