/** The door `undercroft/client`: a backend's collections and actions as typed calls, in browsers and in Node. */
import type { BackendType, Client } from "./client-types.ts"
import { createCollection } from "./collection.ts"
import { type ClientOptions, createSend, type Send } from "./send.ts"
import { isName } from "./write-value.ts"

export {
  type AnswerCode,
  type Attempt,
  attempt,
  type CallCode,
  ClientError,
  type ErrorCode,
} from "./client-error.ts"
export type { Client } from "./client-types.ts"
export type { ClientOptions } from "./send.ts"

/**
 * Makes a client. All of its types come from the backend's: `createClient<typeof backend>`, where `backend` is
 * imported as a type, so that nothing of the server is bundled.
 *
 * @example
 * createClient({ url: "http://127.0.0.1:4000" })
 */
export function createClient<B extends BackendType>(options: ClientOptions): Client<B> {
  const send = createSend(options)
  const actions = byName((name) => callOf(name, send))
  return byName((name) =>
    name === "actions" ? actions : createCollection(`/rest/${name}`, send),
  ) as Client<B>
}

function callOf(name: string, send: Send): object {
  return (input: unknown, options: { signal?: AbortSignal; idempotencyKey?: string } = {}) =>
    send({ method: "POST", path: `/rest/rpc/${name}`, body: input ?? {}, ...options })
}

/** An object that has every name, and makes what stands there when it is first asked for. */
function byName(make: (name: string) => object): object {
  const made = new Map<string, object>()
  return new Proxy(Object.freeze({}), {
    get(_, name) {
      // Not a promise: whoever awaits a client gets the client.
      if (typeof name === "symbol" || name === "then" || !isName(name)) return undefined
      const found = made.get(name) ?? make(name)
      made.set(name, found)
      return found
    },
  })
}
