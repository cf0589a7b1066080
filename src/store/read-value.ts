/** Values of a row as a program gets them: what the API's JSON has, by the type that PostgreSQL names. */
import pg from "pg"

type Read = (text: string) => unknown

/** A whole number that JavaScript would round stays a text. */
const readBigint: Read = (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text)
/** `2026-01-01 08:00:00+00` → `2026-01-01T08:00:00+00:00`; the session's time zone is UTC. */
const readInstant: Read = (text) => text.replace(" ", "T").replace(/\+00$/, "+00:00")
const readInstantRange: Read = (text) => text.replace(/"([^" ]+) ([^"]+)\+00"/g, "$1T$2+00:00")
const readPoint: Read = (text) => {
  const [longitude, latitude] = text.slice(1, -1).split(",").map(Number)
  return { latitude, longitude }
}

const { builtins } = pg.types
const readers: ReadonlyMap<number, Read> = new Map<number, Read>([
  [builtins.BOOL, (text) => text === "t"],
  [builtins.INT2, Number],
  [builtins.INT4, Number],
  [builtins.INT8, readBigint],
  [builtins.FLOAT4, Number],
  [builtins.FLOAT8, Number],
  [builtins.JSON, JSON.parse],
  [builtins.JSONB, JSON.parse],
  [builtins.BYTEA, (text) => Buffer.from(text.slice(2), "hex")],
  [builtins.TIMESTAMPTZ, readInstant],
  [3910, readInstantRange],
  [600, readPoint],
])

/** The types of lists, by the type of what they list. */
const elements: ReadonlyMap<number, number> = new Map<number, number>([
  [1000, builtins.BOOL],
  [1005, builtins.INT2],
  [1007, builtins.INT4],
  [1016, builtins.INT8],
  [1021, builtins.FLOAT4],
  [1022, builtins.FLOAT8],
  [1009, builtins.TEXT],
  [1015, builtins.VARCHAR],
  [1231, builtins.NUMERIC],
  [1182, builtins.DATE],
  [1183, builtins.TIME],
  [1185, builtins.TIMESTAMPTZ],
  [1187, builtins.INTERVAL],
  [2951, builtins.UUID],
  [3807, builtins.JSONB],
])

/** How a value of a type is read; what is not named here stays PostgreSQL's text. */
export function readerOf(type: number): Read {
  const element = elements.get(type)
  if (element === undefined) return readers.get(type) ?? ((text) => text)
  const read = readerOf(element)
  return (text) => arrays.create(text, (item: string | null) => (item === null ? null : read(item))).parse()
}

/** Otherwise than its types say. */
const arrays = pg.types.arrayParser as unknown as {
  create(text: string, read: (item: string | null) => unknown): { parse(): unknown[] }
}
