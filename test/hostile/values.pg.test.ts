/** Values of every kind in every place that takes one: accepted and read back the same, or refused with the field's name. */
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { type Answer, ask, errorOf, expectNothingWrong, judge } from "./ask.ts"
import { hostileBackend, keeper, Thing } from "./hostile-model.ts"
import { filterTexts, jsonValues, operators } from "./values.ts"

const timeout = 120_000
/** Of the filters' values, so many for each field and operator; all of them take minutes. */
const sample = Number(process.env.HOSTILE_SAMPLE ?? 6)

const fields = Object.keys(Thing.readFields()).filter((name) => name !== "children" && name !== "labels")
const written = fields.filter((name) => name !== "both")
const steady = new Set(["steady"])

let backend: TestBackend
let authorization: string
const errors: unknown[] = []
beforeAll(async () => {
  backend = await startTestBackend(hostileBackend, { onError: (error) => errors.push(error) })
  authorization = `Bearer ${await backend.tokenOf(keeper)}`
})
afterAll(async () => {
  expect(errors).toEqual([])
  expect((await send("GET", "/rest/things?limit=1")).status).toBe(200)
  await backend?.stop()
})

function send(method: string, path: string, body?: string): Promise<Answer> {
  return ask(backend.url, { method, path, body, headers: { authorization, prefer: "return=representation" } })
}

/** Refusals that PostgreSQL gave: what the process accepted, PostgreSQL must take. */
const fromDatabase: ReadonlySet<string> = new Set(["UC312", "UC315", "UC321"])

/** Writes a value, reads it, writes what was read. */
async function checkValue(field: string, json: string): Promise<readonly string[]> {
  const where = `${field} = ${json.slice(0, 80)}: `
  const body = field === "title" ? `{"title":${json}}` : `{"title":"x","${field}":${json}}`
  const created = await send("POST", `/rest/things?select=id,${field}`, body)
  const wrongs = judge(created, body)
  if (created.status !== 201)
    return [...wrongs, ...judgeRefusal(created, field)].map((wrong) => where + wrong)
  const [row] = JSON.parse(created.text) as [Record<string, unknown>]
  if (row[field] === null && json !== "null") return [`${where}read as null`]
  if (steady.has(field)) return []
  const again = JSON.stringify(row[field])
  const updated = await send("PATCH", `/rest/things?id=eq.${row.id}&select=${field}`, `{"${field}":${again}}`)
  const same =
    updated.status === 200 &&
    JSON.stringify(JSON.parse(updated.text)) === JSON.stringify([{ [field]: row[field] }])
  return same ? [] : [`${where}read as ${again}, which gives ${updated.status} ${updated.text.slice(0, 150)}`]
}

function judgeRefusal(answer: Answer, field: string): readonly string[] {
  const { code, message } = errorOf(answer)
  const wrongs: string[] = []
  if (!message.includes(`things.${field}`)) wrongs.push(`does not name the field: ${code} ${message}`)
  if (fromDatabase.has(code)) wrongs.push(`only PostgreSQL refused it: ${code}`)
  return wrongs
}

test("bodies: every kind, every value", { timeout }, async () => {
  await expectNothingWrong(
    written.flatMap((field) => jsonValues.map((json) => () => checkValue(field, json))),
  )
})

test("bodies: random values", { timeout }, async () => {
  const edge = fc.constantFrom(...jsonValues)
  const number = fc.double().map((value) => (Number.isFinite(value) ? String(value) : "1e999"))
  const digits = fc
    .tuple(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.nat(25))
    .map(([value, scale]) => insertPoint(String(value), scale))
  const moment = fc.date({ noInvalidDate: true }).map((value) => value.toISOString())
  const quoted = fc.oneof(
    digits,
    moment,
    moment.map((text) => text.slice(0, 10)),
    fc.uuid(),
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
  )
  const value = fc.oneof(
    edge,
    number,
    digits,
    quoted.map((text) => JSON.stringify(text)),
    fc.json({ maxDepth: 4 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...written), value, async (field, json) => {
      expect(await checkValue(field, json)).toEqual([])
    }),
    { numRuns: 3000, seed: 7 },
  )
})

