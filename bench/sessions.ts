/** What it costs to know who calls: `npm run bench:sessions -- [--seconds 5] [--json]`. One row by its key, in one process, three ways. */
import { startEmbedded } from "../src/store/embedded.ts"
import { readOptions } from "../tools/tool-options.ts"
import type { LoadOrder, LoadReport, LoadResult } from "./load.ts"
import { Child } from "./processes.ts"
import { median } from "./report.ts"
import type { SessionsReady } from "./sessions-server.ts"

const options = readOptions("What it costs to know who calls: one row by its key, three ways.", {
  seconds: [3, "of each round"],
  json: [false, "print the result as JSON"],
})
const rounds = 5
const callers = 32

const server = await startEmbedded({ directory: "", ephemeral: true })
const [asked, load] = [new Child("sessions-server.ts"), new Child("load.ts")]
try {
  const ready = await asked.ask<SessionsReady>(server.url)
  const path = (id: string): string => `/rest/notes?id=eq.${id}&select=id,body`
  const ways = [
    { name: "a verified JWT", url: ready.url, path, header: `authorization: Bearer ${ready.jwt}` },
    { name: "a session", url: ready.url, path, header: `authorization: Bearer ${ready.session}` },
    {
      name: "better-auth's getSession",
      url: ready.plainUrl,
      path: (id: string): string => `/notes/${id}`,
      header: `cookie: ${ready.plainSession}`,
    },
  ]
  const results = new Map<string, number[]>(ways.map((one) => [one.name, []]))
  for (let round = 0; round < rounds; round++)
    for (const way of ways) {
      const order: LoadOrder = {
        port: Number(new URL(way.url).port),
        requests: ready.ids.map(
          (id) =>
            `GET ${way.path(id)} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n${way.header}\r\n\r\n`,
        ),
        status: 200,
        connections: callers,
        warmUpMs: round === 0 ? 1500 : 200,
        measuredMs: (options.seconds * 1000) / rounds,
      }
      load.send(order)
      await load.receive<LoadReport>()
      const { answers, seconds, wrong, example } = await load.receive<LoadResult>()
      if (wrong > 0) throw new Error(`${way.name}: ${wrong} wrong answers, such as ${example}`)
      results.get(way.name)!.push(answers / seconds)
    }
  const jwt = results.get("a verified JWT")!
  const table = ways.map(({ name }) => {
    const found = results.get(name)!
    return { name, perSecond: median(found), ratio: median(found.map((one, at) => one / jwt[at]!)) }
  })
  if (options.json) process.stdout.write(`${JSON.stringify(table)}\n`)
  else
    for (const { name, perSecond, ratio } of table)
      process.stdout.write(
        `${name.padEnd(26)}${Math.round(perSecond).toString().padStart(8)}/s${ratio.toFixed(2).padStart(8)}\n`,
      )
} finally {
  await load.stop()
  await asked.stop()
  await server.stop()
}
