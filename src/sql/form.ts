/** The forms that an answer's body has: JSON, JSON without nulls, CSV. */
import { quoteLiteral } from "../model/value.ts"
import type { Plan } from "../query/planned.ts"
import { outputNames } from "./select-item.ts"

/** The body of the rows `r`, as text; `row` is where a row stands among other things. */
export function bodySql({ form, query }: Plan, row: string = "r"): string {
  switch (form) {
    case "json":
    case "json-with-texts":
      return `coalesce(json_agg(${row}), '[]')::text`
    case "json-without-nulls":
      return `coalesce(json_agg(json_strip_nulls(row_to_json(${row}))), '[]')::text`
    case "csv": {
      const names = outputNames(query.items)
      // PostgreSQL's text of a row is CSV (RFC 4180) but for backslashes, which it doubles.
      const line = `replace(substr(${row}::text, 2, length(${row}::text) - 2), '\\\\', '\\')`
      const header = quoteLiteral(`${names.map(quoteCsv).join(",")}\n`)
      return `${header} || coalesce(string_agg(${line}, chr(10)), '')`
    }
  }
}

function quoteCsv(text: string): string {
  return /[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
