/** Statements end where psql would end them. */
import { expect, test } from "vitest"
import { splitStatements } from "./sql-statements.ts"

test.each<[string, readonly string[], boolean]>([
  ["", [], false],
  ["select 1", ["select 1"], false],
  ["select 1;", ["select 1"], true],
  ["select 1; select 2 ;\n", ["select 1", "select 2"], true],
  ["select ';' ; select 2", ["select ';'", "select 2"], false],
  ["select 'it''s; fine';", ["select 'it''s; fine'"], true],
  ["select E'\\';' ;", ["select E'\\';'"], true],
  ['select 1 as ";";', ['select 1 as ";"'], true],
  ["select $$;$$;", ["select $$;$$"], true],
  ["select $a$ ; $b$ ; $a$;", ["select $a$ ; $b$ ; $a$"], true],
  ["select 1 -- one;\n;", ["select 1 -- one;"], true],
  ["/* ; */ select 1;", ["/* ; */ select 1"], true],
  ["select 1; -- done", ["select 1"], true],
  ["select 'open;", ["select 'open;"], false],
  ["select $x$ open; ", ["select $x$ open;"], false],
  [";;", [], true],
  ["select a$b$c;", ["select a$b$c"], true],
])("%j", (text, all, isComplete) => {
  expect(splitStatements(text)).toEqual({ all, isComplete })
})
