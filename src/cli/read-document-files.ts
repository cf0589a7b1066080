/** Reads GraphQL documents from files: `.graphql`, each of them one document, and the manifests of Relay and Apollo. */
import { glob, readFile } from "node:fs/promises"
import { extname } from "node:path"
import { documentIdOf, idProblem } from "../graphql/registered-documents.ts"
import { shortPath } from "./short-path.ts"

export interface FoundDocument {
  readonly id: string
  readonly text: string
  /** Where it stands. */
  readonly file: string
}

type Read = { readonly documents: FoundDocument[]; readonly problems: string[] }

/** Every document of the files that patterns name, and what is wrong with them. */
export async function readDocumentFiles(patterns: readonly string[]): Promise<Read> {
  const documents: FoundDocument[] = []
  const problems: string[] = []
  const paths = new Set<string>()
  for (const pattern of patterns) {
    let isThere = false
    for await (const path of glob(pattern)) {
      isThere = true
      paths.add(path)
    }
    if (!isThere) problems.push(`${pattern}: there is no such file`)
  }
  for (const path of [...paths].toSorted()) {
    const read = await readDocumentFile(path)
    documents.push(...read.documents)
    problems.push(...read.problems)
  }
  return { documents, problems }
}

async function readDocumentFile(path: string): Promise<Read> {
  const file = shortPath(path)
  const wrong = (why: string): Read => ({ documents: [], problems: [`${file}: ${why}`] })
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path))
  } catch (cause) {
    return wrong(`it can't be read: ${(cause as NodeJS.ErrnoException).code ?? "not UTF-8"}`)
  }
  if ([".graphql", ".gql"].includes(extname(path)))
    return { documents: [{ id: documentIdOf(text), text, file }], problems: [] }
  if (extname(path) !== ".json") return wrong("it must be a .graphql file or a .json manifest")
  try {
    return readManifest(JSON.parse(text), file)
  } catch {
    return wrong("it is not JSON")
  }
}

/** Relay's is `{identifier: text}`; Apollo's is a list of operations under a format's name. */
function readManifest(found: unknown, file: string): Read {
  if (!isObject(found)) return { documents: [], problems: [`${file}: a manifest is a JSON object`] }
  const { format, operations } = found
  const isApollo = format === "apollo-persisted-query-manifest" && Array.isArray(operations)
  const entries: readonly (readonly [unknown, unknown])[] = isApollo
    ? operations.map((one: unknown) => (isObject(one) ? [one["id"], one["body"]] : [null, null]))
    : Object.entries(found)
  const read: Read = { documents: [], problems: [] }
  for (const [name, text] of entries) {
    if (typeof name !== "string" || typeof text !== "string") {
      read.problems.push(`${file}: each entry of a manifest has an identifier and a document, as strings`)
      continue
    }
    // A bare hash of this length is SHA-256, as Apollo makes it.
    const id = /^[0-9a-f]{64}$/i.test(name) ? `sha256:${name.toLowerCase()}` : name
    const problem = idProblem(id, text)
    if (problem === null) read.documents.push({ id, text, file })
    else read.problems.push(`${file}: ${JSON.stringify(name)} ${problem}`)
  }
  return read
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
