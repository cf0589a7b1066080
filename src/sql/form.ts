/** The forms that an answer's body has: JSON, JSON without nulls, CSV. */
import { quoteLiteral } from "../model/value.ts"
import type { Plan } from "../query/planned.ts"
import { spreadNames } from "./select-item.ts"

/** The body of the rows `r`, as text. */
export function bodySql({ form, query }: Plan): string {
  switch (form) {
    case "json":
      return "coalesce(json_agg(r), '[]')::text"
    case "json-without-nulls":
      return "coalesce(json_agg(json_strip_nulls(row_to_json(r))), '[]')::text"
    case "csv": {
      const names = query.items.flatMap((item) =>
        item.kind === "embed" && item.spread ? spreadNames(item) : [item.as],
      )
      // PostgreSQL's text of a row is CSV (RFC 4180) but for backslashes, which it doubles.
      const row = "replace(substr(r::text, 2, length(r::text) - 2), '\\\\', '\\')"
      const header = quoteLiteral(`${names.map(quoteCsv).join(",")}\n`)
      return `${header} || coalesce(string_agg(${row}, chr(10)), '')`
    }
  }
}

function quoteCsv(text: string): string {
  return /[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
