/**
 * Completes package-lock.json: a registry that lacks some platform's optional package (a mirror, say) makes
 * npm leave it out of the lock, and `npm ci` of npm 11 then refuses the lock everywhere. Run it after
 * `npm install`, with `node tools/complete-lock.ts`; the house's test says when it is needed.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { type Lock, type LockEntry, missingFromLock } from "./tidy/lock.ts"

const operatingSystems =
  /(?<=-)(android|darwin|freebsd|linux|openbsd|netbsd|openharmony|sunos|aix|win32)(?=-|$)/
const processors = /(?<=-)(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64|mips64el)(?=-|$)/

/** What npm would have written for a platform's package, as far as its name says it; without integrity. */
function entryOf(name: string, version: string, owner: LockEntry): LockEntry {
  const [os] = operatingSystems.exec(name) ?? []
  const [cpu] = processors.exec(name) ?? []
  if (os === undefined || cpu === undefined)
    throw new Error(`${name}: not a platform's package; add it by hand`)
  const libc = os === "linux" ? { libc: [name.includes("musl") ? "musl" : "glibc"] } : {}
  const { dev, license, engines } = owner
  return { version, cpu: [cpu], dev, ...libc, license, optional: true, os: [os], engines }
}

const path = new URL("../package-lock.json", import.meta.url)
const lock = JSON.parse(readFileSync(path, "utf8")) as Lock
for (const { name, version, owner, optional } of missingFromLock(lock)) {
  if (!optional) throw new Error(`${name}: missing and not optional; run \`npm install\``)
  lock.packages[`node_modules/${name}`] = entryOf(name, version, owner)
  console.log(`added ${name} ${version}`)
}
const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, "en"))
writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
