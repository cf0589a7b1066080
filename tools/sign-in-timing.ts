/**
 * Measures whether the time of an answer tells that an account exists (CVE-2026-26185): pairs of failed sign-ins, one of an
 * account that there is and one of an account that there is not, in random order. `npm run timing -- --minutes 3`
 */
import { randomBytes, randomInt } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { startApp } from "../src/app.ts"
import { defineBackend, entity, ref } from "../src/index.ts"
import { readOptions } from "./tool-options.ts"

const { minutes } = readOptions(
  "Measures whether the time of a failed sign-in tells that an account exists.",
  {
    minutes: [3, "how long it measures"],
  },
)
const until = performance.now() + minutes * 60_000

const Note = entity("Note", { fields: { owner: ref("User") } })
Note.access(() => ({}))
const directory = mkdtempSync(join(tmpdir(), "undercroft-timing-"))
const app = await startApp(
  defineBackend({
    name: "timing",
    model: [Note],
    accounts: { password: true, signUp: "open" },
    trustedProxies: ["127.0.0.1"],
  }),
  { host: "127.0.0.1", port: 0, directory, ephemeral: true, secret: randomBytes(32).toString("hex") },
)
const admin = new pg.Client({ connectionString: app.adminUrl })

/** Sends one request, from a network that nobody came from yet, and gives milliseconds. */
async function timed(path: string, body: object, status: number): Promise<number> {
  const network = [randomInt(65_536), randomInt(65_536)].map((one) => one.toString(16)).join(":")
  const begun = performance.now()
  const answer = await fetch(`${app.url}/auth${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      origin: app.url,
      "x-forwarded-for": `2001:db8:${network}::1`,
    },
    body: JSON.stringify(body),
  })
  await answer.text()
  const took = performance.now() - begun
  if (answer.status !== status) throw new Error(`${path} was answered with ${answer.status}`)
  return took
}

const address = (kind: string, number: number): string =>
  `${kind}${String(number).padStart(6, "0")}@example.org`
const password = (): string => randomBytes(12).toString("hex")
const attempt = (email: string): Promise<number> =>
  timed("/sign-in/email", { email, password: password() }, 401)

function quantile(numbers: readonly number[], part: number): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length * part)]!
}

/** The largest distance between the two distributions (Kolmogorov and Smirnov), and what chance alone would give once in twenty. */
function distance(ones: readonly number[], others: readonly number[]): { found: number; chance: number } {
  const share = (numbers: readonly number[], most: number): number =>
    numbers.filter((one) => one <= most).length / numbers.length
  const points = Array.from({ length: 400 }, (_, at) => quantile([...ones, ...others], at / 400))
  const found = Math.max(...points.map((one) => Math.abs(share(ones, one) - share(others, one))))
  return { found, chance: 1.36 * Math.sqrt((ones.length + others.length) / (ones.length * others.length)) }
}

try {
  await admin.connect()
  for (let at = 0; at < 20; at++)
    await timed(
      "/sign-up/email",
      { email: address("known", at), name: "A person", password: password() },
      200,
    )
  const times = { known: [] as number[], other: [] as number[] }
  for (let pair = 0; performance.now() < until; pair++) {
    // So that no account is slowed down; what is left over of it hits both alike.
    if (pair % 200 === 0) await admin.query("truncate accounts.guess")
    const both = ["known", "other"] as const
    for (const kind of randomInt(2) === 0 ? both : both.toReversed()) {
      const took = await attempt(address(kind, kind === "known" ? pair % 20 : pair))
      if (pair >= 20) times[kind].push(took)
    }
  }
  const [known, other] = [quantile(times.known, 0.5), quantile(times.other, 0.5)]
  const gaps = times.known.map((one, at) => one - times.other[at]!)
  const { found, chance } = distance(times.known, times.other)
  process.stdout.write(
    [
      `${times.known.length} pairs`,
      `median of known accounts    ${known.toFixed(3)} ms`,
      `median of unknown accounts  ${other.toFixed(3)} ms`,
      `gap of the medians          ${(known - other).toFixed(3)} ms`,
      `median of the gaps          ${quantile(gaps, 0.5).toFixed(3)} ms`,
      `distance of distributions   ${found.toFixed(4)}; by chance up to ${chance.toFixed(4)}`,
      "",
    ].join("\n"),
  )
} finally {
  await admin.end()
  await app.stop()
  rmSync(directory, { recursive: true, force: true })
}
