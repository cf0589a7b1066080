/** Writes and reads of encrypted fields at a rate; it knows what every value must be, and what was answered that should not have been. */
import { setTimeout as sleep } from "node:timers/promises"
import { signToken } from "../../src/auth/jwt-sign.ts"

export const secret = "a secret of at least thirty-two bytes"

export interface Traffic {
  /** What was acknowledged: the history by person, and the body by note. */
  readonly histories: Map<string, string>
  readonly bodies: Map<string, string>
  /** Rows that were acknowledged. */
  written: number
  reads: number
  /** What was read or written and failed, or was read and is not what was written. */
  readonly failures: string[]
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: any }>
  stop(): Promise<void>
}

/** Rows in one request. */
const rowsAtOnce = 10

/** `perSecond` rows: nine of ten are new notes, ten in a request, and the rest changes of a person's history. */
export async function startTraffic(url: string, persons: number, perSecond: number): Promise<Traffic> {
  const claims = { sub: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["doctor"] }
  const token = await signToken(claims, { secret, expiresInSeconds: 36_000 })
  const end = new AbortController()
  const traffic: Omit<Traffic, "stop"> = {
    histories: new Map(),
    bodies: new Map(),
    written: 0,
    reads: 0,
    failures: [],
    async ask(method, path, body) {
      const response = await fetch(`${url}/rest/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          prefer: "return=representation",
          ...(body ? { "content-type": "application/json" } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      const text = await response.text()
      return { status: response.status, json: text === "" ? null : JSON.parse(text) }
    },
  }
  const { histories, bodies, failures, ask } = traffic
  for (let at = 0; at < persons; at += 100) {
    const count = Math.min(100, persons - at)
    const made = Array.from({ length: count }, (_, n) => ({
      ward: "a",
      name: `p${at + n}`,
      number: `A${String(at + n).padStart(9, "0")}`,
      history: `history ${at + n}`,
    }))
    const { status, json } = await ask("POST", "people?select=id,history", made)
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(json)}`)
    for (const { id, history } of json) histories.set(id, history)
  }
  const ids = [...histories.keys()]
  const fail = (what: string, { status, json }: { status: number; json: any }): void =>
    void failures.push(`${what}: ${status} ${JSON.stringify(json).slice(0, 200)}`)
  const guarded = async (what: string, work: () => Promise<void>): Promise<void> => {
    await work().catch((cause: Error) => {
      if (!end.signal.aborted) failures.push(`${what}: ${cause.message}`)
    })
  }

  const insert = async (n: number): Promise<void> => {
    const rows = Array.from({ length: rowsAtOnce }, (_, at) => ({
      person: ids[(n * rowsAtOnce + at) % ids.length]!,
      label: "n",
      body: `body ${n} ${at}`,
    }))
    const answer = await ask("POST", "notes?select=id,body", rows)
    if (answer.status !== 201) return fail("insert", answer)
    for (const { id, body } of answer.json) bodies.set(id, body)
    traffic.written += answer.json.length
  }
  // Each person has one writer, so that what was acknowledged last is what must be there.
  const change = async (n: number): Promise<void> => {
    const id = ids[n % ids.length]!
    const history = `history ${n} changed`
    const answer = await ask("PATCH", `people?id=eq.${id}&select=id,history`, { history })
    if (answer.status !== 200 || answer.json[0]?.history !== history) return fail("change", answer)
    histories.set(id, history)
    traffic.written++
  }
  const read = async (n: number): Promise<void> => {
    const from = n % ids.length
    const some = ids.slice(from, from + 10)
    const answer = await ask(
      "GET",
      `people?select=id,history,number,notes(body)&notes.limit=5&id=in.(${some.join(",")})`,
    )
    traffic.reads++
    if (answer.status !== 200) return fail("read", answer)
    const isWhole = answer.json.every(
      (one: any) =>
        one.history?.startsWith("history ") && one.notes.every((it: any) => it.body?.startsWith("body ")),
    )
    if (!isWhole || answer.json.length !== some.length) fail("read", answer)
  }
  /** As often as the rate says, from `begun` on; where the machine is slower, as often as it can. */
  const pace = async (
    what: string,
    timesPerSecond: number,
    work: (n: number) => Promise<void>,
  ): Promise<void> => {
    const begun = performance.now()
    for (let n = 0; !end.signal.aborted; n++) {
      await guarded(what, () => work(n))
      await sleep(Math.max(0, begun + ((n + 1) * 1000) / timesPerSecond - performance.now()))
    }
  }
  const inserts = (perSecond * 0.9) / rowsAtOnce
  const running = [
    ...[0, 1, 2, 3].map((lane) => pace("insert", inserts / 4, (n) => insert(n * 4 + lane))),
    pace("change", perSecond * 0.1, change),
    ...[0, 1].map((lane) => pace("read", 10, (n) => read(n * 20 + lane * 10))),
  ]
  return Object.assign(traffic, {
    async stop() {
      end.abort()
      await Promise.all(running)
    },
  })
}
