/** Before anything is timed: every contender gives the same rows, does the same writes, and refuses what it must. */
import { isDeepStrictEqual } from "node:util"
import type pg from "pg"
import type { BenchRows } from "./data.ts"
import type { Access, Ask, Question, Sample } from "./question.ts"

export interface CheckedContender {
  readonly name: string
  readonly url: string
  /** How this contender is asked. */
  readonly ask: (sample: Sample) => Ask
  /** What its answer says, in REST's form. */
  readonly read: (answer: unknown) => unknown
}

const samplesEach = 25

/** Throws where a contender's answer differs from the first one's. */
export async function checkSame(
  question: Question,
  access: Access,
  contenders: readonly CheckedContender[],
  rows: BenchRows,
  tokenOf: (user: string) => string,
  admin: pg.Client,
): Promise<void> {
  const prefix = access === "anonymous" ? "open_" : ""
  const effectOf = async (sample: Sample): Promise<unknown> => {
    const effect = question.effect?.(sample, prefix)
    return effect && (await admin.query(effect.text, effect.values)).rows
  }
  const put = async (
    contender: CheckedContender,
    sample: Sample,
  ): Promise<{ status: number; text: string; found: unknown }> => {
    const { method = question.method, path, headers, body } = contender.ask(sample)
    const response = await fetch(contender.url + path, {
      method,
      headers: {
        ...headers,
        ...(access === "anonymous" ? {} : { authorization: `Bearer ${tokenOf(sample.user)}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const found = text === "" ? null : contender.read(JSON.parse(text))
    return { status: response.status, text, found: normalize(found, question.method === "POST") }
  }
  for (let at = 0; at < samplesEach; at++) {
    const sample = question.sample(rows, access)
    let expected: unknown
    for (const contender of contenders) {
      const fail = (what: string): never => {
        throw new Error(
          `${question.name} ${access} ${contender.name}: ${what} (${contender.ask(sample).path})`,
        )
      }
      const before = await effectOf(sample)
      const { status, text, found } = await put(contender, sample)
      if (status !== question.status) fail(`${status} ${text}`)
      expected ??= found
      if (!isDeepStrictEqual(found, expected))
        fail(`${JSON.stringify(found)} is not ${JSON.stringify(expected)}`)
      if (question.effect && isDeepStrictEqual(before, await effectOf(sample))) fail("nothing was written")
    }
  }
  if (access === "anonymous") return
  for (let at = 0; at < samplesEach; at++) {
    const sample = question.forbidden(rows)
    for (const contender of contenders) {
      const before = await effectOf(sample)
      const { status, text, found } = await put(contender, sample)
      const isNothing = status >= 400 ? status < 500 : found === null || isDeepStrictEqual(found, [])
      const isUnchanged = isDeepStrictEqual(before, await effectOf(sample))
      if (!isNothing || !isUnchanged)
        throw new Error(`${question.name} ${contender.name} let a stranger in: ${status} ${text}`)
    }
  }
}

/** What differs in writing alone is made the same: instants, and the new key of an inserted row. */
function normalize(value: unknown, isNew: boolean): unknown {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d/.test(value))
    return new Date(value).toISOString()
  if (Array.isArray(value)) return value.map((one) => normalize(one, isNew))
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).filter(([name]) => !(isNew && name === "id"))
  return Object.fromEntries(entries.map(([name, one]) => [name, normalize(one, isNew)]))
}
