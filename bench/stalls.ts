/** Does bad input hold up the event loop? `node --conditions=undercroft-source bench/stalls.ts` tells, and fails past 100 ms. */
import { startEmbedded } from "../src/store/embedded.ts"
import { type Answer, ask, judge, type Request } from "../test/hostile/ask.ts"
import { bodies } from "../test/hostile/bodies.ts"
import { ids } from "../test/hostile/hostile-model.ts"
import { filterTexts, jsonValues, operators } from "../test/hostile/values.ts"
import { startServerProcess, tokenFor } from "../test/support/server-process.ts"
import { readOptions } from "../tools/tool-options.ts"

const { most: mostMs } = readOptions("Does bad input hold up the event loop? Fails past the longest stall.", {
  most: [100, "the longest stall in milliseconds"],
})

const postgres = await startEmbedded({ directory: "", ephemeral: true })
const server = await startServerProcess(
  new URL("../test/hostile/hostile-model.ts", import.meta.url).href,
  "hostileBackend",
  {
    databaseUrl: postgres.url,
    seed: true,
  },
)
const authorization = `Bearer ${await tokenFor({ sub: "keeper", roles: ["keeper"] })}`
let failures = 0

/** Sends requests, so many at a time, and tells the longest stall. */
async function measure(name: string, requests: readonly Request[], together = 8): Promise<void> {
  await server.state()
  const statuses = new Map<number, number>()
  const wrongs: string[] = []
  const started = performance.now()
  let at = 0
  const work = async (): Promise<void> => {
    for (let one = requests[at++]; one; one = requests[at++]) {
      const answer: Answer = await ask(server.url, { ...one, headers: { authorization, ...one.headers } })
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      wrongs.push(...judge(answer, `${one.path}${one.body ?? ""}`))
    }
  }
  await Promise.all(Array.from({ length: together }, work))
  const seconds = (performance.now() - started) / 1000
  const { busyMs, stallMs, memoryMb, errors } = await server.state()
  if (busyMs > mostMs || wrongs.length > 0 || errors.length > 0) failures++
  const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`)
  const took = `${String(requests.length).padStart(6)} in ${seconds.toFixed(1).padStart(5)} s`
  const turn = `longest turn ${busyMs.toFixed(1).padStart(6)} ms of CPU, ${stallMs.toFixed(1).padStart(6)} ms`
  console.log(`${name.padEnd(44)} ${took}  ${turn}  ${memoryMb} MB  ${counts.join(", ")}`)
  for (const wrong of [...wrongs, ...errors].slice(0, 5)) console.log(`  ${wrong}`)
}

const get = (search: string): Request => ({ path: `/rest/things?select=id&limit=5&${search}` })
const post = (body: string | Buffer, prefer = ""): Request => ({
  method: "POST",
  path: "/rest/things?select=id",
  body,
  headers: { prefer },
})
const fields = [
  "title",
  "whole",
  "big",
  "exact",
  "moment",
  "span",
  "mark",
  "doc",
  "texts",
  "whiles",
  "span32",
]

try {
  await measure(
    "warm up",
    Array.from({ length: 3000 }, (_, at) => get(`whole=eq.${at}`)),
  )
  await measure(
    "values in bodies",
    fields.flatMap((field) => jsonValues.map((json) => post(`{"title":"x","${field}":${json}}`))),
  )
  await measure(
    "values in filters",
    fields.flatMap((field) =>
      operators.flatMap((operator) =>
        filterTexts
          .filter((_, at) => at % 9 === 0)
          .map((text) => get(`${field}=${encodeURIComponent(`${operator}.${text}`)}`)),
      ),
    ),
  )
  await measure(
    "1,000 rows read",
    Array.from({ length: 200 }, () => ({ path: "/rest/things?limit=1000" })),
  )
  for (const [name, body] of bodies.filter(([, one]) => one.length > 50_000)) {
    await measure(
      `body: ${name}`.slice(0, 44),
      Array.from({ length: 6 }, () => post(body)),
      1,
    )
  }
  const rows = (count: number, fill: object): string =>
    JSON.stringify(Array.from({ length: count }, (_, at) => ({ title: `row ${at}`, ...fill })))
  const full = {
    plain: "x".repeat(60),
    whole: 7,
    big: "123",
    exact: "12.50",
    day: "2026-02-28",
    moment: "2026-02-28T08:30:00Z",
    span: "PT45M",
    mark: ids.home,
    texts: ["a", "b"],
    doc: { a: 1 },
  }
  await measure(
    "5,000 rows of two fields",
    Array.from({ length: 6 }, () => post(rows(5000, { plain: "x".repeat(300) }))),
    1,
  )
  await measure(
    "5,000 rows of eleven fields",
    Array.from({ length: 6 }, () => post(rows(5000, full))),
    1,
  )
  await measure(
    "5,000 rows, given back",
    Array.from({ length: 6 }, () => post(rows(5000, full), "return=representation")),
    1,
  )
  await measure(
    "500 conditions, each time other ones",
    Array.from({ length: 200 }, (_, at) =>
      get(
        Array.from({ length: 400 }, (__, n) => `title=${["eq", "neq", "gt", "lt"][(n * at) % 4]}.${n}`).join(
          "&",
        ),
      ),
    ),
  )
  await measure(
    "500 aliases, each time other ones",
    Array.from({ length: 200 }, (_, at) => ({
      path: `/rest/things?limit=1&select=${Array.from({ length: 500 }, (__, n) => `a${at}_${n}:id`).join()}`,
    })),
  )
  await measure(
    "list of 2,000, 2,000 times",
    Array.from({ length: 2000 }, () => get(`big=in.(${Array.from({ length: 2000 }, (_, at) => at).join()})`)),
  )
  await measure(
    "regular expressions",
    [
      "(a{1,99}){1,99}",
      "^((((a{1,9}){1,9}){1,9}){1,9})$",
      "(.*)*\\1(.*)*\\2x",
      "(x+x+)+y",
      "[[:alpha:]]{1,255}{1,5}",
    ].flatMap((pattern) =>
      Array.from({ length: 10 }, () => get(`title=match.${encodeURIComponent(pattern)}`)),
    ),
  )
  await measure(
    "relations multiplied",
    Array.from({ length: 10 }, () => ({
      path: `/rest/homes?select=${"things(home(".repeat(4)}id${"))".repeat(4)}`,
    })),
  )
  await measure(
    "answers past the limit",
    Array.from({ length: 20 }, () => ({ path: `/rest/things?limit=1000&select=*,home(things(*))` })),
  )
  await measure(
    "ordinary requests afterwards",
    Array.from({ length: 3000 }, (_, at) => get(`whole=eq.${at}`)),
  )
} finally {
  await server.stop()
  await postgres.stop()
}
console.log(
  failures === 0 ? `Nothing held it up for more than ${mostMs} ms.` : `${failures} kind(s) of input did.`,
)
process.exitCode = failures === 0 ? 0 : 1
