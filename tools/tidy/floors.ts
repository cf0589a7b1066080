/** The floors of the house: a file imports only from its own room and from rooms on lower floors. */
import type { SourceFile, SourceMap, Violation } from "./sources.ts"

/** Each room's floor. Rooms that share one never import each other. */
const floors: Readonly<Record<string, number>> = {
  base: 0,
  model: 1,
  policy: 2,
  client: 2,
  query: 3,
  sql: 4,
  keys: 4,
  store: 5,
  engine: 6,
  actions: 7,
  http: 7,
  rest: 7,
  graphql: 7,
  openapi: 7,
  live: 7,
  mcp: 7,
  fhir: 7,
  auth: 7,
  accounts: 7,
  audit: 7,
  privacy: 7,
  events: 7,
  files: 7,
  notify: 7,
  search: 7,
  app: 8,
  evidence: 9,
  cli: 10,
}

/** node-postgres and what belongs to it: for `src/store` alone. */
const driver =
  /^(pg|pg-(native|pool|protocol|cursor|query-stream|copy-streams|logical-replication)|postgres)$/

/** The room of a file in src; the files that stand in src itself are the composition root. */
function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split("/")
  if (top !== "src" || room === undefined) return undefined
  return rest.length === 0 ? "app" : room
}

/** Tests look wherever they like: nothing imports them. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path)
}

export function checkFloors(sources: SourceMap): readonly Violation[] {
  return [...sources.values()].filter(({ path }) => !isTest(path)).flatMap(checkFile)
}

function checkFile(file: SourceFile): readonly Violation[] {
  const room = roomOf(file.path)
  const problems = new Set<string>()
  if (room !== undefined && floors[room] === undefined) problems.add(`the room "${room}" has no floor`)
  for (const { specifier, target, eager } of file.imports) {
    const problem =
      room === undefined
        ? checkOutside(file.path, target)
        : room === "client" && (target === undefined || (eager && roomOf(target) !== room))
          ? `client imports ${specifier}: it is for browsers, and takes only types from other rooms`
          : target === undefined
            ? checkPackage(room, specifier)
            : checkRoom(room, target)
    if (problem !== undefined) problems.add(problem)
  }
  return [...problems].map((message) => ({ rule: "floors", path: file.path, message }))
}

function checkRoom(room: string, target: string): string | undefined {
  const other = roomOf(target)
  if (other === undefined) return `imports ${target}, which is outside of src`
  if (isTest(target)) return `imports the test ${target}`
  if (other === room) return undefined
  const [here, there] = [floors[room], floors[other]]
  if (here === undefined || there === undefined || there < here) return undefined
  return `${room} (floor ${here}) imports ${target} (floor ${there})`
}

function checkPackage(room: string, specifier: string): string | undefined {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")
  if (name === "undercroft") return "imports undercroft by name: inside src, import the file"
  if (room === "base" && !specifier.startsWith("node:"))
    return `base imports ${specifier}: only node:* may be`
  if (room !== "store" && driver.test(name)) return `imports the driver ${name}: only src/store may`
  return undefined
}

/** Examples and the console use what everyone can use. */
function checkOutside(path: string, target: string | undefined): string | undefined {
  if (!/^(examples|console)\//.test(path) || target === undefined || roomOf(target) === undefined)
    return undefined
  return `imports ${target}: take it from a door of the package`
}
