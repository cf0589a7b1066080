/** Reads `order=`: `lastSeen.desc.nullslast,address->>city,practice(name).asc`. */
import type { FieldPath, OrderTerm } from "../query/operation.ts"
import { Char, type Counter, Scanner } from "./scanner.ts"

const directionExpected = '"asc", "desc", "nullsfirst" or "nullslast"'
const nullsExpected = '"nullsfirst" or "nullslast"'
const endExpected = 'delimiter (.), "," or end of input'

/**
 * The terms of an order.
 *
 * @throws UndercroftError PGRST100 where the text is not an order, UC301 where `terms` runs out.
 */
export function parseOrder(text: string, terms: Counter): OrderTerm[] {
  const scanner = new Scanner(text, "order")
  const order: OrderTerm[] = []
  do {
    terms.add()
    scanner.skipBlanks()
    order.push(readTerm(scanner))
    scanner.skipBlanks()
  } while (scanner.skip(Char.comma))
  scanner.expectEnd(endExpected)
  return order
}

function readTerm(scanner: Scanner): OrderTerm {
  const name = scanner.readName()
  if (!scanner.skip(Char.open)) return readDirection(scanner, null, { name, json: scanner.readJsonSteps() })
  scanner.skipBlanks()
  const path = scanner.readPath()
  scanner.skipBlanks()
  scanner.expect(Char.close, '")"')
  return readDirection(scanner, name, path)
}

function readDirection(scanner: Scanner, relation: string | null, path: FieldPath): OrderTerm {
  let descending = false
  let nulls: OrderTerm["nulls"] = null
  if (scanner.skip(Char.dot)) {
    descending = scanner.skipText("desc")
    const directed = descending || scanner.skipText("asc")
    if (!directed || scanner.skip(Char.dot)) nulls = readNulls(scanner, directed)
  }
  return { relation, path, descending, nulls }
}

function readNulls(scanner: Scanner, directed: boolean): "first" | "last" {
  if (scanner.skipText("nullsfirst")) return "first"
  if (scanner.skipText("nullslast")) return "last"
  return scanner.fail(directed ? nullsExpected : directionExpected)
}
