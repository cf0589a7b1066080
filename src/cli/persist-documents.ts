/** Checks documents against the schema and writes the list of those that requests may name. */
import { readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { GraphQLError } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import { wholeKnowledge } from "../engine/knowledge.ts"
import { createDocuments } from "../graphql/documents.ts"
import { parseDocuments, type RegisteredDocuments } from "../graphql/registered-documents.ts"
import type { Policies } from "../policy/policies.ts"
import { projectLimits, projectSchema } from "./graphql-schema-text.ts"
import type { Project } from "./project.ts"
import { type FoundDocument, readDocumentFiles } from "./read-document-files.ts"
import { shortPath } from "./short-path.ts"
import { stdout } from "./terminal.ts"

export interface PersistOptions {
  readonly project: Project
  readonly policies: Policies
  /** Files or patterns. */
  readonly files: readonly string[]
  readonly out?: string | undefined
  readonly check?: boolean | undefined
  readonly keep?: boolean | undefined
  readonly json?: boolean | undefined
}

interface CheckedDocument extends FoundDocument {
  readonly operations: readonly string[]
}

/** Throws UC920 with every problem, and UC921 where `check` finds another list. */
export async function persistDocuments(options: PersistOptions): Promise<void> {
  const { project, out } = options
  const path = out === undefined ? join(project.folder, "graphql.documents.json") : resolve(out)
  const { documents, problems } = await readDocumentFiles(options.files)
  const before = await readList(path, problems)
  const kept = [...(options.keep ? (before.documents ?? []) : [])].map(([id, text]) => ({
    id,
    text,
    file: shortPath(path),
  }))
  const checked = checkDocuments([...documents, ...kept], options, problems)
  if (problems.length > 0)
    throw new UndercroftError("UC920", { count: problems.length }, { details: problems.join("\n") })

  const text = listText(checked)
  const isChanged = text !== before.text
  const file = shortPath(path)
  if (isChanged && options.check)
    throw new UndercroftError("UC921", { file }, { details: difference(before.documents, checked) })
  if (isChanged) await writeList(path, file, text)
  const told = checked.map(({ id, file: from, operations }) => ({ id, file: from, operations }))
  if (options.json) return stdout.line(JSON.stringify({ file, isChanged, documents: told }))
  for (const one of told) stdout.line(`${one.id}  ${one.file}  ${one.operations.join(", ")}`)
  const count = checked.length === 1 ? "1 document" : `${checked.length} documents`
  stdout.line(`${file}: ${count}${isChanged ? "" : ", as it was"}`)
}

/** Each against the schema, under the limits of the door; of two under one identifier the texts must be the same. */
function checkDocuments(
  found: readonly FoundDocument[],
  { project, policies }: PersistOptions,
  problems: string[],
): readonly CheckedDocument[] {
  const schema = projectSchema(project, policies, wholeKnowledge(policies))
  const prepare = createDocuments({ limits: projectLimits(project), introspection: true })
  const byId = new Map<string, CheckedDocument>()
  for (const one of found) {
    const other = byId.get(one.id)
    if (other) {
      if (other.text !== one.text)
        problems.push(`${one.file}: ${one.id} is another document in ${other.file}`)
      continue
    }
    const { errors, operations } = prepare(one.text, "", schema)
    problems.push(...errors.map((error) => `${one.file}${placeOf(error)}: ${error.message}`))
    if (errors.length === 0 && operations.length === 0)
      problems.push(`${one.file}: it has no operation; fragments stand in the document that uses them`)
    byId.set(one.id, { ...one, operations: operations.map(({ name }) => name?.value ?? "(unnamed)") })
  }
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function placeOf(error: GraphQLError | UndercroftError): string {
  const [place] = "locations" in error ? (error.locations ?? []) : []
  return place ? `:${place.line}:${place.column}` : ""
}

function listText(documents: readonly FoundDocument[]): string {
  return `${JSON.stringify(Object.fromEntries(documents.map(({ id, text }) => [id, text])), null, 2)}\n`
}

async function readList(
  path: string,
  problems: string[],
): Promise<{ readonly text: string | null; readonly documents: RegisteredDocuments | null }> {
  let text: string | null = null
  try {
    text = await readFile(path, "utf8")
    return { text, documents: parseDocuments(JSON.parse(text), (why) => new SyntaxError(why)) }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { text, documents: null }
    // What is not a list of ours is not written over either.
    const why = cause instanceof SyntaxError ? cause.message : (cause as NodeJS.ErrnoException).code
    problems.push(`${shortPath(path)}: it is not a list of documents: ${why}`)
    return { text, documents: null }
  }
}

async function writeList(path: string, file: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: NodeJS.ErrnoException) => {
    const what = `${file} can't be written: ${cause.code ?? "unknown"}.`
    throw new UndercroftError("UC906", { what, command: "graphql" }, { cause })
  })
}

/** What is missing in the list, and what stands there beside. */
function difference(before: RegisteredDocuments | null, after: readonly FoundDocument[]): string {
  const wanted = new Set(after.map(({ id }) => id))
  return [
    ...after.flatMap(({ id, file }) => (before?.has(id) ? [] : [`missing: ${id} of ${file}`])),
    ...[...(before?.keys() ?? [])].flatMap((id) => (wanted.has(id) ? [] : [`no longer asked for: ${id}`])),
  ].join("\n")
}
