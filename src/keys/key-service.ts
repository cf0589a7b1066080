/** One question to a service that holds a key-encryption key: bounded in time, and told of without what was sent. */
import { UndercroftError } from "../base/errors.ts"

const timeoutMs = 10_000

export interface KeyQuestion {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Throws UC544. */
export async function askKeyService(
  service: string,
  address: URL,
  { headers, body }: KeyQuestion,
): Promise<Readonly<Record<string, unknown>>> {
  const refuse = (why: string, cause?: unknown): UndercroftError =>
    new UndercroftError("UC544", { service, why }, { cause })
  let response: Response
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    response = await fetch(address, { method: "POST", headers, body, signal, redirect: "error" })
  } catch (cause) {
    throw refuse("no answer", cause)
  }
  if (!response.ok) throw refuse(`status ${response.status}`)
  try {
    return (await response.json()) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw refuse("its answer is no JSON", cause)
  }
}
