/** Who asks, from where and what for, for as long as a request of accounts is answered: the record of events tells it. */
import { AsyncLocalStorage } from "node:async_hooks"
import { currentCircumstances } from "../store/circumstances.ts"

export interface RequestContext {
  /** The user who is signed in; an administrator while they act as somebody else. */
  readonly actor?: string
  readonly session?: string
  readonly address: string
  readonly userAgent?: string
  /** Such as `POST /sign-in/email`. */
  readonly route: string
}

const storage = new AsyncLocalStorage<{ readonly request: RequestContext; readonly text: string }>()

/** Does work for a request. */
export function withRequest<T>(request: RequestContext, work: () => Promise<T>): Promise<T> {
  return storage.run(
    { request, text: JSON.stringify({ ...request, request: currentCircumstances().request }) },
    work,
  )
}

/** The request in whose service this runs, as JSON; empty outside of one. */
export function currentRequest(): string {
  return storage.getStore()?.text ?? ""
}

/** What is asked for, such as `POST /sign-out`. */
export function currentRoute(): string | undefined {
  return storage.getStore()?.request.route
}

/** Who is signed in, in whose service this runs. */
export function currentActor(): string | undefined {
  return storage.getStore()?.request.actor
}
