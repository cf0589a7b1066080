/** Whether the rows that are put have the key that their address says. */
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import type { AddressPart, InsertOperation } from "../query/operation.ts"

/** Throws PGRST115 where they don't. */
export function checkAddress(
  { values, rows, isText }: InsertOperation,
  address: readonly AddressPart[],
  entity: EntityInfo,
): void {
  for (const row of values[rows] as readonly Readonly<Record<string, unknown>>[]) {
    for (const { name, value } of address) {
      const field = entity.fieldByName.get(name)
      const said = Object.hasOwn(row, name) ? row[name] : null
      if (!field || !isSame(field, said, String(values[value]), isText)) throw new UndercroftError("PGRST115")
    }
  }
}

function isSame({ kind }: FieldInfo, said: unknown, address: string, isText: boolean): boolean {
  try {
    const value = isText ? kind.parseText(String(said)) : kind.parse(said)
    return String(value) === kind.parseText(address)
  } catch (cause) {
    if (cause instanceof BadValue) return false
    throw cause
  }
}
