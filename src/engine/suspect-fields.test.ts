/** Errors that PostgreSQL gives without a field name the fields that can have caused them. */
import { expect, test } from "vitest"
import { defaultGrammarLimits, parseQuery } from "../rest/parse-query.ts"
import { suspectFields } from "./suspect-fields.ts"

test.each([
  ["title=match.(&plain=eq.a", "2201B", "things.title"],
  ["or=(title.imatch.(,plain.match.(,whole.eq.1)", "2201B", "things.title, things.plain"],
  ["title=fts.a b&plain=eq.a", "42601", "things.title"],
  ["select=title::int,plain&whole=eq.1", "22P02", "things.title"],
  ["select=day.avg()", "42883", "things.day"],
  ["select=place,count()", "42883", "things.place"],
  ["select=home(name::int)", "22P02", "home.name"],
  ["select=doc->>a->b", "42883", "things.doc"],
  ["order=doc->>a->b", "42883", "things.doc"],
  ["span32=eq.[1,2147483647]", "22003", "things.span32"],
  ["select=title", "22P02", "things"],
])("%s, %s: %s", (search, sqlstate, names) => {
  const { query, values } = parseQuery(encodeURI(search), defaultGrammarLimits)
  expect(
    suspectFields(
      {
        kind: "read",
        collection: "things",
        query,
        values,
        count: null,
        single: false,
        form: "json",
        rollback: false,
      },
      sqlstate,
    ),
  ).toBe(names)
})
