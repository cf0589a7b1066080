/** The list of software as a CycloneDX 1.6 document: each package with version, licence, checksum and what it needs. */
import { createHash } from "node:crypto"
import { type LockedPackage, type ProjectLock, resolvePackage } from "./dependencies.ts"

/** A CycloneDX document, as far as it is written here. */
export interface SoftwareList {
  readonly $schema: string
  readonly bomFormat: "CycloneDX"
  readonly specVersion: "1.6"
  readonly serialNumber: string
  readonly version: 1
  readonly metadata: object
  readonly components: readonly SoftwareComponent[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

export interface SoftwareComponent {
  readonly type: "library" | "application"
  readonly "bom-ref": string
  readonly group?: string
  readonly name: string
  readonly version: string
  /** `excluded`: for development alone. */
  readonly scope?: "required" | "optional" | "excluded"
  readonly licenses?: readonly object[]
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly cpe?: string
  readonly purl: string
}

/** What is not in the lock file and runs all the same. */
export interface RunningServer {
  readonly postgres: string
}

/** Makes the document. The same lock gives the same serial number; no registry's address is in it. */
export function softwareList(lock: ProjectLock, server: RunningServer, at: Date): SoftwareList {
  const byPath = new Map(lock.packages.map((one) => [one.path, one]))
  const components = new Map<string, SoftwareComponent>()
  const needs = new Map<string, Set<string>>()
  for (const one of lock.packages) {
    const component = componentOf(one)
    const known = components.get(component["bom-ref"])
    // A package that lies in several places is as needed as in that where it is needed most.
    if (!known || rank(component) < rank(known)) components.set(component["bom-ref"], component)
    const list = needs.get(component["bom-ref"]) ?? new Set()
    needs.set(component["bom-ref"], list)
    for (const name of one.needs) {
      const found = resolvePackage(byPath, one.path, name)
      if (found) list.add(purlOf(found.name, found.version))
    }
  }
  const postgres: SoftwareComponent = {
    type: "application",
    "bom-ref": `pkg:generic/postgresql@${server.postgres}`,
    name: "postgresql",
    version: server.postgres,
    scope: "required",
    licenses: [{ license: { id: "PostgreSQL" } }],
    // By this name databases of vulnerabilities know it.
    cpe: `cpe:2.3:a:postgresql:postgresql:${server.postgres}:*:*:*:*:*:*:*`,
    purl: `pkg:generic/postgresql@${server.postgres}`,
  }
  const root = `project:${lock.name}`
  const own = lock.needs.flatMap((name) => {
    const found = resolvePackage(byPath, "", name)
    return found ? [purlOf(found.name, found.version)] : []
  })
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(lock.text)}`,
    version: 1,
    metadata: {
      timestamp: at.toISOString(),
      component: {
        type: "application",
        "bom-ref": root,
        name: lock.name,
        ...(lock.version === null ? {} : { version: lock.version }),
      },
    },
    components: [...[...components.values()].toSorted((a, b) => (a.purl < b.purl ? -1 : 1)), postgres],
    dependencies: [
      { ref: root, dependsOn: [...new Set([...own, postgres["bom-ref"]])].toSorted() },
      ...[...needs].map(([ref, list]) => ({ ref, dependsOn: [...list].toSorted() })),
    ],
  }
}

function componentOf(one: LockedPackage): SoftwareComponent {
  const [group, name] = one.name.startsWith("@") ? one.name.split("/", 2) : [undefined, one.name]
  const purl = purlOf(one.name, one.version)
  return {
    type: "library",
    "bom-ref": purl,
    ...(group === undefined ? {} : { group }),
    name: name ?? one.name,
    version: one.version,
    scope: one.development ? "excluded" : one.optional ? "optional" : "required",
    ...licensesOf(one.license),
    ...hashesOf(one.integrity),
    purl,
  }
}

function rank({ scope }: SoftwareComponent): number {
  return ["required", "optional", "excluded"].indexOf(scope ?? "required")
}

/** `@scope/name` → `pkg:npm/%40scope/name@1.0.0` (the form of package URLs for npm). */
function purlOf(name: string, version: string): string {
  const path = name.split("/").map(encodeURIComponent).join("/")
  return `pkg:npm/${path}@${encodeURIComponent(version)}`
}

/** An identifier where it is a plain one; everything else as SPDX's expression, or as text. */
function licensesOf(license: string | null): Pick<SoftwareComponent, "licenses"> {
  if (license === null) return {}
  if (/\s(AND|OR|WITH)\s/.test(license))
    return { licenses: [{ expression: license.replace(/^\((.*)\)$/, "$1") }] }
  return { licenses: [{ license: spdxLike.test(license) ? { id: license } : { name: license } }] }
}

/** The identifiers that packages have in practice; an unknown one stands as a name, which says no less. */
const spdxLike =
  /^(0BSD|AFL-2\.1|Apache-2\.0|Artistic-2\.0|BlueOak-1\.0\.0|BSD-[23]-Clause|CC-BY-[34]\.0|CC0-1\.0|ISC|MIT|MIT-0|MPL-2\.0|PSF-2\.0|PostgreSQL|Python-2\.0|Unlicense|WTFPL|Zlib)$/

/** npm writes base64, CycloneDX wants hexadecimal digits. */
function hashesOf(integrity: string | null): Pick<SoftwareComponent, "hashes"> {
  const names: Readonly<Record<string, string>> = {
    sha1: "SHA-1",
    sha256: "SHA-256",
    sha384: "SHA-384",
    sha512: "SHA-512",
  }
  const hashes = (integrity ?? "").split(/\s+/).flatMap((one) => {
    const [, algorithm = "", digest = ""] = /^(sha\d+)-([A-Za-z0-9+/=]+)$/.exec(one) ?? []
    const alg = names[algorithm]
    return alg === undefined ? [] : [{ alg, content: Buffer.from(digest, "base64").toString("hex") }]
  })
  return hashes.length === 0 ? {} : { hashes }
}

/** A UUID of version 8 (RFC 9562): made of a text, and the same for the same. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}
