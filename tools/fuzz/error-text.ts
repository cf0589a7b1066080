/** What an error may not say: the name of a field that does not exist for the caller, or a value of what they can't see. */
import type { CallerView } from "./caller-view.ts"
import type { Difference } from "./compare.ts"
import type { Row } from "./description.ts"
import type { RestRequest } from "./rest-request.ts"
import type { RestAnswer } from "./target.ts"

/** Stands in messages about moments and times. */
const example = "2026-02-28T08:30:00Z"

/** Null where the answer is no error, or tells nothing that the request did not say itself. */
export function checkErrorText(
  view: CallerView,
  { url, body: sent }: RestRequest,
  { status, body }: RestAnswer,
): Difference | null {
  if (status < 400) return null
  const said = `${decodeURIComponent(url)} ${sent ?? ""}`
  const told = toldField(view, said, body) ?? toldValue(view, said, body)
  if (told === null) return null
  return {
    kind: "leak",
    message: "an error tells of what is hidden",
    expected: `nothing of ${told}`,
    actual: body,
  }
}

/** Errors name fields with their collection, or in quotes. */
function toldField(view: CallerView, said: string, body: string): string | null {
  // GraphQL's refusals name what is alike, among what the caller knows: other entities may have a field of that name.
  const known = new Set<string>()
  for (const { name, fields, relations } of view.shapes.values()) {
    for (const field of fields) if (view.exists(name, field.name)) known.add(field.name)
    for (const relation of relations) known.add(relation.name)
  }
  for (const { name, collection, fields } of view.shapes.values()) {
    for (const field of fields) {
      if (view.exists(name, field.name) || said.includes(field.name)) continue
      const quoted = [`'${field.name}'`, `\\"${field.name}\\"`, `\\"${field.name}Id\\"`]
      const forms = [`${collection}.${field.name}`, ...(known.has(field.name) ? [] : quoted)]
      const told = forms.find((form) =>
        body
          .split(form)
          .slice(1)
          .some((rest) => !/^\w/.test(rest)),
      )
      if (told !== undefined) return told
    }
  }
  return null
}

function toldValue(view: CallerView, said: string, body: string): string | null {
  // What a caller sees somewhere, and short texts, which stand in any message, tell nothing.
  const seen = new Set<string>()
  for (const shape of view.shapes.values())
    for (const row of view.readable(shape.name)) for (const value of texts(row.seen)) seen.add(value)
  for (const rows of Object.values(view.rows))
    for (const row of rows)
      for (const value of texts(row))
        if (
          value.length > 5 &&
          !example.includes(value) &&
          !seen.has(value) &&
          body.includes(value) &&
          !said.includes(value)
        )
          return value
  return null
}

function texts(row: Row): readonly string[] {
  return Object.values(row).flatMap((value) => (typeof value === "object" ? [] : [String(value)]))
}