function insertPoint(digits: string, scale: number): string {
  const sign = digits.startsWith("-") ? "-" : ""
  const padded = digits.replace("-", "").padStart(scale + 1, "0")
  return scale === 0 ? `${sign}${padded}` : `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

/** Codes whose cause is a value, and so a field's. */
function isAboutValue(code: string): boolean {
  return code.startsWith("22") || ["23514", "23502", "UC312", "UC322", "42883"].includes(code)
}

async function checkFilter(parameter: string, name: string): Promise<readonly string[]> {
  const answer = await send("GET", `/rest/things?select=id&limit=5&${parameter}`)
  const wrongs = [...judge(answer, parameter)]
  if (answer.status >= 300) {
    const { code, message } = errorOf(answer)
    if (isAboutValue(code) && !message.includes(name))
      wrongs.push(`does not name the field: ${code} ${message}`)
  }
  return wrongs.map((wrong) => `${parameter.slice(0, 100)}: ${wrong}`)
}

function operandOf(operator: string, text: string): string {
  if (operator.endsWith("in")) return `${operator}.(${JSON.stringify(text)},${text})`
  return operator.includes("(a") ? `${operator}.{${JSON.stringify(text)}}` : `${operator}.${text}`
}

test("filters: every kind, every operator, many values", { timeout }, async () => {
  let turn = 0
  const jobs = fields.flatMap((field) =>
    operators.flatMap((operator) =>
      Array.from({ length: sample }, () => {
        // Steps through all values, so that each meets many fields and operators.
        turn = (turn + 37) % filterTexts.length
        const operand = encodeURIComponent(operandOf(operator, filterTexts[turn]!))
        return () => checkFilter(`${field}=${operand}`, field)
      }),
    ),
  )
  await expectNothingWrong(jobs)
})

test("filters on JSON: every step, every operator, many values", { timeout }, async () => {
  const paths = [
    "doc->word",
    "doc->>word",
    "doc->list->0",
    "doc->list->>-1",
    "doc->deep->er",
    "doc->-2147483648",
    "doc->a->>b",
  ]
  const jobs = paths.flatMap((path) =>
    operators.flatMap((operator) =>
      filterTexts
        .filter((_, at) => at % 15 === operator.length)
        .map((text) => {
          const operand = encodeURIComponent(operandOf(operator, text))
          return () => checkFilter(`${encodeURIComponent(path)}=${operand}`, "doc")
        }),
    ),
  )
  await expectNothingWrong(jobs)
})

test("filters in logic, on embeds, on writes", { timeout }, async () => {
  const jobs = filterTexts.flatMap((text) => {
    const quoted = encodeURIComponent(JSON.stringify(text))
    const plain = encodeURIComponent(text)
    return [
      () => checkFilter(`or=(moment.gt.${quoted},title.eq.${quoted})`, "moment"),
      () => checkFilter(`and=(whole.in.(${quoted},1),not.or(day.is.null,big.lt.${quoted}))`, "things."),
      () => checkFilter(`select=home(id)&home.id=eq.${plain}`, "home"),
      async () => judge(await send("PATCH", `/rest/things?exact=eq.${plain}`, `{"plain":"x"}`), text),
      async () => judge(await send("DELETE", `/rest/labels?weight=eq.${plain}&tag=gt.${plain}`), text),
    ]
  })
  await expectNothingWrong(jobs)
})

test("a filter never rounds what it is given", async () => {
  await send("POST", "/rest/things", `{"title":"rounding","exact":"1.01"}`)
  const found = async (filter: string): Promise<number> =>
    JSON.parse((await send("GET", `/rest/things?title=eq.rounding&${filter}`)).text).length
  expect(await found("exact=eq.1.01")).toBe(1)
  expect(await found("exact=eq.1.012")).toBe(0)
  expect(await found("exact=lt.1.012")).toBe(1)
  expect(await found("exact=gt.1.008")).toBe(1)
  expect(await found("exact=in.(1.0101,1.012)")).toBe(0)
})

test.each([
  ["span32", "[9,10)", "[10,9)"],
  ["span64", "[9,10)", "[10,9)"],
  ["spanDec", "[9,10)", "[10,9)"],
])("%s orders its ends as numbers", async (field, good, bad) => {
  expect((await send("GET", `/rest/things?${field}=ov.${good}`)).status).toBe(200)
  expect(errorOf(await send("GET", `/rest/things?${field}=ov.${bad}`)).message).toBe(
    `things.${field} must not end before it starts`,
  )
})

test("groups by what has no equality in JSON", async () => {
  for (const field of ["price", "big", "whiles", "span32", "texts", "bigs", "doc"]) {
    expect([field, (await send("GET", `/rest/things?select=${field},count()`)).status]).toEqual([field, 200])
  }
})
