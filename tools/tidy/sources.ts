/** The house's sources as the rules see them: per file its imports, its exports and its comments. */
import { posix } from "node:path"
import { type Comment, parseSync, type StaticExport, type StaticImport } from "oxc-parser"

/** A file of the repository against its text; paths are relative to its root, with forward slashes. */
export type FileMap = ReadonlyMap<string, string>

/** One thing that is not as the house wants it. */
export interface Violation {
  readonly rule: string
  readonly path: string
  readonly message: string
}

/** What a file takes from another file or from a package. */
export interface Import {
  /** The text between the quotes. */
  readonly specifier: string
  /** The file meant, when the specifier is relative. */
  readonly target: string | undefined
  /** The names taken; `"*"` stands for whatever there is. */
  readonly names: readonly string[]
  /** Needed while the file loads: neither types alone nor a lazy import. */
  readonly eager: boolean
}

/** A name that a file gives away. */
export interface Export {
  readonly name: string
  /** The name in the file it comes from: this file, or `from`. */
  readonly localName: string
  /** The file it is passed on from; undefined when it is declared here. */
  readonly from: string | undefined
  /** An interface or a type. */
  readonly isType: boolean
  /** The whole statement. */
  readonly text: string
}

export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly syntaxError: string | undefined
  readonly imports: readonly Import[]
  readonly exports: readonly Export[]
  readonly comments: readonly Comment[]
  /** The top-level names that have a doc comment directly above them. */
  readonly documented: ReadonlySet<string>
}

export type SourceMap = ReadonlyMap<string, SourceFile>

/** Reads every TypeScript file of the map. */
export function parseSources(files: FileMap): SourceMap {
  const sources = new Map<string, SourceFile>()
  for (const [path, text] of files) {
    if (/\.(m?ts|tsx)$/.test(path)) sources.set(path, parseSource(path, text))
  }
  return sources
}

function parseSource(path: string, text: string): SourceFile {
  const { module, comments, program, errors } = parseSync(path, text)
  const exports = module.staticExports.flatMap((entry) => exportsOf(path, text, entry))
  const imports = [
    ...module.staticImports.map((entry) => importOf(path, entry)),
    ...module.staticExports.flatMap((entry) => passedOn(path, entry)),
    ...lazyImports(path, text, comments),
  ]
  return {
    path,
    text,
    syntaxError: errors[0]?.message,
    imports,
    exports: linked(exports, module.staticImports, path),
    comments,
    documented: documentedNames(program.body, comments, text),
  }
}

function importOf(path: string, { moduleRequest, entries }: StaticImport): Import {
  const specifier = moduleRequest.value
  const names = entries.map(({ importName }) => {
    if (importName.kind === "Name") return importName.name ?? "*"
    return importName.kind === "Default" ? "default" : "*"
  })
  const eager = entries.length === 0 || entries.some((entry) => !entry.isType)
  return { specifier, target: targetOf(path, specifier), names, eager }
}

function exportsOf(path: string, text: string, { start, end, entries }: StaticExport): readonly Export[] {
  return entries.map(({ moduleRequest, importName, exportName, localName, isType }) => {
    const from =
      moduleRequest === null ? undefined : (targetOf(path, moduleRequest.value) ?? moduleRequest.value)
    const name = exportName.kind === "Default" ? "default" : (exportName.name ?? "*")
    const local = importName.kind === "Name" ? importName.name : localName.name
    return {
      name,
      localName: local ?? (from === undefined ? name : "*"),
      from,
      isType,
      text: text.slice(start, end),
    }
  })
}

/** `export … from` takes from the other file too. */
function passedOn(path: string, { entries }: StaticExport): readonly Import[] {
  return entries.flatMap(({ moduleRequest, importName, isType }) => {
    if (moduleRequest === null) return []
    const specifier = moduleRequest.value
    const names = [importName.kind === "Name" ? (importName.name ?? "*") : "*"]
    return [{ specifier, target: targetOf(path, specifier), names, eager: !isType }]
  })
}

/** `import("./x.ts")`, as a value or as a type, and `new URL("./x.ts", import.meta.url)`, outside of comments. */
function lazyImports(path: string, text: string, comments: readonly Comment[]): readonly Import[] {
  const pattern = /(import|new URL)\(\s*["']([^"'\n]+)["']/g
  return [...text.matchAll(pattern)].flatMap((match) => {
    const at = match.index
    const specifier = match[2] ?? ""
    if (comments.some(({ start, end }) => start <= at && at < end)) return []
    if (match[1] === "new URL" && !/^\..*\.tsx?$/.test(specifier)) return []
    return [{ specifier, target: targetOf(path, specifier), names: ["*"], eager: false }]
  })
}

/** `import { a } from "./x.ts"; export { a }` passes on just as `export … from` does. */
function linked(
  exports: readonly Export[],
  imports: readonly StaticImport[],
  path: string,
): readonly Export[] {
  return exports.map((entry) => {
    if (entry.from !== undefined) return entry
    for (const { moduleRequest, entries } of imports) {
      const found = entries.find(({ localName }) => localName.value === entry.localName)
      if (found === undefined) continue
      const from = targetOf(path, moduleRequest.value) ?? moduleRequest.value
      return { ...entry, localName: found.importName.name ?? "*", from }
    }
    return entry
  })
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined
  return posix.join(posix.dirname(path), specifier)
}

type Statement = ReturnType<typeof parseSync>["program"]["body"][number]

function documentedNames(
  body: readonly Statement[],
  comments: readonly Comment[],
  text: string,
): ReadonlySet<string> {
  const names = new Set<string>()
  for (const statement of body) {
    if (!hasDocComment(statement.start, comments, text)) continue
    for (const name of declaredNames(statement)) names.add(name)
  }
  return names
}

function hasDocComment(start: number, comments: readonly Comment[], text: string): boolean {
  return comments.some(
    ({ type, value, end }) =>
      type === "Block" && value.startsWith("*") && end <= start && text.slice(end, start).trim() === "",
  )
}

function declaredNames(statement: Statement): readonly string[] {
  if (statement.type === "ExportDefaultDeclaration") return ["default"]
  const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement
  if (declaration == null) return []
  if (declaration.type === "VariableDeclaration") {
    return declaration.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []))
  }
  if ("id" in declaration && declaration.id?.type === "Identifier") return [declaration.id.name]
  return []
}
