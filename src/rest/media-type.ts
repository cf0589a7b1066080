/** Which form an answer has, by `Accept` (RFC 9110, 12.5.1), and how a body is to be read. */
import { UndercroftError } from "../base/errors.ts"
import type { BodyForm } from "../query/operation.ts"

/** The form of an answer. */
export interface AnswerMedia {
  /** One object, and not a list. */
  readonly single: boolean
  readonly form: BodyForm
  readonly contentType: string
}

const list: AnswerMedia = { single: false, form: "json", contentType: "application/json; charset=utf-8" }
const object: AnswerMedia = {
  single: true,
  form: "json",
  contentType: "application/vnd.pgrst.object+json; charset=utf-8",
}
const csv: AnswerMedia = { single: false, form: "csv", contentType: "text/csv; charset=utf-8" }

const known: ReadonlyMap<string, AnswerMedia> = new Map([
  ["*/*", list],
  ["application/*", list],
  ["application/json", list],
  ["application/vnd.pgrst.array+json", list],
  ["application/vnd.pgrst.array", list],
  ["application/vnd.pgrst.object+json", object],
  ["application/vnd.pgrst.object", object],
  ["text/csv", csv],
])

/** Throws PGRST107 when nothing that is accepted can be given. */
export function parseAccept(accept: string | undefined): AnswerMedia {
  if (accept === undefined) return list
  const plain = known.get(accept)
  if (plain) return plain
  const types = accept
    .split(",")
    .slice(0, 20)
    .map(readRange)
    .filter((one) => one.quality > 0)
  // Sorting is stable: of equal ones the first counts.
  for (const { type, isStripped } of types.toSorted((a, b) => b.quality - a.quality)) {
    const media = known.get(type)
    if (!media) continue
    if (!isStripped || media.form !== "json") return media
    const name = media.single ? "application/vnd.pgrst.object+json" : "application/vnd.pgrst.array+json"
    return {
      ...media,
      form: "json-without-nulls",
      contentType: `${name};nulls=stripped; charset=utf-8`,
    }
  }
  const names = types.map((one) => one.type).join(", ")
  throw new UndercroftError("PGRST107", { types: names.slice(0, 100) })
}

function readRange(text: string): { type: string; quality: number; isStripped: boolean } {
  const [type = "", ...parameters] = text.split(";").map((one) => one.trim().toLowerCase())
  const quality = Number(parameters.find((one) => one.startsWith("q="))?.slice(2) ?? 1)
  return {
    type,
    quality: Number.isFinite(quality) ? quality : 0,
    isStripped: parameters.includes("nulls=stripped"),
  }
}

export type BodyType = "json" | "csv" | "form"

/** How a body is to be read. Throws PGRST102 where it can't be. */
export function parseContentType(type: string | undefined): BodyType {
  const [name = ""] = (type ?? "application/json").split(";", 1)
  switch (name.trim().toLowerCase()) {
    case "application/json":
    case "application/vnd.pgrst.object+json":
    case "application/vnd.pgrst.array+json":
      return "json"
    case "text/csv":
      return "csv"
    case "application/x-www-form-urlencoded":
      return "form"
    default:
      throw new UndercroftError("PGRST102/type", { type: name.slice(0, 60) })
  }
}
